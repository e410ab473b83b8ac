//! HTTP for Candor: independent axum routers that any app can mount.
//!
//! | router | routes | errors |
//! |---|---|---|
//! | [`mlflow::router`] | MLflow's REST API, as its stock Python client calls it | MLflow's envelope |
//! | [`otlp::router`] | OTLP/HTTP span ingest, `/v1/traces` | `{"detail": …}` as MLflow's |
//! | [`feedback::router`] | verdicts from apps and browsers | RFC 9457 problem details |
//! | [`analytics::router`] | feedback summary and ratings | RFC 9457 problem details |
//!
//! [`server`] adds what a whole service wants: request ids, logs, limits, time-outs, graceful
//! shutdown. This crate holds no data and knows no back end: it speaks to `dyn TrackingStore`.
//!
//! ```
//! use std::sync::Arc;
//!
//! use axum::Router;
//! use axum::routing::get;
//! use candor_http::{ApiState, mlflow, otlp};
//! use candor_store::MemoryStore;
//!
//! // MLflow's stock client may use this app as its tracking server.
//! let state = ApiState::new(Arc::new(MemoryStore::new()));
//! let app: Router = Router::new()
//!     .route("/hello", get(async || "the app's own route"))
//!     .merge(mlflow::router(state.clone()))
//!     .merge(otlp::router(state));
//! ```

pub mod analytics;
pub mod feedback;
pub mod mlflow;
pub mod otlp;
mod problem;
pub mod server;
mod state;

pub use state::ApiState;

//! HTTP for Candor: independent axum routers that any app can mount.
//!
//! | router | routes | errors |
//! |---|---|---|
//! | [`mlflow::router`] | MLflow's REST API, as its stock Python client calls it | MLflow's envelope |
//! | [`otlp::router`] | OTLP/HTTP span ingest, `/v1/traces` | `{"detail": …}` as MLflow's |
//! | [`feedback::router`] | verdicts from apps and browsers | RFC 9457 problem details |
//! | [`analytics::router`] | summary, ratings, series, segments, comments | RFC 9457 problem details |
//! | [`live::router`] | new verdicts as Server-Sent Events | RFC 9457 problem details |
//! | [`ui::router`] | the web UI, at `/` | RFC 9457 problem details |
//!
//! [`sse`] streams an answer token by token, with the trace's id in it. [`server`] adds what a whole service wants: request ids, logs, limits, time-outs, graceful
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
mod closing;
pub mod feedback;
pub mod live;
pub mod mlflow;
pub mod otlp;
mod problem;
pub mod server;
pub mod sse;
mod state;
pub mod ui;

pub use closing::Closing;
pub use state::ApiState;

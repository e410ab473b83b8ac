//! Verdicts from apps and browsers.
//!
//! | route | purpose |
//! |---|---|
//! | `POST /feedback` | thumbs up or down with a comment, as in MLflow's guide |
//! | `POST /detailed-feedback` | scores in several dimensions, as in MLflow's guide |
//! | `POST /api/v1/feedback` | one verdict of any kind, on a trace or a span |
//! | `POST /api/v1/feedback:batch` | many of them, each answered for itself |
//! | `GET /api/v1/feedback` | the verdicts on an answer, with their history |
//! | `DELETE /api/v1/feedback` | withdraws the current verdict of a source |
//! | `DELETE /api/v1/feedback/{assessment_id}` | withdraws one verdict |
//! | `GET /api/v1/feedback/pending` | verdicts that wait for their traces |
//! | `GET /api/v1/feedback/config` | dimensions and categories for pages to offer |
//!
//! `docs/http-api.md` has parameters, answers and errors. What holds for all of them:
//!
//! * A 2xx answer means that the verdict is as durable as the store is and that the next request
//!   sees it. Any other answer means that nothing was written.
//! * A verdict whose trace is unknown is held (202) and attached when the trace lands, unless the
//!   deployment or the request is strict or the back end cannot hold it: then 404.
//! * A later verdict of the same source on the same trace, span and name overrides the earlier one.
//! * Unknown parameters and fields are refused by name.
//!
//! ```
//! use std::sync::Arc;
//! use candor_http::feedback::{Dimension, FeedbackConfig};
//! use candor_http::{ApiState, feedback};
//! use candor_store::MemoryStore;
//!
//! let config = FeedbackConfig {
//!     strict: true,
//!     dimensions: vec![Dimension::new("tone", 1, 10)?],
//!     ..FeedbackConfig::default()
//! };
//! let app: axum::Router = feedback::router(ApiState::new(Arc::new(MemoryStore::new())), config);
//! # Ok::<(), candor_http::feedback::DimensionError>(())
//! ```

mod api;
mod batch;
mod body;
mod config;
mod detailed;
pub(crate) mod fields;
mod general;
mod guide;
mod history;
mod idempotency;
mod identity;
mod offered;
mod pending;
mod retract;
mod submission;
pub(crate) mod target;
mod value;
pub(crate) mod view;

use std::sync::Arc;

use axum::routing::{delete, get, post};
use axum::{Router, middleware};

pub use self::config::{Category, CategoryError, Dimension, DimensionError, FeedbackConfig, Limits};

use self::api::Api;
use crate::{ApiState, problem};

/// The routes of the feedback API.
pub fn router(state: ApiState, config: FeedbackConfig) -> Router {
    let config = config.without_repeated_dimensions();
    let mut routes = Router::new()
        .route("/feedback", post(guide::post))
        .route("/api/v1/feedback", post(general::post).get(history::get).delete(retract::by_source))
        .route("/api/v1/feedback:batch", post(batch::post))
        .route("/api/v1/feedback/pending", get(pending::get))
        .route("/api/v1/feedback/config", get(offered::get))
        .route("/api/v1/feedback/{assessment_id}", delete(retract::by_id));
    if !config.dimensions.is_empty() {
        routes = routes.route("/detailed-feedback", post(detailed::post));
    }
    routes
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(middleware::from_fn(problem::name_request))
        .with_state(Api { state, config: Arc::new(config) })
}

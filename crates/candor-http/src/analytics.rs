//! What people think of the answers, as JSON: `GET /api/v1/analytics/…`.
//!
//! | route | answers |
//! |---|---|
//! | `summary` | feedback rate and positive rate, with the period before |
//! | `ratings` | mean and distribution of each dimension, with the period before |
//! | `series` | both per hour or day |
//! | `segments` | the positive rate by user, session, tag, model, prompt version |
//! | `values` | how often each value of a name was given |
//! | `comments` | what people say, page by page |
//!
//! [`candor_analytics`] defines the figures and their JSON; the answers add what was counted.
//! `docs/http-api.md` has parameters and answers.

mod comments;
mod query;
mod segments;
mod series;
mod summary;
mod values;

use axum::routing::get;
use axum::{Router, middleware};
pub(crate) use query::{experiment_id, sources};

use crate::{ApiState, problem};

/// The routes of the analytics API.
pub fn router(state: ApiState) -> Router {
    Router::new()
        .route("/api/v1/analytics/summary", get(summary::summary))
        .route("/api/v1/analytics/ratings", get(summary::ratings))
        .route("/api/v1/analytics/series", get(series::get))
        .route("/api/v1/analytics/segments", get(segments::get))
        .route("/api/v1/analytics/values", get(values::get))
        .route("/api/v1/analytics/comments", get(comments::get))
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(middleware::from_fn(problem::name_request))
        .with_state(state)
}

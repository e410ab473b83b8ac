//! `GET /api/v1/analytics/summary` and `…/ratings`: a period, and the period before.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use candor_analytics::{FeedbackSummary, Ratings, ReportOptions, ratings as rated, report};
use candor_wire::scalar::format_timestamp;
use serde::Serialize;
use serde_json::json;

use super::query::{Answer, Query};
use crate::ApiState;
use crate::problem::Result;

/// Figures of the period and of the one before.
#[derive(Debug, Serialize)]
pub(super) struct Compared<T> {
    #[serde(flatten)]
    current: T,
    previous: Option<Previous<T>>,
}

#[derive(Debug, Serialize)]
struct Previous<T> {
    from: Option<String>,
    until: Option<String>,
    #[serde(flatten)]
    figures: T,
}

impl<T> Previous<T> {
    fn new(options: &ReportOptions, figures: T) -> Self {
        let time = |time: Option<_>| time.map(format_timestamp);
        Self { from: time(options.range.from), until: time(options.range.until), figures }
    }
}

/// How many answers were judged, and how they fared.
pub(super) async fn summary(
    State(state): State<ApiState>,
    uri: Uri,
) -> Result<Json<Answer<Compared<FeedbackSummary>>>> {
    let store = state.store.as_ref();
    let query = Query::read(&state, &uri, |_| Some(())).await?;
    let current = report(store, &query.options).await?.summary;
    let previous = match query.options.period_before(query.now) {
        Some(before) => Some(Previous::new(&before, report(store, &before).await?.summary)),
        None => None,
    };
    Ok(Json(Answer { query: query.view(json!({})), figures: Compared { current, previous } }))
}

/// How each dimension is rated.
pub(super) async fn ratings(State(state): State<ApiState>, uri: Uri) -> Result<Json<Answer<Compared<Ratings>>>> {
    let store = state.store.as_ref();
    let query = Query::read(&state, &uri, |_| Some(())).await?;
    let current = rated(store, &query.options).await?;
    let previous = match query.options.period_before(query.now) {
        Some(before) => Some(Previous::new(&before, rated(store, &before).await?)),
        None => None,
    };
    Ok(Json(Answer { query: query.view(json!({})), figures: Compared { current, previous } }))
}

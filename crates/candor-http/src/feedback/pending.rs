//! `GET /api/v1/feedback/pending`: verdicts that wait for their traces.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use candor_model::{AssessmentId, TimestampMs};
use candor_store::PendingQuery;
use serde::Serialize;

use super::api::Api;
use super::fields::{Fields, shortened};
use super::view::FeedbackView;
use crate::problem::Result;

const MAX_RESULTS: u32 = 500;
const DEFAULT_RESULTS: u32 = 100;

/// One page of them, oldest first.
#[derive(Debug, Serialize)]
pub(super) struct PendingPage {
    pending: Vec<FeedbackView>,
    next_page_token: Option<String>,
}

/// Lists them: all, those still expected, or those that waited too long.
pub(super) async fn get(State(api): State<Api>, uri: Uri) -> Result<Json<PendingPage>> {
    let (query, cut_off) = read(&uri, &api)?;
    let page = api.state.store.pending_feedback(&query).await?;
    Ok(Json(PendingPage {
        pending: page.items.iter().map(|held| FeedbackView::waiting(held, cut_off)).collect(),
        next_page_token: page.next_page_token.map(|token| format!("{}.{token}", cut_off.as_millis())),
    }))
}

/// The store's question, and the time that parts orphans from the rest.
///
/// That time moves with the clock; page tokens carry it, so that all pages are cut alike.
fn read(uri: &Uri, api: &Api) -> Result<(PendingQuery, TimestampMs)> {
    let mut fields = Fields::of_query(uri);
    let id = fields.parsed("assessment_id", str::parse::<AssessmentId>);
    let max_results = fields.whole_number("max_results", 1, MAX_RESULTS).unwrap_or(DEFAULT_RESULTS);
    let token = fields.parsed("page_token", |text| {
        let (cut_off, token) = text.split_once('.').ok_or("is not a token of this list")?;
        let cut_off = cut_off.parse().map_err(|_| "is not a token of this list")?;
        Ok::<_, &str>((TimestampMs::from_millis(cut_off), token.to_owned()))
    });
    let (cut_off, page_token) = match token {
        Some((cut_off, token)) => (cut_off, Some(token)),
        None => (api.orphaned_before(), None),
    };
    let state = fields.text("state").unwrap_or_else(|| "all".to_owned());
    let (received_from, received_before) = match state.as_str() {
        "all" => (None, None),
        "pending" => (Some(cut_off), None),
        "orphaned" => (None, Some(cut_off)),
        other => {
            fields.reject("state", format!("must be pending, orphaned or all, got {:?}", shortened(other)));
            (None, None)
        }
    };
    let query = PendingQuery { received_before, received_from, id, max_results: max_results as usize, page_token };
    fields.finish(Some((query, cut_off)))
}

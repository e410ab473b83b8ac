//! `GET /api/v1/analytics/comments`: what people say.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use candor_model::{AssessmentName, TraceId, TraceInfo};
use candor_store::{CommentQuery, Words};
use candor_wire::scalar::format_timestamp;
use serde::Serialize;
use serde_json::json;

use super::query::{Answer, Query};
use crate::ApiState;
use crate::feedback::fields::{Fields, shortened};
use crate::feedback::view::FeedbackView;
use crate::problem::Result;

const MAX_RESULTS: u32 = 200;
const DEFAULT_RESULTS: u32 = 50;
const MAX_SEARCH_BYTES: usize = 1000;

#[derive(Debug, Serialize)]
pub(super) struct Comments {
    comments: Vec<Comment>,
    next_page_token: Option<String>,
}

/// A comment, and the answer that it is about.
#[derive(Debug, Serialize)]
struct Comment {
    feedback: FeedbackView,
    /// `None` when the trace was deleted meanwhile.
    trace: Option<TraceView>,
}

#[derive(Debug, Serialize)]
struct TraceView {
    trace_id: String,
    experiment_id: String,
    request_time: String,
    request_preview: Option<String>,
    response_preview: Option<String>,
}

#[derive(Debug)]
struct Own {
    verdict: Option<bool>,
    name: Option<AssessmentName>,
    search: Option<String>,
    max_results: usize,
    page_token: Option<String>,
}

/// One page of them, the latest first.
pub(super) async fn get(State(state): State<ApiState>, uri: Uri) -> Result<Json<Answer<Comments>>> {
    let query = Query::read(&state, &uri, read).await?;
    let Own { verdict, name, search, max_results, page_token } = &query.own;
    let wanted = CommentQuery {
        stats: query.options.stats_query(),
        verdict: *verdict,
        name: name.clone(),
        words: Words::of(search.as_deref().unwrap_or_default()),
        max_results: *max_results,
        page_token: page_token.clone(),
    };
    let page = state.store.feedback_comments(&wanted).await?;
    let mut ids: Vec<TraceId> = page.items.iter().map(|verdict| verdict.trace_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let traces = state.store.get_traces(&ids, false).await?;
    let traces: HashMap<TraceId, TraceInfo> =
        traces.into_iter().map(|trace| (trace.info.trace_id, trace.info)).collect();
    let comments = page.items.iter().map(|verdict| Comment {
        feedback: FeedbackView::from(verdict),
        trace: traces.get(&verdict.trace_id).map(TraceView::from),
    });
    let figures = Comments { comments: comments.collect(), next_page_token: page.next_page_token };
    let verdict = verdict.map_or("any", |positive| if positive { "positive" } else { "negative" });
    let own = json!({"verdict": verdict, "name": name.as_ref().map(AssessmentName::as_str), "q": search});
    Ok(Json(Answer { query: query.view(own), figures }))
}

impl From<&TraceInfo> for TraceView {
    fn from(info: &TraceInfo) -> Self {
        Self {
            trace_id: info.trace_id.to_string(),
            experiment_id: info.experiment_id.to_string(),
            request_time: format_timestamp(info.request_time),
            request_preview: info.request_preview.clone(),
            response_preview: info.response_preview.clone(),
        }
    }
}

fn read(fields: &mut Fields) -> Option<Own> {
    let verdict = fields.parsed("verdict", |text| match text {
        "negative" => Ok(Some(false)),
        "positive" => Ok(Some(true)),
        "any" => Ok(None),
        other => Err(format!("must be negative, positive or any, got {:?}", shortened(other))),
    });
    Some(Own {
        verdict: verdict.unwrap_or(Some(false)),
        name: fields.parsed("name", |text| AssessmentName::new(text)),
        search: fields.text_up_to("q", MAX_SEARCH_BYTES),
        max_results: fields.whole_number("max_results", 1, MAX_RESULTS).unwrap_or(DEFAULT_RESULTS) as usize,
        page_token: fields.text("page_token"),
    })
}

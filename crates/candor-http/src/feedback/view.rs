//! Verdicts as the general routes answer them.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use candor_model::{Assessment, AssessmentBody, FeedbackError, Source, TimestampMs, keys};
use candor_store::{Logged, NewAssessment, PendingFeedback};
use candor_wire::scalar::format_timestamp;
use serde::Serialize;
use serde_json::Value as JsonValue;

use super::submission::Recorded;

/// Marks the answer to a retry.
const REPLAYED_HEADER: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A verdict, on its trace or waiting for it.
#[derive(Debug, Serialize)]
pub(crate) struct FeedbackView {
    assessment_id: String,
    /// `None` while it waits.
    trace_id: Option<String>,
    span_id: Option<String>,
    name: String,
    value: JsonValue,
    error: Option<ErrorView>,
    rationale: Option<String>,
    source: SourceView,
    metadata: BTreeMap<String, String>,
    create_time: String,
    last_update_time: String,
    overrides: Option<String>,
    /// `None` while it waits: only its trace tells.
    valid: Option<bool>,
    retracted: bool,
    pending: bool,
    #[serde(flatten)]
    waiting: Option<WaitingView>,
    links: BTreeMap<&'static str, String>,
}

#[derive(Debug, Serialize)]
struct SourceView {
    #[serde(rename = "type")]
    source_type: &'static str,
    id: Option<String>,
}

#[derive(Debug, Serialize)]
struct ErrorView {
    code: String,
    message: Option<String>,
    stack_trace: Option<String>,
}

/// What only a verdict on hold has.
#[derive(Debug, Serialize)]
struct WaitingView {
    target: BTreeMap<&'static str, String>,
    experiment_id: Option<String>,
    received_at: String,
    state: &'static str,
}

impl From<&Assessment> for FeedbackView {
    fn from(stored: &Assessment) -> Self {
        let (id, trace) = (stored.id, stored.trace_id);
        let mut links = BTreeMap::from([("history", format!("/api/v1/feedback?trace_id={trace}"))]);
        if stored.valid {
            links.insert("withdraw", format!("/api/v1/feedback/{id}?trace_id={trace}"));
        }
        Self {
            assessment_id: id.to_string(),
            trace_id: Some(trace.to_string()),
            span_id: stored.span_id.map(|id| id.to_string()),
            name: stored.name.to_string(),
            value: value(&stored.body),
            error: error(&stored.body),
            rationale: stored.rationale.clone(),
            source: SourceView::from(&stored.source),
            metadata: stored.metadata.clone(),
            create_time: format_timestamp(stored.create_time),
            last_update_time: format_timestamp(stored.last_update_time),
            overrides: stored.overrides.map(|id| id.to_string()),
            valid: Some(stored.valid),
            retracted: stored.is_retraction(),
            pending: false,
            waiting: None,
            links,
        }
    }
}

impl FeedbackView {
    /// A verdict on hold; an orphan when it was accepted before `orphaned_before`.
    pub(crate) fn waiting(held: &PendingFeedback, orphaned_before: TimestampMs) -> Self {
        let item = &held.item;
        let mut links = BTreeMap::from([("pending", format!("/api/v1/feedback/pending?assessment_id={}", item.id))]);
        if !is_withdrawal(item) {
            links.insert("withdraw", format!("/api/v1/feedback/{}", item.id));
        }
        Self {
            assessment_id: item.id.to_string(),
            trace_id: None,
            span_id: item.span_id.map(|id| id.to_string()),
            name: item.name.to_string(),
            value: value(&item.body),
            error: error(&item.body),
            rationale: item.rationale.clone(),
            source: SourceView::from(&item.source),
            metadata: item.metadata.clone(),
            create_time: format_timestamp(item.create_time),
            last_update_time: format_timestamp(item.last_update_time),
            overrides: item.overrides.map(|id| id.to_string()),
            valid: None,
            retracted: is_withdrawal(item),
            pending: true,
            waiting: Some(WaitingView {
                target: item.target.refs.iter().map(|reference| (reference.field(), reference.value())).collect(),
                experiment_id: item.target.experiment.map(|id| id.to_string()),
                received_at: format_timestamp(held.received_at),
                state: if held.received_at < orphaned_before { "orphaned" } else { "pending" },
            }),
            links,
        }
    }

    /// The verdict of an outcome.
    pub(crate) fn of(recorded: &Recorded, orphaned_before: TimestampMs) -> Self {
        match &recorded.logged {
            Logged::Created(stored) | Logged::Existing(stored) => Self::from(stored),
            Logged::Pending(held) => Self::waiting(held, orphaned_before),
        }
    }
}

impl From<&Source> for SourceView {
    fn from(source: &Source) -> Self {
        Self { source_type: source.source_type.as_str(), id: source.source_id.as_ref().map(ToString::to_string) }
    }
}

fn value(body: &AssessmentBody) -> JsonValue {
    body.value().cloned().map_or(JsonValue::Null, JsonValue::from)
}

fn error(body: &AssessmentBody) -> Option<ErrorView> {
    let AssessmentBody::Feedback(feedback) = body else { return None };
    let FeedbackError { code, message, stack_trace } = feedback.error()?.clone();
    Some(ErrorView { code, message, stack_trace })
}

/// Whether a verdict on hold withdraws another one.
pub(crate) fn is_withdrawal(item: &NewAssessment) -> bool {
    item.metadata.get(keys::RETRACTED).is_some_and(|flag| flag == "true")
}

/// 202 for what waits, 200 for a retry, else `created`.
pub(crate) fn status_of(recorded: &Recorded, created: StatusCode) -> StatusCode {
    match (recorded.pending(), recorded.replayed) {
        (Some(_), _) => StatusCode::ACCEPTED,
        (None, true) => StatusCode::OK,
        (None, false) => created,
    }
}

/// An answer that says whether it is one to a retry.
pub(crate) fn answer(status: StatusCode, replayed: bool, body: impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    if replayed {
        response.headers_mut().insert(REPLAYED_HEADER, HeaderValue::from_static("true"));
    }
    response
}

//! `POST /api/v1/feedback:batch`: many verdicts, each answered for itself.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use candor_store::NewAssessment;
use serde::Serialize;
use serde_json::Value as JsonValue;

use super::api::Api;
use super::body::read_object;
use super::fields::{Fields, kind_of};
use super::general;
use super::idempotency::{IdempotencyKey, KEY_HEADER};
use super::submission::Recorded;
use super::view::{FeedbackView, status_of};
use crate::problem::{Problem, ProblemBody, Result};

/// Logs what is sound and says for each item what became of it, in the order they came.
pub(super) async fn post(State(api): State<Api>, uri: Uri, headers: HeaderMap, body: Body) -> Result<Json<BatchView>> {
    Fields::of_query(&uri).finish(Some(()))?;
    if headers.contains_key(KEY_HEADER) {
        return Err(Problem::field(KEY_HEADER, "is for single verdicts; give each item its own idempotency_key"));
    }
    let mut fields = Fields::of_object(read_object(&headers, body, api.config.limits.batch_body_bytes).await?);
    let items = read_items(&mut fields, api.config.limits.batch_items);
    let items = fields.finish(items)?;

    let mut answers: Vec<Option<Result<Recorded>>> = Vec::with_capacity(items.len());
    let (mut sound, mut places) = (Vec::new(), Vec::new());
    for (place, item) in items.into_iter().enumerate() {
        match read_item(item, &headers, &api).await {
            Ok(item) => {
                sound.push(item);
                places.push(place);
                answers.push(None);
            }
            Err(problem) => answers.push(Some(Err(problem))),
        }
    }
    if !sound.is_empty() {
        for (place, recorded) in places.into_iter().zip(api.record(sound).await?) {
            answers[place] = Some(recorded);
        }
    }
    Ok(Json(BatchView::of(answers.into_iter().flatten(), &api)))
}

fn read_items(fields: &mut Fields, max: usize) -> Option<Vec<JsonValue>> {
    let items = match fields.take("items") {
        Some(JsonValue::Array(items)) => Some(items),
        Some(other) => fields.error("items", format!("must be a list, got {}", kind_of(&other))),
        None => None,
    };
    match fields.require("items", items)? {
        items if (1..=max).contains(&items.len()) => Some(items),
        items => fields.error("items", format!("must have 1 to {max} items, got {}", items.len())),
    }
}

async fn read_item(item: JsonValue, headers: &HeaderMap, api: &Api) -> Result<NewAssessment> {
    let JsonValue::Object(item) = item else {
        return Err(Problem::field("item", format!("must be an object, got {}", kind_of(&item))));
    };
    let mut fields = Fields::of_object(item);
    let key = IdempotencyKey::of_fields(&HeaderMap::new(), &mut fields);
    general::read(fields, key, headers, api)?.into_assessment(api).await
}

/// The answer: 200 as a whole, whatever became of the items.
#[derive(Debug, Serialize)]
pub(super) struct BatchView {
    /// Items logged on their traces, retries included.
    recorded: usize,
    /// Items that wait for their traces.
    pending: usize,
    /// Items refused, of which nothing was written.
    refused: usize,
    results: Vec<ItemView>,
}

#[derive(Debug, Serialize)]
struct ItemView {
    index: usize,
    status: u16,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    replayed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    feedback: Option<FeedbackView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemBody>,
}

impl BatchView {
    fn of(answers: impl Iterator<Item = Result<Recorded>>, api: &Api) -> Self {
        let orphaned_before = api.orphaned_before();
        let mut view = Self { recorded: 0, pending: 0, refused: 0, results: Vec::new() };
        for (index, answer) in answers.enumerate() {
            view.results.push(match answer {
                Ok(recorded) => {
                    let counter = if recorded.pending().is_some() { &mut view.pending } else { &mut view.recorded };
                    *counter += 1;
                    ItemView {
                        index,
                        status: status_of(&recorded, StatusCode::CREATED).as_u16(),
                        replayed: recorded.replayed,
                        feedback: Some(FeedbackView::of(&recorded, orphaned_before)),
                        problem: None,
                    }
                }
                Err(problem) => {
                    view.refused += 1;
                    let status = problem.status().as_u16();
                    ItemView { index, status, replayed: false, feedback: None, problem: Some(problem.body(None)) }
                }
            });
        }
        view
    }
}

//! `POST /feedback`: thumbs up or down with a comment, as in MLflow's guide.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use candor_analytics::USER_FEEDBACK;
use candor_model::{AssessmentBody, AssessmentName, Value};
use candor_store::{Target, TargetRef};
use serde_json::{Map, Value as Json, json};

use super::api::Api;
use super::body::read_object;
use super::fields::Fields;
use super::idempotency::IdempotencyKey;
use super::identity::Author;
use super::submission::{Recorded, Submission};
use super::target::Aim;
use super::view::answer;
use crate::problem::{Problem, ProblemKind, Result};

/// Logs a verdict as `user_feedback`.
pub(super) async fn post(State(api): State<Api>, uri: Uri, headers: HeaderMap, body: Body) -> Result<Response> {
    let body = Fields::of_object(read_object(&headers, body, api.config.limits.body_bytes).await?);
    let submission = read(&uri, &headers, body, &api)?;
    let target = submission.aim.target.clone();
    let recorded = api.record_one(submission.into_assessment(&api).await?).await;
    reply(recorded, &target, Map::new())
}

fn read(uri: &Uri, headers: &HeaderMap, mut body: Fields, api: &Api) -> Result<Submission> {
    let mut fields = Fields::of_query(uri);
    let aim = Aim::of_guide(&mut fields);
    let author = Author::person(headers, &mut fields);
    let key = IdempotencyKey::of_fields(headers, &mut fields);
    let is_correct = body.flag("is_correct");
    let is_correct = body.require("is_correct", is_correct);
    let comment = body.text_up_to("comment", api.config.limits.text_bytes);
    fields.absorb(body);
    let name = AssessmentName::new(USER_FEEDBACK).ok();
    let read = || {
        Some(Submission {
            aim: aim?,
            name: name?,
            author: author?,
            body: AssessmentBody::feedback(Value::Bool(is_correct?)),
            rationale: comment.filter(|text| !text.is_empty()),
            metadata: BTreeMap::new(),
            create_time: None,
            strict: false,
            key,
        })
    };
    fields.finish(read())
}

/// The guide's form of answer: `success`, `pending`, or `error` when the trace is unknown.
pub(super) fn reply(recorded: Result<Recorded>, target: &Target, more: Map<String, Json>) -> Result<Response> {
    let mut body = Map::new();
    let request_id = target.refs.iter().filter(|id| matches!(id, TargetRef::ClientRequest(_)));
    match &recorded {
        Ok(recorded) => {
            let (status, code) = match recorded.logged.assessment() {
                Some(stored) => {
                    body.insert("trace_id".to_owned(), json!(stored.trace_id.to_string()));
                    body.extend(request_id.map(named));
                    ("success", StatusCode::OK)
                }
                None => {
                    body.extend(target.refs.iter().map(named));
                    ("pending", StatusCode::ACCEPTED)
                }
            };
            body.insert("status".to_owned(), json!(status));
            body.extend(more);
            Ok(answer(code, recorded.replayed, body))
        }
        Err(problem) if problem.kind() == ProblemKind::TraceNotFound => {
            body.extend(target.refs.iter().map(named));
            body.insert("status".to_owned(), json!("error"));
            body.insert("message".to_owned(), json!(problem.detail()));
            Ok(answer(problem.status(), false, body))
        }
        Err(problem) => Ok(Problem::into_response(problem.clone())),
    }
}

fn named(id: &TargetRef) -> (String, Json) {
    (id.field().to_owned(), Json::String(id.value()))
}

//! `POST /api/v1/feedback`: one verdict of any kind, on a trace or a span of it.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use candor_model::{AssessmentName, DurationMs, TimestampMs};
use candor_wire::scalar::parse_timestamp;

use super::api::Api;
use super::body::read_object;
use super::fields::Fields;
use super::idempotency::IdempotencyKey;
use super::identity::Author;
use super::submission::Submission;
use super::target::Aim;
use super::value::{read_metadata, read_rationale, read_verdict};
use super::view::{FeedbackView, answer, status_of};
use crate::problem::Result;

/// How far a client's clock may be ahead.
const CLOCK_SKEW: DurationMs = DurationMs::from_millis(5 * 60 * 1000);

/// Logs one verdict.
pub(super) async fn post(State(api): State<Api>, uri: Uri, headers: HeaderMap, body: Body) -> Result<Response> {
    Fields::of_query(&uri).finish(Some(()))?;
    let mut fields = Fields::of_object(read_object(&headers, body, api.config.limits.body_bytes).await?);
    let key = IdempotencyKey::of_fields(&headers, &mut fields);
    let submission = read(fields, key, &headers, &api)?;
    let recorded = api.record_one(submission.into_assessment(&api).await?).await?;
    let status = status_of(&recorded, StatusCode::CREATED);
    Ok(answer(status, recorded.replayed, FeedbackView::of(&recorded, api.orphaned_before())))
}

/// Reads a verdict from a body, or from one item of a batch.
pub(super) fn read(
    mut fields: Fields,
    key: Option<IdempotencyKey>,
    headers: &HeaderMap,
    api: &Api,
) -> Result<Submission> {
    let limits = &api.config.limits;
    let aim = Aim::of_any(&mut fields);
    let name = read_name(&mut fields);
    let body = read_verdict(&mut fields, limits);
    let author = Author::of_body(headers, &mut fields);
    let rationale = read_rationale(&mut fields, limits);
    let metadata = read_metadata(&mut fields, limits);
    let create_time = read_create_time(&mut fields, api.now());
    let strict = fields.flag("strict").unwrap_or_default();
    let read = || {
        Some(Submission {
            aim: aim?,
            name: name?,
            author: author?,
            body: body?,
            rationale,
            metadata,
            create_time,
            strict,
            key,
        })
    };
    fields.finish(read())
}

/// Reads `name`, which must not be empty here.
pub(super) fn read_name(fields: &mut Fields) -> Option<AssessmentName> {
    let name = fields.parsed("name", |text| {
        let checked = AssessmentName::new(text).ok().filter(|name| !name.as_str().is_empty());
        checked.ok_or_else(|| format!("must be 1 to {} characters long", AssessmentName::MAX_CHARS))
    });
    fields.require("name", name)
}

fn read_create_time(fields: &mut Fields, now: TimestampMs) -> Option<TimestampMs> {
    fields.parsed("create_time", |text| {
        let time = parse_timestamp(text).ok_or("must be an RFC 3339 time such as 2026-01-02T03:04:05.678Z")?;
        let sound = TimestampMs::from_millis(0) <= time && time <= now.plus(CLOCK_SKEW);
        if sound { Ok(time) } else { Err("must not be before 1970 or more than 5 minutes ahead") }
    })
}

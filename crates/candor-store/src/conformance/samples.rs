//! Entities with known content, for the cases and for tests of back ends.

use std::collections::BTreeMap;

use candor_model::{
    AnyValue, AssessmentBody, AssessmentId, Attributes, DurationMs, ExperimentId, Source, Span, SpanId, SpanKind,
    SpanStatus, TimestampMs, TraceId, TraceInfo, TraceState, UnixNanos, Value, keys,
};

use crate::{NewAssessment, NewExperiment, SpanBatch, SpanGroup, Target};

/// When every sample happens: 2026-01-02T03:04:05.678Z, in milliseconds since the epoch.
pub const START_MS: i64 = 1_767_323_045_678;

/// The time `ms` after [`START_MS`].
pub const fn at(ms: i64) -> TimestampMs {
    TimestampMs::from_millis(START_MS + ms)
}

/// The time `ms` after [`START_MS`] as spans tell it.
pub const fn nanos_at(ms: i64) -> UnixNanos {
    UnixNanos::from_nanos((START_MS + ms) as u64 * 1_000_000)
}

/// The `n`th trace id, in order.
pub fn trace_id(n: u32) -> TraceId {
    let mut bytes = [0xaa; 16];
    bytes[12..].copy_from_slice(&n.to_be_bytes());
    TraceId::from_bytes(bytes)
}

/// The `n`th span id, in order.
pub fn span_id(n: u32) -> SpanId {
    let mut bytes = [0xbb; 8];
    bytes[4..].copy_from_slice(&n.to_be_bytes());
    SpanId::from_bytes(bytes)
}

/// The `n`th assessment id, in order.
pub fn assessment_id(n: u32) -> AssessmentId {
    let mut bytes = [0xcc; 16];
    bytes[12..].copy_from_slice(&n.to_be_bytes());
    AssessmentId::from_bytes(bytes)
}

/// The experiment of that number.
pub fn experiment_id(number: i64) -> ExperimentId {
    ExperimentId::new(number).unwrap()
}

/// An experiment without tags, created at [`START_MS`].
pub fn experiment(name: &str) -> NewExperiment {
    NewExperiment { name: name.parse().unwrap(), artifact_location: None, tags: BTreeMap::new(), creation_time: at(0) }
}

/// A finished trace in the default experiment, `n` milliseconds after [`START_MS`], with name `trace-n`.
pub fn trace(n: u32) -> TraceInfo {
    let mut info = TraceInfo::new(trace_id(n), ExperimentId::DEFAULT, at(n.into()));
    info.state = TraceState::Ok;
    info.execution_duration = Some(DurationMs::from_millis(100));
    info.tags.insert(keys::TRACE_NAME.into(), format!("trace-{n}"));
    info
}

/// [`trace`] with a client request id.
pub fn trace_of_request(n: u32, request: &str) -> TraceInfo {
    TraceInfo { client_request_id: Some(request.parse().unwrap()), ..trace(n) }
}

/// [`trace`] in a session.
pub fn trace_of_session(n: u32, session: &str) -> TraceInfo {
    let mut info = trace(n);
    info.metadata.insert(keys::SESSION.into(), session.into());
    info
}

/// Span `n` of [trace](trace_id) `trace`, a root of 100 ms without attributes, named `span-n`.
pub fn root(trace: u32, n: u32) -> Span {
    Span {
        trace_id: trace_id(trace),
        span_id: span_id(n),
        parent_id: None,
        name: format!("span-{n}"),
        kind: SpanKind::Internal,
        start: nanos_at(i64::from(n)),
        end: Some(nanos_at(i64::from(n) + 100)),
        status: SpanStatus::default(),
        attributes: Attributes::default(),
        events: Vec::new(),
        links: Vec::new(),
    }
}

/// [`root`] below span `parent`.
pub fn child(trace: u32, n: u32, parent: u32) -> Span {
    Span { parent_id: Some(span_id(parent)), ..root(trace, n) }
}

/// The span with more attributes.
pub fn with_attributes(mut span: Span, attributes: &[(&str, AnyValue)]) -> Span {
    for (key, value) in attributes {
        span.attributes.insert(*key, value.clone());
    }
    span
}

/// Spans for the default experiment, of a resource of which nothing is known.
pub fn batch(spans: Vec<Span>) -> SpanBatch {
    SpanBatch {
        experiment_id: ExperimentId::DEFAULT,
        groups: vec![SpanGroup { resource: Attributes::default(), spans }],
    }
}

/// A verdict `user_feedback` by `user`, `n` milliseconds after [`START_MS`], with the `n`th id, that
/// replaces nothing and does not wait.
pub fn verdict(n: u32, target: impl Into<Target>, user: &str, value: impl Into<Value>) -> NewAssessment {
    let body = AssessmentBody::feedback(value.into());
    let source = Source::human(user).unwrap();
    let mut item = NewAssessment::new(target, "user_feedback".parse().unwrap(), source, body, at(n.into()));
    item.id = assessment_id(n);
    item
}

/// [`verdict`] that replaces the last one of the same person.
pub fn superseding(n: u32, target: impl Into<Target>, user: &str, value: impl Into<Value>) -> NewAssessment {
    NewAssessment { supersede: true, ..verdict(n, target, user, value) }
}

/// [`superseding`] that withdraws the last verdict of the same person.
pub fn retraction(n: u32, target: impl Into<Target>, user: &str) -> NewAssessment {
    let mut item = superseding(n, target, user, Value::Null);
    item.metadata.insert(keys::RETRACTED.into(), "true".into());
    item
}

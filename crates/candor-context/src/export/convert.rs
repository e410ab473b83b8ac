//! The SDK's spans as the model's.

use std::time::{SystemTime, UNIX_EPOCH};

use candor_model::{
    AnyValue, Attributes, Span, SpanEvent, SpanId, SpanKind, SpanLink, SpanStatus, StatusCode, TraceId, UnixNanos,
};
use opentelemetry::trace::{SpanKind as OtelKind, Status};
use opentelemetry::{Array, KeyValue, Value};
use opentelemetry_sdk::trace::SpanData;

mod json;

pub(super) fn trace_id(span: &SpanData) -> TraceId {
    TraceId::from_bytes(span.span_context.trace_id().to_bytes())
}

pub(super) fn model_span(from: &SpanData) -> Span {
    let parent = from.parent_span_id;
    Span {
        trace_id: trace_id(from),
        span_id: SpanId::from_bytes(from.span_context.span_id().to_bytes()),
        parent_id: (parent != opentelemetry::trace::SpanId::INVALID).then(|| SpanId::from_bytes(parent.to_bytes())),
        name: from.name.clone().into_owned(),
        kind: kind(&from.span_kind),
        start: nanos(from.start_time),
        end: Some(nanos(from.end_time)),
        status: status(&from.status),
        attributes: from.attributes.iter().map(|pair| (pair.key.as_str(), span_value(&pair.value))).collect(),
        events: from
            .events
            .iter()
            .map(|event| SpanEvent {
                time: nanos(event.timestamp),
                name: event.name.clone().into_owned(),
                attributes: attributes(&event.attributes),
            })
            .collect(),
        links: from
            .links
            .iter()
            .map(|link| SpanLink {
                trace_id: TraceId::from_bytes(link.span_context.trace_id().to_bytes()),
                span_id: SpanId::from_bytes(link.span_context.span_id().to_bytes()),
                attributes: attributes(&link.attributes),
            })
            .collect(),
    }
}

pub(super) fn attributes<'a>(pairs: impl IntoIterator<Item = &'a KeyValue>) -> Attributes {
    pairs.into_iter().map(|pair| (pair.key.as_str(), any_value(&pair.value))).collect()
}

pub(super) fn nanos(time: SystemTime) -> UnixNanos {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixNanos::from_nanos(u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX))
}

/// Text that holds JSON becomes what it holds, as it does on MLflow's wire.
fn span_value(from: &Value) -> AnyValue {
    match from {
        Value::String(text) => json::unwrapped(text.as_str()).unwrap_or_else(|| AnyValue::from(text.as_str())),
        value => any_value(value),
    }
}

pub(super) fn any_value(from: &Value) -> AnyValue {
    match from {
        Value::Bool(flag) => AnyValue::Bool(*flag),
        Value::I64(number) => AnyValue::Int(*number),
        Value::F64(number) => AnyValue::Double(*number),
        Value::String(text) => AnyValue::from(text.as_str()),
        Value::Array(Array::Bool(items)) => AnyValue::Array(items.iter().map(|item| AnyValue::Bool(*item)).collect()),
        Value::Array(Array::I64(items)) => AnyValue::Array(items.iter().map(|item| AnyValue::Int(*item)).collect()),
        Value::Array(Array::F64(items)) => AnyValue::Array(items.iter().map(|item| AnyValue::Double(*item)).collect()),
        Value::Array(Array::String(items)) => {
            AnyValue::Array(items.iter().map(|item| AnyValue::from(item.as_str())).collect())
        }
        other => AnyValue::String(other.as_str().into_owned()),
    }
}

fn kind(from: &OtelKind) -> SpanKind {
    match from {
        OtelKind::Internal => SpanKind::Internal,
        OtelKind::Server => SpanKind::Server,
        OtelKind::Client => SpanKind::Client,
        OtelKind::Producer => SpanKind::Producer,
        OtelKind::Consumer => SpanKind::Consumer,
    }
}

fn status(from: &Status) -> SpanStatus {
    match from {
        Status::Unset => SpanStatus::default(),
        Status::Ok => SpanStatus { code: StatusCode::Ok, message: String::new() },
        Status::Error { description } => {
            SpanStatus { code: StatusCode::Error, message: description.clone().into_owned() }
        }
    }
}

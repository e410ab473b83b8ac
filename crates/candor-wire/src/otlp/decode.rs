use candor_model::{AnyValue, Attributes, Span, SpanEvent, SpanId, SpanLink, SpanStatus, TraceId, UnixNanos};
use prost::Message;

use super::proto::{self, ExportTraceServiceRequest, Kind};
use super::values::finish;
use super::{OtlpError, OtlpResource, OtlpTraces};
use crate::attributes::bytes_literal;
use crate::span::{KINDS, STATUS_CODES, padded_id};

/// Reads an `ExportTraceServiceRequest` in protobuf.
///
/// Strings are moved into the spans, not copied. Ids shorter than they should be are padded with
/// zeros on the left; a span that has not ended and a parent of zeros are `None`.
///
/// # Errors
/// Every [`OtlpError`].
pub fn decode_protobuf(body: &[u8]) -> Result<OtlpTraces, OtlpError> {
    let request = ExportTraceServiceRequest::decode(body).map_err(OtlpError::undecodable)?;
    if request.resource_spans.is_empty() {
        return Err(OtlpError::NoSpans);
    }
    let groups = request.resource_spans.into_iter().map(group).collect::<Result<_, _>>()?;
    Ok(OtlpTraces { groups })
}

fn group(from: proto::ResourceSpans) -> Result<OtlpResource, OtlpError> {
    let spans = from.scope_spans.into_iter().flat_map(|scope| scope.spans).map(span).collect::<Result<_, _>>()?;
    Ok(OtlpResource { attributes: attributes(from.resource.unwrap_or_default().attributes), spans })
}

fn span(from: proto::Span) -> Result<Span, OtlpError> {
    let trace_id = padded_id(&from.trace_id)?.map(TraceId::from_bytes).ok_or(OtlpError::EmptyId)?;
    let span_id = padded_id(&from.span_id)?.map(SpanId::from_bytes).ok_or(OtlpError::EmptyId)?;
    let parent_id = padded_id(&from.parent_span_id)?.filter(|id| *id != [0; 8]).map(SpanId::from_bytes);
    let status = from.status.unwrap_or_default();
    let mut span = Span {
        trace_id,
        span_id,
        parent_id,
        name: from.name,
        kind: numbered(&KINDS, from.kind),
        start: UnixNanos::from_nanos(from.start_time_unix_nano),
        end: Some(from.end_time_unix_nano).filter(|end| *end != 0).map(UnixNanos::from_nanos),
        status: SpanStatus { code: numbered(&STATUS_CODES, status.code), message: status.message },
        attributes: attributes(from.attributes),
        events: from.events.into_iter().map(event).collect(),
        links: from.links.into_iter().map(link).collect::<Result<_, _>>()?,
    };
    finish(&mut span);
    Ok(span)
}

fn event(from: proto::Event) -> SpanEvent {
    let time = UnixNanos::from_nanos(from.time_unix_nano);
    SpanEvent { time, name: from.name, attributes: attributes(from.attributes) }
}

fn link(from: proto::Link) -> Result<SpanLink, OtlpError> {
    Ok(SpanLink {
        trace_id: TraceId::from_bytes(padded_id(&from.trace_id)?.unwrap_or_default()),
        span_id: SpanId::from_bytes(padded_id(&from.span_id)?.unwrap_or_default()),
        attributes: attributes(from.attributes),
    })
}

fn attributes(pairs: Vec<proto::KeyValue>) -> Attributes {
    pairs.into_iter().map(key_value).collect()
}

fn key_value(from: proto::KeyValue) -> (String, AnyValue) {
    (from.key, from.value.map_or(AnyValue::Empty, any_value))
}

fn any_value(from: proto::AnyValue) -> AnyValue {
    match from.kind {
        None => AnyValue::Empty,
        Some(Kind::String(text)) => AnyValue::String(text),
        Some(Kind::Bool(flag)) => AnyValue::Bool(flag),
        Some(Kind::Int(number)) => AnyValue::Int(number),
        Some(Kind::Double(number)) => AnyValue::Double(number),
        Some(Kind::Bytes(bytes)) => AnyValue::String(bytes_literal(&bytes)),
        Some(Kind::Array(list)) => AnyValue::Array(list.values.into_iter().map(any_value).collect()),
        Some(Kind::KvList(list)) => AnyValue::KvList(list.values.into_iter().map(key_value).collect()),
    }
}

/// The value of that number; numbers that are not known count as unset.
fn numbered<T: Copy + Default>(table: &[(T, &str)], number: i32) -> T {
    usize::try_from(number).ok().and_then(|number| table.get(number)).map(|(value, _)| *value).unwrap_or_default()
}

use candor_model::{AnyValue, Attributes, Span, SpanEvent, SpanLink};
use prost::Message;

use super::OtlpResource;
use super::proto::{self, ExportTraceServiceRequest, Kind};
use crate::span::{KINDS, STATUS_CODES};

/// Writes an `ExportTraceServiceRequest` in protobuf.
///
/// [`decode_protobuf`](super::decode_protobuf) returns the same groups, save for bytes and for
/// strings that hold JSON.
pub fn encode_protobuf(groups: &[OtlpResource]) -> Vec<u8> {
    ExportTraceServiceRequest { resource_spans: groups.iter().map(group).collect() }.encode_to_vec()
}

fn group(from: &OtlpResource) -> proto::ResourceSpans {
    let scope = proto::ScopeSpans { spans: from.spans.iter().map(span).collect() };
    let resource = proto::Resource { attributes: attributes(&from.attributes) };
    proto::ResourceSpans { resource: Some(resource), scope_spans: vec![scope] }
}

fn span(from: &Span) -> proto::Span {
    proto::Span {
        trace_id: from.trace_id.as_bytes().to_vec(),
        span_id: from.span_id.as_bytes().to_vec(),
        parent_span_id: from.parent_id.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
        name: from.name.clone(),
        kind: number(&KINDS, from.kind),
        start_time_unix_nano: from.start.as_nanos(),
        end_time_unix_nano: from.end.unwrap_or_default().as_nanos(),
        attributes: attributes(&from.attributes),
        events: from.events.iter().map(event).collect(),
        links: from.links.iter().map(link).collect(),
        status: Some(proto::Status {
            message: from.status.message.clone(),
            code: number(&STATUS_CODES, from.status.code),
        }),
    }
}

fn event(from: &SpanEvent) -> proto::Event {
    proto::Event {
        time_unix_nano: from.time.as_nanos(),
        name: from.name.clone(),
        attributes: attributes(&from.attributes),
    }
}

fn link(from: &SpanLink) -> proto::Link {
    proto::Link {
        trace_id: from.trace_id.as_bytes().to_vec(),
        span_id: from.span_id.as_bytes().to_vec(),
        attributes: attributes(&from.attributes),
    }
}

fn attributes(from: &Attributes) -> Vec<proto::KeyValue> {
    from.iter().map(|(key, value)| key_value(key, value)).collect()
}

fn key_value(key: &str, value: &AnyValue) -> proto::KeyValue {
    let value = (*value != AnyValue::Empty).then(|| any_value(value));
    proto::KeyValue { key: key.to_owned(), value }
}

fn any_value(from: &AnyValue) -> proto::AnyValue {
    let kind = match from {
        AnyValue::Empty => None,
        AnyValue::String(text) => Some(Kind::String(text.clone())),
        AnyValue::Bool(flag) => Some(Kind::Bool(*flag)),
        AnyValue::Int(number) => Some(Kind::Int(*number)),
        AnyValue::Double(number) => Some(Kind::Double(*number)),
        AnyValue::Bytes(bytes) => Some(Kind::Bytes(bytes.clone())),
        AnyValue::Array(items) => {
            Some(Kind::Array(proto::ArrayValue { values: items.iter().map(any_value).collect() }))
        }
        AnyValue::KvList(pairs) => {
            let values = pairs.iter().map(|(key, value)| key_value(key, value)).collect();
            Some(Kind::KvList(proto::KeyValueList { values }))
        }
    };
    proto::AnyValue { kind }
}

fn number<T: PartialEq>(table: &[(T, &str)], value: T) -> i32 {
    table.iter().zip(0..).find(|((known, _), _)| *known == value).map_or(0, |(_, number)| number)
}

use candor_model::{
    Attributes, Span, SpanEvent, SpanId, SpanKind, SpanLink, SpanStatus, StatusCode, TraceId, UnixNanos,
};
use serde::{Deserialize, Deserializer};

use crate::attributes::AttributesRead;
use crate::otlp::OtlpError;
use crate::scalar::absent::{message, messages, or_default};
use crate::scalar::{base64_bytes, number};

/// How a JSON form writes the ids of spans.
#[derive(Clone, Copy, Debug)]
pub(crate) enum IdForm {
    /// MLflow's REST answers.
    Base64,
    /// OTLP's JSON; either case.
    Hex,
}

/// A span in either JSON form, ids still text.
#[derive(Deserialize)]
pub(crate) struct RawSpan {
    #[serde(default, alias = "traceId", deserialize_with = "or_default")]
    trace_id: String,
    #[serde(default, alias = "spanId", deserialize_with = "or_default")]
    span_id: String,
    #[serde(default, alias = "parentSpanId", deserialize_with = "or_default")]
    parent_span_id: String,
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    #[serde(default, deserialize_with = "kind")]
    kind: SpanKind,
    #[serde(default, alias = "startTimeUnixNano", deserialize_with = "number::optional")]
    start_time_unix_nano: Option<u64>,
    #[serde(default, alias = "endTimeUnixNano", deserialize_with = "number::optional")]
    end_time_unix_nano: Option<u64>,
    #[serde(default)]
    attributes: AttributesRead,
    #[serde(default, deserialize_with = "messages")]
    events: Vec<RawEvent>,
    #[serde(default, deserialize_with = "messages")]
    links: Vec<RawLink>,
    #[serde(default, deserialize_with = "message")]
    status: Option<RawStatus>,
}

#[derive(Deserialize)]
struct RawEvent {
    #[serde(default, alias = "timeUnixNano", deserialize_with = "number::optional")]
    time_unix_nano: Option<u64>,
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    #[serde(default)]
    attributes: AttributesRead,
}

#[derive(Deserialize)]
struct RawLink {
    #[serde(default, alias = "traceId", deserialize_with = "or_default")]
    trace_id: String,
    #[serde(default, alias = "spanId", deserialize_with = "or_default")]
    span_id: String,
    #[serde(default)]
    attributes: AttributesRead,
}

#[derive(Deserialize)]
struct RawStatus {
    #[serde(default, deserialize_with = "or_default")]
    message: String,
    #[serde(default, deserialize_with = "status_code")]
    code: StatusCode,
}

impl RawSpan {
    /// The span, its ids read in that form.
    pub(crate) fn into_span(self, form: IdForm) -> Result<Span, OtlpError> {
        let parent_id = form.span_id(&self.parent_span_id)?;
        let status =
            self.status.map_or_else(SpanStatus::default, |raw| SpanStatus { code: raw.code, message: raw.message });
        Ok(Span {
            trace_id: form.trace_id(&self.trace_id)?.ok_or(OtlpError::EmptyId)?,
            span_id: form.span_id(&self.span_id)?.ok_or(OtlpError::EmptyId)?,
            parent_id: parent_id.filter(|id| *id.as_bytes() != [0; 8]),
            name: self.name,
            kind: self.kind,
            start: UnixNanos::from_nanos(self.start_time_unix_nano.unwrap_or_default()),
            end: self.end_time_unix_nano.filter(|end| *end != 0).map(UnixNanos::from_nanos),
            status,
            attributes: self.attributes.0,
            events: self.events.into_iter().map(RawEvent::into_event).collect(),
            links: self.links.into_iter().map(|link| link.into_link(form)).collect::<Result<_, _>>()?,
        })
    }
}

impl RawEvent {
    fn into_event(self) -> SpanEvent {
        let time = UnixNanos::from_nanos(self.time_unix_nano.unwrap_or_default());
        SpanEvent { time, name: self.name, attributes: self.attributes.0 }
    }
}

impl RawLink {
    fn into_link(self, form: IdForm) -> Result<SpanLink, OtlpError> {
        let attributes: Attributes = self.attributes.0;
        let trace_id = form.trace_id(&self.trace_id)?.unwrap_or(TraceId::from_bytes([0; 16]));
        let span_id = form.span_id(&self.span_id)?.unwrap_or(SpanId::from_bytes([0; 8]));
        Ok(SpanLink { trace_id, span_id, attributes })
    }
}

impl IdForm {
    fn trace_id(self, text: &str) -> Result<Option<TraceId>, OtlpError> {
        Ok(padded_id(&self.bytes(text)?)?.map(TraceId::from_bytes))
    }

    fn span_id(self, text: &str) -> Result<Option<SpanId>, OtlpError> {
        Ok(padded_id(&self.bytes(text)?)?.map(SpanId::from_bytes))
    }

    fn bytes(self, text: &str) -> Result<Vec<u8>, OtlpError> {
        let bytes = match self {
            Self::Base64 => base64_bytes::decode(text),
            Self::Hex => hex(text),
        };
        bytes.ok_or_else(|| OtlpError::undecodable(format!("{text:?} is not an id")))
    }
}

/// The id, short ones padded with zeros on the left as MLflow does; `None` when there are no bytes.
pub(crate) fn padded_id<const N: usize>(bytes: &[u8]) -> Result<Option<[u8; N]>, OtlpError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut id = [0; N];
    let start = N.checked_sub(bytes.len()).ok_or(OtlpError::IdRange)?;
    id[start..].copy_from_slice(bytes);
    Ok(Some(id))
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()).collect()
}

/// An enum as number or name; what is not known counts as unset.
#[derive(Deserialize)]
#[serde(untagged)]
enum EnumRead {
    Number(i64),
    Name(String),
    Other(serde::de::IgnoredAny),
}

/// The kinds by their number in protobuf, with their names there.
pub(crate) const KINDS: [(SpanKind, &str); 6] = [
    (SpanKind::Unspecified, "SPAN_KIND_UNSPECIFIED"),
    (SpanKind::Internal, "SPAN_KIND_INTERNAL"),
    (SpanKind::Server, "SPAN_KIND_SERVER"),
    (SpanKind::Client, "SPAN_KIND_CLIENT"),
    (SpanKind::Producer, "SPAN_KIND_PRODUCER"),
    (SpanKind::Consumer, "SPAN_KIND_CONSUMER"),
];

/// The status codes by their number in protobuf, with their names there.
pub(crate) const STATUS_CODES: [(StatusCode, &str); 3] = [
    (StatusCode::Unset, "STATUS_CODE_UNSET"),
    (StatusCode::Ok, "STATUS_CODE_OK"),
    (StatusCode::Error, "STATUS_CODE_ERROR"),
];

fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SpanKind, D::Error> {
    EnumRead::deserialize(deserializer).map(|read| read.among(&KINDS))
}

fn status_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StatusCode, D::Error> {
    EnumRead::deserialize(deserializer).map(|read| read.among(&STATUS_CODES))
}

impl EnumRead {
    fn among<T: Copy + Default>(self, table: &[(T, &str)]) -> T {
        let found = match self {
            Self::Number(number) => usize::try_from(number).ok().and_then(|number| table.get(number)),
            Self::Name(name) => table.iter().find(|(_, known)| *known == name),
            Self::Other(_) => None,
        };
        found.map(|(value, _)| *value).unwrap_or_default()
    }
}

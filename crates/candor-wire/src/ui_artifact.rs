//! The file `traces.json`: the form in which MLflow's web pages load spans.
//!
//! Python clients upload the same form when a server does not say that it keeps spans itself.

use candor_model::{AnyValue, Attributes, Span, SpanEvent, SpanId, SpanKind, SpanLink, SpanStatus, TraceId, UnixNanos};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::attributes::{PlainRead, PlainWrite, json_text, parse_json_text};
use crate::responses::{Seq, Shown};
use crate::scalar::absent::{messages, or_default};
use crate::scalar::{base64_bytes, number, text};
use crate::span::{STATUS_CODES, status_name};

/// The file: written from anything that is a slice of spans, read as a `Vec`.
///
/// Attributes of spans are JSON text, those of events and links plain JSON. Kinds are not part of
/// the form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TracesFile<S>(pub S);

impl<L: AsRef<[Span]>> Serialize for TracesFile<L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("spans", &Seq(self.0.as_ref().iter().map(SpanWrite)))?;
        map.end()
    }
}

struct SpanWrite<'a>(&'a Span);

impl Serialize for SpanWrite<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(span) = self;
        let parent = span.parent_id.as_ref().map(|id| Shown(base64_bytes::encode(id.as_bytes())));
        let status = StatusForm { code: status_name(span.status.code), message: &span.status.message };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("trace_id", &Shown(base64_bytes::encode(span.trace_id.as_bytes())))?;
        map.serialize_entry("span_id", &Shown(base64_bytes::encode(span.span_id.as_bytes())))?;
        map.serialize_entry("parent_span_id", &parent)?;
        map.serialize_entry("name", &span.name)?;
        map.serialize_entry("start_time_unix_nano", &span.start.as_nanos())?;
        map.serialize_entry("end_time_unix_nano", &span.end.unwrap_or_default().as_nanos())?;
        map.serialize_entry("events", &Seq(span.events.iter().map(EventWrite)))?;
        map.serialize_entry("status", &status)?;
        map.serialize_entry("attributes", &TextAttributes(&span.attributes))?;
        map.serialize_entry("links", &Seq(span.links.iter().map(LinkWrite)))?;
        map.end()
    }
}

#[derive(Serialize)]
struct StatusForm<'a> {
    code: &'a str,
    message: &'a str,
}

struct EventWrite<'a>(&'a SpanEvent);

impl Serialize for EventWrite<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("name", &self.0.name)?;
        map.serialize_entry("time_unix_nano", &self.0.time.as_nanos())?;
        map.serialize_entry("attributes", &PlainAttributes(&self.0.attributes))?;
        map.end()
    }
}

struct LinkWrite<'a>(&'a SpanLink);

impl Serialize for LinkWrite<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("trace_id", &Shown(self.0.trace_id))?;
        map.serialize_entry("span_id", &Shown(self.0.span_id))?;
        map.serialize_entry("attributes", &PlainAttributes(&self.0.attributes))?;
        map.end()
    }
}

struct TextAttributes<'a>(&'a Attributes);

impl Serialize for TextAttributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, json_text(value))))
    }
}

struct PlainAttributes<'a>(&'a Attributes);

impl Serialize for PlainAttributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, PlainWrite(value))))
    }
}

impl<'de> Deserialize<'de> for TracesFile<Vec<Span>> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Read {
            #[serde(default, deserialize_with = "messages")]
            spans: Vec<SpanRead>,
        }

        let spans = Read::deserialize(deserializer)?.spans;
        spans.into_iter().map(SpanRead::into_span).collect::<Result<_, _>>().map(Self).map_err(serde::de::Error::custom)
    }
}

#[derive(Deserialize)]
struct SpanRead {
    trace_id: String,
    span_id: String,
    #[serde(default)]
    parent_span_id: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    #[serde(default, deserialize_with = "number::optional")]
    start_time_unix_nano: Option<u64>,
    #[serde(default, deserialize_with = "number::optional")]
    end_time_unix_nano: Option<u64>,
    #[serde(default, deserialize_with = "messages")]
    events: Vec<EventRead>,
    #[serde(default, deserialize_with = "or_default")]
    status: StatusRead,
    #[serde(default, deserialize_with = "or_default")]
    attributes: PlainRead,
    #[serde(default, deserialize_with = "messages")]
    links: Vec<LinkRead>,
}

#[derive(Deserialize, Default)]
struct StatusRead {
    #[serde(default, deserialize_with = "or_default")]
    code: String,
    #[serde(default, deserialize_with = "or_default")]
    message: String,
}

#[derive(Deserialize)]
struct EventRead {
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    #[serde(default, deserialize_with = "number::optional")]
    time_unix_nano: Option<u64>,
    #[serde(default, deserialize_with = "or_default")]
    attributes: PlainRead,
}

#[derive(Deserialize)]
struct LinkRead {
    #[serde(with = "text")]
    trace_id: TraceId,
    #[serde(with = "text")]
    span_id: SpanId,
    #[serde(default, deserialize_with = "or_default")]
    attributes: PlainRead,
}

impl SpanRead {
    fn into_span(self) -> Result<Span, String> {
        let parent = self.parent_span_id.as_deref().map(id).transpose()?;
        let code = STATUS_CODES.iter().find(|(_, name)| *name == self.status.code);
        Ok(Span {
            trace_id: TraceId::from_bytes(id(&self.trace_id)?),
            span_id: SpanId::from_bytes(id(&self.span_id)?),
            parent_id: parent.map(SpanId::from_bytes),
            name: self.name,
            kind: SpanKind::Unspecified,
            start: UnixNanos::from_nanos(self.start_time_unix_nano.unwrap_or_default()),
            end: self.end_time_unix_nano.filter(|end| *end != 0).map(UnixNanos::from_nanos),
            status: SpanStatus { code: code.map(|(code, _)| *code).unwrap_or_default(), message: self.status.message },
            attributes: self.attributes.into_pairs().map(|(key, value)| (key, from_text(value))).collect(),
            events: self.events.into_iter().map(EventRead::into_event).collect(),
            links: self.links.into_iter().map(LinkRead::into_link).collect(),
        })
    }
}

impl EventRead {
    fn into_event(self) -> SpanEvent {
        let time = UnixNanos::from_nanos(self.time_unix_nano.unwrap_or_default());
        SpanEvent { time, name: self.name, attributes: self.attributes.into_pairs().collect() }
    }
}

impl LinkRead {
    fn into_link(self) -> SpanLink {
        let Self { trace_id, span_id, attributes } = self;
        SpanLink { trace_id, span_id, attributes: attributes.into_pairs().collect() }
    }
}

fn id<const N: usize>(text: &str) -> Result<[u8; N], String> {
    base64_bytes::decode_exact(text).ok_or_else(|| format!("{text:?} is not {N} bytes in base64"))
}

/// What the JSON text holds; other values stay as they are.
fn from_text(value: AnyValue) -> AnyValue {
    value.as_str().and_then(parse_json_text).unwrap_or(value)
}

#[cfg(test)]
mod tests;

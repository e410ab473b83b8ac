//! Spans in snake_case protobuf-JSON with base64 ids, as MLflow's REST answers hold them.

mod read;

use std::borrow::Borrow;

use candor_model::{Span, SpanEvent, SpanLink, SpanStatus, StatusCode};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::attributes::AttributesJson;
use crate::responses::{Seq, Shown};
use crate::scalar::base64_bytes;

pub(crate) use read::{IdForm, KINDS, RawSpan, STATUS_CODES, padded_id};

/// A span as JSON: written from `&Span` or [`Span`], read as [`Span`].
///
/// What is empty or zero is left out, as protobuf-JSON has it. The kind is not part of the form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpanJson<T>(pub T);

impl<T: Borrow<Span>> Serialize for SpanJson<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let span = self.0.borrow();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("trace_id", &Shown(base64_bytes::encode(span.trace_id.as_bytes())))?;
        map.serialize_entry("span_id", &Shown(base64_bytes::encode(span.span_id.as_bytes())))?;
        if let Some(parent) = &span.parent_id {
            map.serialize_entry("parent_span_id", &Shown(base64_bytes::encode(parent.as_bytes())))?;
        }
        if !span.name.is_empty() {
            map.serialize_entry("name", &span.name)?;
        }
        if span.start.as_nanos() != 0 {
            map.serialize_entry("start_time_unix_nano", &span.start.as_nanos())?;
        }
        if let Some(end) = span.end {
            map.serialize_entry("end_time_unix_nano", &end.as_nanos())?;
        }
        if !span.attributes.is_empty() {
            map.serialize_entry("attributes", &AttributesJson(&span.attributes))?;
        }
        if !span.events.is_empty() {
            map.serialize_entry("events", &Seq(span.events.iter().map(EventJson)))?;
        }
        if !span.links.is_empty() {
            map.serialize_entry("links", &Seq(span.links.iter().map(LinkJson)))?;
        }
        map.serialize_entry("status", &StatusJson(&span.status))?;
        map.end()
    }
}

struct EventJson<'a>(&'a SpanEvent);

impl Serialize for EventJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(event) = self;
        let mut map = serializer.serialize_map(None)?;
        if event.time.as_nanos() != 0 {
            map.serialize_entry("time_unix_nano", &event.time.as_nanos())?;
        }
        if !event.name.is_empty() {
            map.serialize_entry("name", &event.name)?;
        }
        if !event.attributes.is_empty() {
            map.serialize_entry("attributes", &AttributesJson(&event.attributes))?;
        }
        map.end()
    }
}

struct LinkJson<'a>(&'a SpanLink);

impl Serialize for LinkJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(link) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("trace_id", &Shown(base64_bytes::encode(link.trace_id.as_bytes())))?;
        map.serialize_entry("span_id", &Shown(base64_bytes::encode(link.span_id.as_bytes())))?;
        if !link.attributes.is_empty() {
            map.serialize_entry("attributes", &AttributesJson(&link.attributes))?;
        }
        map.end()
    }
}

struct StatusJson<'a>(&'a SpanStatus);

impl Serialize for StatusJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.0.message.is_empty() {
            map.serialize_entry("message", &self.0.message)?;
        }
        if self.0.code != StatusCode::Unset {
            map.serialize_entry("code", status_name(self.0.code))?;
        }
        map.end()
    }
}

/// Protobuf's name of a status.
pub(crate) fn status_name(code: StatusCode) -> &'static str {
    STATUS_CODES.iter().find(|(known, _)| *known == code).map_or("", |(_, name)| name)
}

impl<'de> Deserialize<'de> for SpanJson<Span> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawSpan::deserialize(deserializer)?;
        raw.into_span(IdForm::Base64).map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;

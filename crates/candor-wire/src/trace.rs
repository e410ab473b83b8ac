//! Traces as JSON of MLflow's version 3.

mod location;
mod read;

use std::borrow::Borrow;
use std::collections::BTreeMap;

use candor_model::{Assessment, Span, Trace, TraceInfo};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::responses::{Seq, Shown};
use crate::scalar::absent::{messages, required};
use crate::scalar::{format_duration, format_timestamp};
use crate::{AssessmentJson, SpanJson};

pub(crate) use location::{LocationJson, RawLocation};
pub(crate) use read::RawTraceInfo;

/// The longest key of a tag or a metadata entry that is written, in characters.
pub const MAX_KEY_CHARS: usize = 250;
/// The longest metadata value that is written, in characters.
pub const MAX_METADATA_CHARS: usize = 250;
/// The longest tag value that is written, in characters.
pub const MAX_TAG_CHARS: usize = 4096;

/// Trace info as JSON: written from `&TraceInfo` or [`TraceInfo`], read as [`TraceInfo`].
///
/// Long tags and metadata are cut when they are written, silently: to [`MAX_KEY_CHARS`],
/// [`MAX_METADATA_CHARS`] and [`MAX_TAG_CHARS`]. MLflow's server does so in every answer and its
/// Python client in every request, while stores keep, and filters see, the whole text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceInfoJson<T>(pub T);

impl<T: Borrow<TraceInfo>> Serialize for TraceInfoJson<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let info = self.0.borrow();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("trace_id", &Shown(&info.trace_id))?;
        if let Some(id) = &info.client_request_id {
            map.serialize_entry("client_request_id", id.as_str())?;
        }
        map.serialize_entry("trace_location", &LocationJson(info.experiment_id))?;
        map.serialize_entry("request_time", &format_timestamp(info.request_time))?;
        if let Some(duration) = info.execution_duration {
            map.serialize_entry("execution_duration", &format_duration(duration))?;
        }
        map.serialize_entry("state", info.state.as_str())?;
        if !info.metadata.is_empty() {
            map.serialize_entry("trace_metadata", &CutMap { map: &info.metadata, max: MAX_METADATA_CHARS })?;
        }
        if !info.assessments.is_empty() {
            map.serialize_entry("assessments", &Seq(info.assessments.iter().map(AssessmentJson)))?;
        }
        if !info.tags.is_empty() {
            map.serialize_entry("tags", &CutMap { map: &info.tags, max: MAX_TAG_CHARS })?;
        }
        if let Some(preview) = &info.request_preview {
            map.serialize_entry("request_preview", preview)?;
        }
        if let Some(preview) = &info.response_preview {
            map.serialize_entry("response_preview", preview)?;
        }
        map.end()
    }
}

/// A map whose long keys and values are cut; of keys that are cut to the same, the last is written.
struct CutMap<'a> {
    map: &'a BTreeMap<String, String>,
    max: usize,
}

impl Serialize for CutMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut entries = self.map.iter().map(|(key, value)| (cut(key, MAX_KEY_CHARS), value)).peekable();
        while let Some((key, value)) = entries.next() {
            // Keys are in order, so equal ones stand side by side.
            if entries.peek().is_none_or(|(next, _)| *next != key) {
                map.serialize_entry(key, cut(value, self.max))?;
            }
        }
        map.end()
    }
}

/// The first `max` characters.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    text.char_indices().nth(max).map_or(text, |(end, _)| &text[..end])
}

impl<'de> Deserialize<'de> for TraceInfoJson<TraceInfo> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut raw = RawTraceInfo::<AssessmentJson<Assessment>>::deserialize(deserializer)?;
        let assessments = std::mem::take(&mut raw.assessments);
        let mut info = raw.into_info().map_err(serde::de::Error::custom)?;
        info.assessments = assessments.into_iter().map(|AssessmentJson(assessment)| assessment).collect();
        Ok(Self(info))
    }
}

/// A trace with its spans as JSON: written from `&Trace` or [`Trace`], read as [`Trace`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceJson<T>(pub T);

impl<T: Borrow<Trace>> Serialize for TraceJson<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let trace = self.0.borrow();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("trace_info", &TraceInfoJson(&trace.info))?;
        if !trace.spans.is_empty() {
            map.serialize_entry("spans", &Seq(trace.spans.iter().map(SpanJson)))?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for TraceJson<Trace> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Raw {
            #[serde(alias = "traceInfo", deserialize_with = "required")]
            trace_info: TraceInfoJson<TraceInfo>,
            #[serde(default, deserialize_with = "messages")]
            spans: Vec<SpanJson<Span>>,
        }

        let Raw { trace_info: TraceInfoJson(info), spans } = Raw::deserialize(deserializer)?;
        Ok(Self(Trace { info, spans: spans.into_iter().map(|SpanJson(span)| span).collect() }))
    }
}

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use candor_model::{Assessment, AssessmentBody, Feedback, FeedbackError, Source, Value};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::responses::{Seq, Shown};
use crate::scalar::format_timestamp;

pub(super) fn assessment<S: Serializer>(from: &Assessment, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("assessment_id", &Shown(&from.id))?;
    map.serialize_entry("assessment_name", from.name.as_str())?;
    map.serialize_entry("trace_id", &Shown(&from.trace_id))?;
    if let Some(span_id) = &from.span_id {
        map.serialize_entry("span_id", &Shown(span_id))?;
    }
    map.serialize_entry("source", &SourceJson(&from.source))?;
    map.serialize_entry("create_time", &format_timestamp(from.create_time))?;
    map.serialize_entry("last_update_time", &format_timestamp(from.last_update_time))?;
    write_body(&mut map, &from.body)?;
    if let Some(rationale) = &from.rationale {
        map.serialize_entry("rationale", rationale)?;
    }
    if !from.metadata.is_empty() {
        map.serialize_entry("metadata", &from.metadata)?;
    }
    if let Some(overridden) = &from.overrides {
        map.serialize_entry("overrides", &Shown(overridden))?;
    }
    map.serialize_entry("valid", &from.valid)?;
    map.end()
}

/// Writes the one of `feedback`, `expectation` and `issue` that it is.
pub(crate) fn write_body<M: SerializeMap>(map: &mut M, body: &AssessmentBody) -> Result<(), M::Error> {
    match body {
        AssessmentBody::Feedback(feedback) => map.serialize_entry("feedback", &FeedbackJson(feedback)),
        AssessmentBody::Expectation(value) => map.serialize_entry("expectation", &ExpectationJson(value)),
        AssessmentBody::Issue { name } => map.serialize_entry("issue", &IssueJson { issue_name: name }),
    }
}

/// A source; `source_id` is left out when nobody said.
pub(crate) struct SourceJson<'a>(pub(crate) &'a Source);

impl Serialize for SourceJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("source_type", self.0.source_type.as_str())?;
        if let Some(id) = &self.0.source_id {
            map.serialize_entry("source_id", id.as_str())?;
        }
        map.end()
    }
}

pub(crate) struct FeedbackJson<'a>(pub(crate) &'a Feedback);

impl Serialize for FeedbackJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("value", &ValueJson(self.0.value()))?;
        if let Some(error) = self.0.error() {
            map.serialize_entry("error", &ErrorJson(error))?;
        }
        map.end()
    }
}

struct ErrorJson<'a>(&'a FeedbackError);

impl Serialize for ErrorJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("error_code", &self.0.code)?;
        if let Some(message) = &self.0.message {
            map.serialize_entry("error_message", message)?;
        }
        if let Some(trace) = &self.0.stack_trace {
            map.serialize_entry("stack_trace", &shortened_stack(trace))?;
        }
        map.end()
    }
}

/// The longest stack trace that readers get, in characters.
const MAX_STACK_CHARS: usize = 10_000;
const CUT_STACK: &str = "[Stack trace is truncated]\n...\n";

fn shortened_stack(trace: &str) -> Cow<'_, str> {
    let chars = if trace.len() > MAX_STACK_CHARS { trace.chars().count() } else { 0 };
    if chars <= MAX_STACK_CHARS {
        return Cow::Borrowed(trace);
    }
    let skipped = chars - (MAX_STACK_CHARS - CUT_STACK.len());
    let tail = trace.char_indices().nth(skipped).map_or("", |(start, _)| &trace[start..]);
    Cow::Owned(format!("{CUT_STACK}{tail}"))
}

/// Scalars as `value`, lists and maps as JSON text.
pub(crate) struct ExpectationJson<'a>(pub(crate) &'a Value);

impl Serialize for ExpectationJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.0 {
            Value::List(_) | Value::Map(_) => {
                let text = SerializedValue { serialization_format: "JSON_FORMAT", value: self.0.json_text() };
                map.serialize_entry("serialized_value", &text)?;
            }
            // A protobuf value has no integers.
            Value::Int(number) => map.serialize_entry("value", &(*number as f64))?,
            scalar => map.serialize_entry("value", &ValueJson(scalar))?,
        }
        map.end()
    }
}

#[derive(Serialize)]
struct SerializedValue {
    serialization_format: &'static str,
    value: String,
}

#[derive(Serialize)]
struct IssueJson<'a> {
    issue_name: &'a str,
}

struct ValueJson<'a>(&'a Value);

impl Serialize for ValueJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(flag) => serializer.serialize_bool(*flag),
            Value::Int(number) => serializer.serialize_i64(*number),
            Value::Float(number) => serializer.serialize_f64(number.get()),
            Value::Text(text) => serializer.serialize_str(text),
            Value::List(items) => Seq(items.iter().map(ValueJson)).serialize(serializer),
            Value::Map(items) => serializer.collect_map(items.iter().map(|(key, item)| (key, ValueJson(item)))),
        }
    }
}

use std::collections::BTreeMap;
use std::fmt;

use candor_model::{
    Assessment, AssessmentBody, AssessmentId, AssessmentName, Feedback, FeedbackError, Source, SourceId, SourceType,
    SpanId, TimestampMs, TraceId, Value,
};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::AnyId;
use crate::scalar::absent::{message, or_default};
use crate::scalar::{text, timestamp};

/// An assessment as anybody sends it: every field optional.
#[derive(Deserialize)]
pub(crate) struct RawAssessment {
    #[serde(default, alias = "assessmentId", deserialize_with = "text::option::deserialize")]
    pub(crate) assessment_id: Option<AnyId<AssessmentId>>,
    #[serde(default, alias = "assessmentName", deserialize_with = "text::option::deserialize")]
    pub(crate) assessment_name: Option<AssessmentName>,
    #[serde(default, alias = "traceId", deserialize_with = "text::option::deserialize")]
    pub(crate) trace_id: Option<AnyId<TraceId>>,
    #[serde(default, alias = "spanId", deserialize_with = "text::option::deserialize")]
    pub(crate) span_id: Option<SpanId>,
    #[serde(default, deserialize_with = "message")]
    source: Option<RawSource>,
    #[serde(default, alias = "createTime", with = "timestamp::option")]
    pub(crate) create_time: Option<TimestampMs>,
    #[serde(default, alias = "lastUpdateTime", with = "timestamp::option")]
    pub(crate) last_update_time: Option<TimestampMs>,
    #[serde(default, deserialize_with = "message")]
    pub(crate) feedback: Option<RawFeedback>,
    #[serde(default, deserialize_with = "message")]
    pub(crate) expectation: Option<RawExpectation>,
    #[serde(default, deserialize_with = "message")]
    issue: Option<RawIssue>,
    #[serde(default)]
    pub(crate) rationale: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) metadata: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "text::option::deserialize")]
    pub(crate) overrides: Option<AnyId<AssessmentId>>,
    #[serde(default)]
    valid: Option<bool>,
}

#[derive(Deserialize)]
struct RawSource {
    #[serde(default, alias = "sourceType", deserialize_with = "source_type")]
    source_type: SourceType,
    #[serde(default, alias = "sourceId", deserialize_with = "text::option::deserialize")]
    source_id: Option<SourceId>,
}

#[derive(Deserialize)]
struct RawIssue {
    #[serde(default, alias = "issueName", deserialize_with = "or_default")]
    issue_name: String,
}

impl RawAssessment {
    /// An answer's assessment, which has all that must be there.
    pub(super) fn into_assessment(mut self) -> Result<Assessment, String> {
        let id = ours(self.assessment_id.take(), "assessment_id")?.ok_or("missing field `assessment_id`")?;
        let trace_id = ours(self.trace_id.take(), "trace_id")?.ok_or("missing field `trace_id`")?;
        let create_time = self.create_time.ok_or("missing field `create_time`")?;
        Ok(Assessment {
            id,
            trace_id,
            span_id: self.span_id,
            source: self.take_source(),
            create_time,
            last_update_time: self.last_update_time.unwrap_or(create_time),
            body: self.take_body()?,
            name: self.assessment_name.map_or_else(nameless, Ok)?,
            rationale: self.rationale,
            metadata: self.metadata,
            overrides: ours(self.overrides, "overrides")?,
            valid: self.valid.unwrap_or(true),
        })
    }

    pub(super) fn take_source(&mut self) -> Source {
        let RawSource { source_type, source_id } =
            self.source.take().unwrap_or(RawSource { source_type: SourceType::Unspecified, source_id: None });
        Source { source_type, source_id }
    }

    pub(super) fn take_body(&mut self) -> Result<AssessmentBody, String> {
        let issue = self.issue.take().map(|RawIssue { issue_name }| AssessmentBody::Issue { name: issue_name });
        let feedback = self.feedback.take().map(|RawFeedback(feedback)| AssessmentBody::Feedback(feedback));
        let expectation = self.expectation.take().map(|RawExpectation(value)| AssessmentBody::Expectation(value));
        match (feedback, expectation, issue) {
            (Some(body), None, None) | (None, Some(body), None) | (None, None, Some(body)) => Ok(body),
            (None, None, None) => Err("Unknown assessment type: None".to_owned()),
            // MLflow takes the first and silently drops what follows the second.
            _ => Err("only one of feedback, expectation and issue may be given".to_owned()),
        }
    }
}

/// The empty name, which MLflow stores when none is given.
pub(crate) fn nameless() -> Result<AssessmentName, String> {
    AssessmentName::new("").map_err(|error| error.to_string())
}

/// An id that must be of our form, since it is to be stored.
pub(super) fn ours<T>(id: Option<AnyId<T>>, field: &str) -> Result<Option<T>, String> {
    match id {
        None => Ok(None),
        Some(AnyId::Ours(id)) => Ok(Some(id)),
        Some(AnyId::Foreign(text)) => Err(format!("{field} {text:?} is not of the form that ids have here")),
    }
}

/// A feedback's value and error; integers become doubles.
pub(crate) struct RawFeedback(pub(crate) Feedback);

impl<'de> Deserialize<'de> for RawFeedback {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Raw {
            #[serde(default, deserialize_with = "value")]
            value: Option<Value>,
            #[serde(default, deserialize_with = "message")]
            error: Option<RawError>,
        }

        #[derive(Deserialize)]
        struct RawError {
            #[serde(default, alias = "errorCode", deserialize_with = "or_default")]
            error_code: String,
            #[serde(default, alias = "errorMessage")]
            error_message: Option<String>,
            #[serde(default, alias = "stackTrace")]
            stack_trace: Option<String>,
        }

        let Raw { value, error } = Raw::deserialize(deserializer)?;
        let error = error.map(|raw| FeedbackError {
            code: raw.error_code,
            message: raw.error_message,
            stack_trace: raw.stack_trace,
        });
        Ok(Self(Feedback::new(value.unwrap_or(Value::Null), error)))
    }
}

/// An expectation's value, from either form; both given, the JSON text wins as in MLflow.
pub(crate) struct RawExpectation(pub(crate) Value);

impl<'de> Deserialize<'de> for RawExpectation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Raw {
            #[serde(default, deserialize_with = "value")]
            value: Option<Value>,
            #[serde(default, alias = "serializedValue", deserialize_with = "message")]
            serialized_value: Option<Serialized>,
        }

        let raw = Raw::deserialize(deserializer)?;
        let value = match raw.serialized_value {
            Some(Serialized(value)) => value,
            // A protobuf value has no integers.
            None => raw.value.unwrap_or(Value::Null).with_floats(),
        };
        if value == Value::Null {
            return Err(D::Error::custom("The `value` field must be specified."));
        }
        Ok(Self(value))
    }
}

/// A value as JSON text, integers exact.
struct Serialized(Value);

impl<'de> Deserialize<'de> for Serialized {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Raw {
            #[serde(default, alias = "serializationFormat", deserialize_with = "or_default")]
            serialization_format: String,
            #[serde(default, deserialize_with = "or_default")]
            value: String,
        }

        let Raw { serialization_format, value } = Raw::deserialize(deserializer)?;
        if serialization_format != "JSON_FORMAT" {
            return Err(D::Error::custom(format_args!(
                "Unknown serialization format: {serialization_format}. Only JSON_FORMAT is supported."
            )));
        }
        let json: serde_json::Value = serde_json::from_str(&value)
            .map_err(|error| D::Error::custom(format_args!("must hold JSON text: {error}")))?;
        Value::try_from(json).map(Self).map_err(D::Error::custom)
    }
}

fn value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    let json = serde_json::Value::deserialize(deserializer)?;
    Value::try_from(json).map(Some).map_err(D::Error::custom)
}

/// A source type by name in any case, or by number; unknown ones count as unspecified.
fn source_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SourceType, D::Error> {
    struct SourceTypeVisitor;

    impl<'de> Visitor<'de> for SourceTypeVisitor {
        type Value = SourceType;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a source type such as HUMAN")
        }

        fn visit_str<E>(self, name: &str) -> Result<SourceType, E> {
            Ok(SourceType::from_name(name).unwrap_or_default())
        }

        fn visit_u64<E>(self, number: u64) -> Result<SourceType, E> {
            let known = usize::try_from(number).ok().and_then(|number| SourceType::ALL.get(number));
            Ok(known.copied().unwrap_or_default())
        }

        fn visit_unit<E>(self) -> Result<SourceType, E> {
            Ok(SourceType::Unspecified)
        }
    }

    deserializer.deserialize_any(SourceTypeVisitor)
}

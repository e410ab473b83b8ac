use std::collections::BTreeMap;

use candor_model::{
    Assessment, AssessmentBody, AssessmentId, AssessmentName, Source, SourceType, SpanId, TimestampMs, TraceId,
};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Deserializer, Serialize};

use super::read::{nameless, ours};
use super::write::SourceJson;
use super::{AnyId, RawAssessment, write_body};
use crate::WireError;
use crate::responses::Shown;
use crate::scalar::format_timestamp;

/// An assessment that a caller wants logged; the server adds what is missing.
///
/// Its `trace_id`, `valid` and `error` are ignored, as in MLflow: the trace is named by the URL, or
/// by the trace info that it came in.
#[derive(Clone, Debug, PartialEq)]
pub struct AssessmentInput {
    /// An id of the caller's choice, so that a retry is recognised.
    pub assessment_id: Option<AssessmentId>,
    /// What is judged; empty when absent.
    pub name: AssessmentName,
    /// The span that is judged.
    pub span_id: Option<SpanId>,
    /// Who judges; unspecified when absent.
    pub source: Source,
    /// When the verdict was given; now when absent.
    pub create_time: Option<TimestampMs>,
    /// When it was last edited; the time of its creation when absent.
    pub last_update_time: Option<TimestampMs>,
    /// What is said.
    pub body: AssessmentBody,
    /// Why, in words; the empty text counts as none.
    pub rationale: Option<String>,
    /// Further facts.
    pub metadata: BTreeMap<String, String>,
    /// The assessment that this one replaces.
    pub overrides: Option<AnyId<AssessmentId>>,
}

impl AssessmentInput {
    /// The assessment as it is to be stored on `trace_id`.
    ///
    /// `fresh_id` and `now` stand in where the caller gave no id and no time.
    ///
    /// # Errors
    /// [`WireError::Field`] when it overrides an id that no assessment can have; servers that answer
    /// "not found" there look at [`overrides`](Self::overrides) before.
    pub fn into_assessment(
        self,
        fresh_id: AssessmentId,
        trace_id: TraceId,
        now: TimestampMs,
    ) -> Result<Assessment, WireError> {
        let create_time = self.create_time.unwrap_or(now);
        Ok(Assessment {
            id: self.assessment_id.unwrap_or(fresh_id),
            trace_id,
            span_id: self.span_id,
            name: self.name,
            source: self.source,
            create_time,
            last_update_time: self.last_update_time.unwrap_or(create_time),
            body: self.body,
            rationale: self.rationale,
            metadata: self.metadata,
            overrides: ours(self.overrides, "overrides")
                .map_err(|reason| WireError::field("assessment.overrides", reason))?,
            valid: true,
        })
    }
}

impl<'de> Deserialize<'de> for AssessmentInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawAssessment::deserialize(deserializer)?;
        raw.into_input().map_err(serde::de::Error::custom)
    }
}

impl RawAssessment {
    fn into_input(mut self) -> Result<AssessmentInput, String> {
        Ok(AssessmentInput {
            assessment_id: ours(self.assessment_id.take(), "assessment_id")?,
            span_id: self.span_id,
            source: self.take_source(),
            create_time: self.create_time,
            last_update_time: self.last_update_time,
            body: self.take_body()?,
            name: self.assessment_name.map_or_else(nameless, Ok)?,
            rationale: self.rationale.filter(|rationale| !rationale.is_empty()),
            metadata: self.metadata,
            overrides: self.overrides,
        })
    }
}

/// Leaves out what is absent, empty or unspecified.
impl Serialize for AssessmentInput {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(id) = &self.assessment_id {
            map.serialize_entry("assessment_id", &Shown(id))?;
        }
        if !self.name.as_str().is_empty() {
            map.serialize_entry("assessment_name", self.name.as_str())?;
        }
        if let Some(span_id) = &self.span_id {
            map.serialize_entry("span_id", &Shown(span_id))?;
        }
        if self.source.source_type != SourceType::Unspecified || self.source.source_id.is_some() {
            map.serialize_entry("source", &SourceJson(&self.source))?;
        }
        if let Some(time) = self.create_time {
            map.serialize_entry("create_time", &format_timestamp(time))?;
        }
        if let Some(time) = self.last_update_time {
            map.serialize_entry("last_update_time", &format_timestamp(time))?;
        }
        write_body(&mut map, &self.body)?;
        if let Some(rationale) = &self.rationale {
            map.serialize_entry("rationale", rationale)?;
        }
        if !self.metadata.is_empty() {
            map.serialize_entry("metadata", &self.metadata)?;
        }
        if let Some(overridden) = &self.overrides {
            map.serialize_entry("overrides", &Shown(overridden))?;
        }
        map.end()
    }
}

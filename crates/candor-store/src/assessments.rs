mod text;

use std::collections::BTreeMap;

use candor_model::{
    Assessment, AssessmentBody, AssessmentId, AssessmentName, Feedback, Source, SpanId, TimestampMs, TraceId, Value,
};

pub use text::{body_from_text, body_text};

use crate::{PendingFeedback, Result, StoreError, Target};

/// An assessment to be logged.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAssessment {
    /// Chosen by the caller, so that a retry of the same call is recognised.
    pub id: AssessmentId,
    /// The trace that is judged, by any id.
    pub target: Target,
    /// The span that is judged; `None` for the whole trace.
    pub span_id: Option<SpanId>,
    /// What is judged.
    pub name: AssessmentName,
    /// Who judges.
    pub source: Source,
    /// What is said.
    pub body: AssessmentBody,
    /// Why, in words.
    pub rationale: Option<String>,
    /// Further facts.
    pub metadata: BTreeMap<String, String>,
    /// An earlier assessment of the same trace that this one replaces.
    pub overrides: Option<AssessmentId>,
    /// When the verdict was given.
    pub create_time: TimestampMs,
    /// When it was last edited.
    pub last_update_time: TimestampMs,
    /// Whether it replaces the last verdict of the same source on the same trace, span and name.
    ///
    /// The natural key is trace, span (or none), name, source type, source id and kind. Overridden is
    /// the newest of that key (by creation time, then by order of writing, whatever the new one's
    /// creation time) that no other assessment overrides, retractions included; none when there is
    /// no such. Looked up in the same transaction; an explicit [`overrides`](Self::overrides) goes
    /// first. Has no effect without a [`source_id`](Source::source_id): nobody's verdicts stand
    /// alone. The empty source id is an id.
    pub supersede: bool,
    /// What to do while no trace fits the target.
    pub when_missing: WhenMissing,
}

impl NewAssessment {
    /// An assessment of a trace as MLflow's own API logs it: no replacing, no waiting.
    pub fn new(
        target: impl Into<Target>,
        name: AssessmentName,
        source: Source,
        body: AssessmentBody,
        create_time: TimestampMs,
    ) -> Self {
        Self {
            id: new_assessment_id(),
            target: target.into(),
            span_id: None,
            name,
            source,
            body,
            rationale: None,
            metadata: BTreeMap::new(),
            overrides: None,
            create_time,
            last_update_time: create_time,
            supersede: false,
            when_missing: WhenMissing::Fail,
        }
    }

    /// The assessment as it is stored on `trace_id`, valid unless it is a retraction.
    pub fn on_trace(self, trace_id: TraceId) -> Assessment {
        let mut assessment = Assessment::new(self.id, trace_id, self.name, self.source, self.body, self.create_time);
        assessment.span_id = self.span_id;
        assessment.last_update_time = self.last_update_time;
        assessment.rationale = self.rationale;
        assessment.metadata = self.metadata;
        assessment.overrides = self.overrides;
        assessment.valid = !assessment.is_retraction();
        assessment
    }
}

/// What to do with an assessment while no trace fits its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhenMissing {
    /// Refuse it with `NotFound`.
    Fail,
    /// Keep it durably and attach it when the trace lands.
    Hold,
}

/// What became of an assessment; durable either way.
#[derive(Clone, Debug, PartialEq)]
pub enum Logged {
    /// It is on its trace.
    Created(Assessment),
    /// One of that id was there already, on the same trace: a retry. Nothing was written.
    Existing(Assessment),
    /// It waits for its trace; also the answer to a retry while it waits.
    Pending(Box<PendingFeedback>),
}

impl Logged {
    /// The assessment, unless it waits for its trace.
    pub fn assessment(&self) -> Option<&Assessment> {
        match self {
            Self::Created(assessment) | Self::Existing(assessment) => Some(assessment),
            Self::Pending(_) => None,
        }
    }
}

/// A change of one assessment; `None` leaves a part as it is.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AssessmentUpdate {
    /// Another name.
    pub name: Option<AssessmentName>,
    /// Another verdict, value and error. `Invalid` on anything but a feedback.
    pub feedback: Option<Feedback>,
    /// Another expected value. `Invalid` on anything but an expectation.
    pub expectation: Option<Value>,
    /// Another rationale.
    pub rationale: Option<String>,
    /// Metadata to add or replace, key by key.
    pub metadata: BTreeMap<String, String>,
}

impl AssessmentUpdate {
    /// Changes the parts that are named and sets the last update time to `at`.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when the update is for another kind of assessment; nothing is changed then.
    pub fn apply_to(self, assessment: &mut Assessment, at: TimestampMs) -> Result<()> {
        match (&mut assessment.body, self.feedback, self.expectation) {
            (_, None, None) => {}
            (AssessmentBody::Feedback(feedback), Some(new), None) => *feedback = new,
            (AssessmentBody::Expectation(value), None, Some(new)) => *value = new,
            (body, feedback, _) => {
                let field = if feedback.is_some() { "feedback" } else { "expectation" };
                let reason = format!("cannot be updated on an assessment of kind {}", body.kind().as_str());
                return Err(StoreError::Invalid { field, reason });
            }
        }
        if let Some(name) = self.name {
            assessment.name = name;
        }
        if let Some(rationale) = self.rationale {
            assessment.rationale = Some(rationale);
        }
        assessment.metadata.extend(self.metadata);
        assessment.last_update_time = at;
        Ok(())
    }
}

/// An assessment id that nobody has: a UUID of version 7, so that ids made later sort later.
pub fn new_assessment_id() -> AssessmentId {
    AssessmentId::from_bytes(uuid::Uuid::now_v7().into_bytes())
}

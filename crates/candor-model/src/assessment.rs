use std::collections::BTreeMap;

use crate::{AssessmentId, AssessmentName, ModelError, SourceId, SpanId, TimestampMs, TraceId, Value, keys};

/// A verdict, an expectation or an issue reference on a trace or on one of its spans.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// Unique in the store.
    pub id: AssessmentId,
    /// The trace that is judged.
    pub trace_id: TraceId,
    /// The span that is judged; `None` for the whole trace.
    pub span_id: Option<SpanId>,
    /// What is judged, e.g. `user_feedback`.
    pub name: AssessmentName,
    /// Who judges.
    pub source: Source,
    /// When the verdict was given.
    pub create_time: TimestampMs,
    /// When it was last edited.
    pub last_update_time: TimestampMs,
    /// What is said.
    pub body: AssessmentBody,
    /// Why, in words; the user's comment.
    pub rationale: Option<String>,
    /// Further facts.
    pub metadata: BTreeMap<String, String>,
    /// The earlier assessment that this one replaces.
    pub overrides: Option<AssessmentId>,
    /// Whether it counts: no existing assessment overrides it, and it withdraws none.
    pub valid: bool,
}

impl Assessment {
    /// A valid assessment of a whole trace, without rationale and metadata.
    pub fn new(
        id: AssessmentId,
        trace_id: TraceId,
        name: AssessmentName,
        source: Source,
        body: AssessmentBody,
        create_time: TimestampMs,
    ) -> Self {
        Self {
            id,
            trace_id,
            span_id: None,
            name,
            source,
            create_time,
            last_update_time: create_time,
            body,
            rationale: None,
            metadata: BTreeMap::new(),
            overrides: None,
            valid: true,
        }
    }

    /// Whether it withdraws the verdict that it overrides instead of replacing it.
    pub fn is_retraction(&self) -> bool {
        self.metadata.get(keys::RETRACTED).is_some_and(|flag| flag == "true")
    }
}

/// What an assessment says.
#[derive(Clone, Debug, PartialEq)]
pub enum AssessmentBody {
    /// How good the answer was.
    Feedback(Feedback),
    /// What the answer should have been.
    Expectation(Value),
    /// A known issue that the trace shows; the assessment's name is the issue's id.
    Issue {
        /// The issue's title.
        name: String,
    },
}

impl AssessmentBody {
    /// A feedback without error; integers become doubles, as in MLflow.
    pub fn feedback(value: Value) -> Self {
        Self::Feedback(Feedback::new(value, None))
    }

    /// The value of a feedback or an expectation.
    pub fn value(&self) -> Option<&Value> {
        match self {
            Self::Feedback(feedback) => Some(feedback.value()),
            Self::Expectation(value) => Some(value),
            Self::Issue { .. } => None,
        }
    }

    /// Which of the three it is.
    pub const fn kind(&self) -> AssessmentKind {
        match self {
            Self::Feedback(_) => AssessmentKind::Feedback,
            Self::Expectation(_) => AssessmentKind::Expectation,
            Self::Issue { .. } => AssessmentKind::Issue,
        }
    }
}

/// The three kinds of assessments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AssessmentKind {
    /// How good the answer was.
    Feedback,
    /// What the answer should have been.
    Expectation,
    /// A known issue that the trace shows.
    Issue,
}

impl AssessmentKind {
    /// MLflow's name of the kind.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Feedback => "feedback",
            Self::Expectation => "expectation",
            Self::Issue => "issue",
        }
    }
}

/// A verdict: a value, or the reason why there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Feedback {
    value: Value,
    error: Option<FeedbackError>,
}

impl Feedback {
    /// Pairs a value with the error of whoever judged; integers become doubles, as in MLflow.
    pub fn new(value: Value, error: Option<FeedbackError>) -> Self {
        Self { value: value.with_floats(), error }
    }

    /// The value, [`Value::Null`] when judging failed. Holds no [`Value::Int`].
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Why judging failed.
    pub fn error(&self) -> Option<&FeedbackError> {
        self.error.as_ref()
    }
}

/// Why a judge could not give a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct FeedbackError {
    /// A short code, e.g. `RATE_LIMIT`.
    pub code: String,
    /// The message for people.
    pub message: Option<String>,
    /// Where it happened.
    pub stack_trace: Option<String>,
}

/// Who judges.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// Person, model or program.
    pub source_type: SourceType,
    /// Which one; `None` when nobody said.
    pub source_id: Option<SourceId>,
}

impl Source {
    /// A person.
    ///
    /// # Errors
    /// [`ModelError::TooLong`] when the id exceeds [`SourceId::MAX_CHARS`].
    pub fn human(id: &str) -> Result<Self, ModelError> {
        Ok(Self { source_type: SourceType::Human, source_id: Some(SourceId::new(id)?) })
    }
}

/// What kind of judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum SourceType {
    /// Nobody said.
    #[default]
    Unspecified,
    /// A person.
    Human,
    /// A language model.
    LlmJudge,
    /// A program.
    Code,
}

impl SourceType {
    /// Every type, in MLflow's order.
    pub const ALL: [Self; 4] = [Self::Unspecified, Self::Human, Self::LlmJudge, Self::Code];

    /// MLflow's name of the type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "SOURCE_TYPE_UNSPECIFIED",
            Self::Human => "HUMAN",
            Self::LlmJudge => "LLM_JUDGE",
            Self::Code => "CODE",
        }
    }

    /// The type of that name, in any case; `AI_JUDGE` is the old name of [`SourceType::LlmJudge`].
    pub fn from_name(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("AI_JUDGE") {
            return Some(Self::LlmJudge);
        }
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feedback_integers_become_doubles_at_every_depth() {
        let feedback = Feedback::new(Value::List(vec![Value::Int(5), Value::Bool(true)]), None);
        assert_eq!(feedback.value().json_text(), "[5.0, true]");
    }

    #[test]
    fn source_types_are_read_in_any_case_and_by_their_old_name() {
        assert_eq!(SourceType::from_name("human"), Some(SourceType::Human));
        assert_eq!(SourceType::from_name("AI_JUDGE"), Some(SourceType::LlmJudge));
        assert_eq!(SourceType::from_name("robot"), None);
    }
}

//! What a filter says, free of its spelling.
//!
//! Aliases are resolved (`trace.text` is the content of a span, `tags.mlflow.traceName` is the name),
//! so that a back end has one thing to compile for each meaning. The enums are closed on purpose: a
//! new clause must not compile until every back end knows it.

use crate::{CompareOp, Inequality, Number, Pattern};

/// A search filter over traces: all clauses must hold; none means that every trace matches.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TraceFilter {
    /// The clauses, in the order they were written.
    pub clauses: Vec<Clause>,
}

/// One condition on a trace.
#[derive(Clone, Debug, PartialEq)]
pub enum Clause {
    /// A time or a duration compared with a number of milliseconds.
    Number {
        /// The left side.
        field: NumberField,
        /// How to compare.
        op: CompareOp,
        /// The right side, in milliseconds.
        value: Number,
    },
    /// One of the trace's own texts.
    Attribute {
        /// The left side.
        field: AttributeField,
        /// What is asked of it; an unset text fulfils nothing, negative tests included.
        test: TextTest,
    },
    /// The trace's name: `name`, or tag `mlflow.traceName`.
    Name(KeyTest),
    /// The run that logged the trace: `run_id`, or metadata `mlflow.sourceRun`.
    ///
    /// `=` matches traces that were linked to the run later, too; the other tests do not.
    RunId(KeyTest),
    /// A tag.
    Tag {
        /// The tag's key, never `mlflow.traceName` when parsed.
        key: String,
        /// What is asked of it; an absent tag fulfils only [`KeyTest::IsNull`].
        test: KeyTest,
    },
    /// A metadata entry, session and user included.
    Metadata {
        /// The entry's key, never `mlflow.sourceRun` when parsed.
        key: String,
        /// What is asked of it; an absent entry fulfils only [`KeyTest::IsNull`].
        test: KeyTest,
    },
    /// A prompt version that the trace is linked to.
    Prompt {
        /// The prompt's name.
        name: String,
        /// Its version.
        version: String,
    },
    /// A property of a span. All span clauses of a filter must hold for one and the same span.
    Span(SpanClause),
    /// A valid feedback or expectation. Each clause may be fulfilled by another one.
    ///
    /// An assessment that carries metadata `mlflow.trace.session` speaks for all traces of the
    /// session that its own trace belongs to.
    Assessment {
        /// Which of the two.
        kind: ValueKind,
        /// The assessment's name.
        name: String,
        /// What is asked of its value.
        test: AssessmentTest,
    },
    /// A reference to an issue, overridden ones too.
    Issue {
        /// The issue's id, which is the assessment's name.
        id: String,
    },
}

/// A number of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NumberField {
    /// When the request came, in milliseconds since the epoch.
    TimestampMs,
    /// How long it took, in milliseconds; unset matches nothing.
    ExecutionTimeMs,
    /// When it ended, in milliseconds since the epoch; an unset duration counts as 0.
    EndTimeMs,
}

impl NumberField {
    /// The field's name in filters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TimestampMs => "timestamp_ms",
            Self::ExecutionTimeMs => "execution_time_ms",
            Self::EndTimeMs => "end_time_ms",
        }
    }
}

/// A text of a trace itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttributeField {
    /// The state's name, e.g. `IN_PROGRESS`.
    Status,
    /// The trace's id; MLflow calls it `request_id` here.
    TraceId,
    /// The app's own id of the request.
    ClientRequestId,
}

impl AttributeField {
    /// The field's name in filters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::TraceId => "request_id",
            Self::ClientRequestId => "client_request_id",
        }
    }
}

/// What is asked of one span.
#[derive(Clone, Debug, PartialEq)]
pub enum SpanClause {
    /// A test of one property.
    Field {
        /// The property.
        field: SpanField,
        /// What is asked of it; an unset property fulfils nothing, negative tests included.
        test: TextTest,
    },
    /// A search in [the span's text](crate::span_text()): `span.content` and `trace.text`.
    Content(ContentTest),
}

/// A property of a span.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SpanField {
    /// The span's name.
    Name,
    /// MLflow's span type, e.g. `LLM`.
    Type,
    /// `UNSET`, `OK` or `ERROR`.
    Status,
    /// An attribute: strings as they are, everything else as JSON
    /// ([`attribute_text`](crate::attribute_text)).
    Attribute(String),
}

/// A comparison with a text; case counts except in [`TextMatch::ILike`].
#[derive(Clone, Debug, PartialEq)]
pub enum TextMatch {
    /// `=`
    Eq(String),
    /// `!=`: the text exists and differs.
    Ne(String),
    /// `LIKE`: see [`like`](crate::like()).
    Like(String),
    /// `ILIKE`: as `LIKE`, with ASCII letters folded.
    ILike(String),
    /// `RLIKE`: the regular expression matches somewhere.
    RLike(Pattern),
}

/// A test of a text, or of its membership in a list.
#[derive(Clone, Debug, PartialEq)]
pub enum TextTest {
    /// A comparison.
    Match(TextMatch),
    /// `IN` or `NOT IN`.
    In {
        /// Whether it is `NOT IN`: the text exists and is none of these.
        negated: bool,
        /// The list, not empty when parsed.
        values: Vec<String>,
    },
}

/// A test of a text under a key, or of the key's presence.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyTest {
    /// A comparison.
    Match(TextMatch),
    /// `IS NULL` or `IS NOT NULL`.
    IsNull {
        /// Whether it is `IS NOT NULL`.
        negated: bool,
    },
}

/// A search in a long text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentTest {
    /// `LIKE`
    Like(String),
    /// `ILIKE`
    ILike(String),
}

/// The two kinds of assessments that have a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// How good the answer was.
    Feedback,
    /// What the answer should have been.
    Expectation,
}

impl ValueKind {
    /// The prefix in filters, which is also MLflow's name of the kind.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Feedback => "feedback",
            Self::Expectation => "expectation",
        }
    }
}

/// A test of an assessment's value.
#[derive(Clone, Debug, PartialEq)]
pub enum AssessmentTest {
    /// A comparison with a text: see [`ValueText::matches`](crate::ValueText::matches).
    Match(TextMatch),
    /// A comparison with a number; only numbers fulfil it, not booleans and numeric strings.
    Number {
        /// How to compare.
        op: Inequality,
        /// The right side.
        value: Number,
    },
    /// `IS NULL`: there is no such valid assessment; `IS NOT NULL`: there is one, of any value.
    IsNull {
        /// Whether it is `IS NOT NULL`.
        negated: bool,
    },
}

impl TraceFilter {
    /// Whether every trace matches.
    pub fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }

    /// Whether evaluation looks at spans, and thus needs them loaded.
    pub fn needs_spans(&self) -> bool {
        self.clauses.iter().any(|clause| matches!(clause, Clause::Span(_)))
    }

    /// Whether evaluation looks at feedback or expectations, and thus at those of the whole session.
    pub fn needs_assessments(&self) -> bool {
        self.clauses.iter().any(|clause| matches!(clause, Clause::Assessment { .. }))
    }
}

impl TextMatch {
    /// Whether `text` fulfils it.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Eq(wanted) => text == wanted,
            Self::Ne(unwanted) => text != unwanted,
            Self::Like(pattern) => crate::like(pattern, text, false),
            Self::ILike(pattern) => crate::like(pattern, text, true),
            Self::RLike(pattern) => pattern.is_match(text),
        }
    }

    /// The comparator and the text to the right of it.
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Eq(value) => ("=", value),
            Self::Ne(value) => ("!=", value),
            Self::Like(pattern) => ("LIKE", pattern),
            Self::ILike(pattern) => ("ILIKE", pattern),
            Self::RLike(pattern) => ("RLIKE", pattern.source()),
        }
    }
}

impl TextTest {
    /// Whether `text` fulfils it; an absent one never does.
    pub fn matches(&self, text: Option<&str>) -> bool {
        text.is_some_and(|text| match self {
            Self::Match(comparison) => comparison.matches(text),
            Self::In { negated, values } => values.iter().any(|value| value == text) != *negated,
        })
    }
}

impl KeyTest {
    /// Whether the text under the key fulfils it; `None` when the key is absent.
    pub fn matches(&self, text: Option<&str>) -> bool {
        match self {
            Self::Match(comparison) => text.is_some_and(|text| comparison.matches(text)),
            Self::IsNull { negated } => text.is_some() == *negated,
        }
    }
}

impl ContentTest {
    /// Whether `text` fulfils it.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Like(pattern) => crate::like(pattern, text, false),
            Self::ILike(pattern) => crate::like(pattern, text, true),
        }
    }
}

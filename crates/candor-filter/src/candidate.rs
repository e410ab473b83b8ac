use std::borrow::Cow;
use std::cell::OnceCell;

use candor_model::{Assessment, Span, TraceInfo};

use crate::span_text;

/// A trace with all that a filter may look at.
///
/// What [`TraceFilter::needs_spans`](crate::TraceFilter::needs_spans) and
/// [`needs_assessments`](crate::TraceFilter::needs_assessments) deny may be left empty.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The trace; its tags, metadata and assessments count.
    pub info: &'a TraceInfo,
    /// Its spans.
    pub spans: &'a [SpanView<'a>],
    /// Ids of the runs that it was linked to after it was logged.
    pub linked_runs: &'a [String],
    /// The prompt versions that it is linked to, as `name/version`.
    pub linked_prompts: &'a [String],
    /// Assessments of the other traces of its session, in the experiments that are searched. Those
    /// that are not valid or lack metadata `mlflow.trace.session` are passed over. Empty when the
    /// trace has no session.
    pub session_assessments: &'a [&'a Assessment],
}

impl<'a> Candidate<'a> {
    /// A trace without spans, links and session.
    pub const fn new(info: &'a TraceInfo) -> Self {
        Self { info, spans: &[], linked_runs: &[], linked_prompts: &[], session_assessments: &[] }
    }
}

/// A span and its searchable text, which is made when it is first asked for.
#[derive(Clone, Debug)]
pub struct SpanView<'a> {
    span: &'a Span,
    text: OnceCell<Cow<'a, str>>,
}

impl<'a> SpanView<'a> {
    /// Views a span whose text is not at hand.
    pub const fn new(span: &'a Span) -> Self {
        Self { span, text: OnceCell::new() }
    }

    /// Views a span whose text was kept since [`span_text`](crate::span_text()) made it.
    pub fn with_text(span: &'a Span, text: &'a str) -> Self {
        Self { span, text: OnceCell::from(Cow::Borrowed(text)) }
    }

    /// The span.
    pub const fn span(&self) -> &'a Span {
        self.span
    }

    /// The text that `span.content` and `trace.text` search in.
    pub fn text(&self) -> &str {
        self.text.get_or_init(|| Cow::Owned(span_text(self.span)))
    }
}

/// A span as a back end keeps it: what has columns of its own, and the text of [`span_text`](crate::span_text()).
#[derive(Clone, Copy, Debug)]
pub struct SpanRow<'a> {
    /// The span's name.
    pub name: &'a str,
    /// Its type, e.g. `LLM`.
    pub span_type: Option<&'a str>,
    /// The name of its status, e.g. `OK`.
    pub status: &'a str,
    /// All the rest.
    pub text: &'a str,
}

//! The text that back ends keep of a span: compact JSON that loses nothing and can be searched.
//!
//! ```json
//! {"name":"ask","kind":"CLIENT","status":{"code":"ERROR","message":"boom"},
//!  "attributes":{"mlflow.spanType":"LLM","n":5,"score":5.0,"blob":{"$bytes":"AAE"}},
//!  "events":[{"name":"exception","time_unix_nano":1,"attributes":{}}],
//!  "links":[{"trace_id":"tr-…","span_id":"…","attributes":{}}]}
//! ```
//!
//! Ids and times of the span itself are left out: a back end keeps them in columns. `kind`,
//! `message`, `events` and `links` are left out when they say nothing. Doubles have a point or an
//! exponent and integers have neither. What JSON lacks is a map with one key: `{"$bytes":"<base64>"}`
//! and `{"$double":"NaN"}` (or `inf`, `-inf`). Attribute keys that begin with `$` get one more.

mod decode;
mod encode;

use candor_model::{AnyValue, Span, SpanId, TraceId, UnixNanos};

/// The deepest nesting of lists and maps that [`span_from_text`] reads.
pub const MAX_SPAN_DEPTH: usize = 200;

/// What [`span_text`] leaves out of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanColumns {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Unique within the trace.
    pub span_id: SpanId,
    /// The enclosing span; `None` for a root.
    pub parent_id: Option<SpanId>,
    /// When it began.
    pub start: UnixNanos,
    /// When it ended; `None` while it runs.
    pub end: Option<UnixNanos>,
}

impl SpanColumns {
    /// Those of `span`.
    pub const fn of(span: &Span) -> Self {
        Self {
            trace_id: span.trace_id,
            span_id: span.span_id,
            parent_id: span.parent_id,
            start: span.start,
            end: span.end,
        }
    }
}

/// A text that is not [`span_text`]'s.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the text of a span: expected {expected} at byte {offset}")]
#[non_exhaustive]
pub struct SpanTextError {
    /// What should stand there.
    pub expected: &'static str,
    /// Where, in bytes from 0 on.
    pub offset: usize,
}

/// The text to keep and to search in.
pub fn span_text(span: &Span) -> String {
    encode::span(span)
}

/// The span that `text` was made of.
///
/// # Errors
/// [`SpanTextError`] when the text was not made by [`span_text`], or nests deeper than [`MAX_SPAN_DEPTH`].
pub fn span_from_text(text: &str, columns: SpanColumns) -> Result<Span, SpanTextError> {
    decode::span(text, columns)
}

/// The value of one attribute of the span that `text` was made of, without reading the rest of it.
///
/// # Errors
/// [`SpanTextError`] as with [`span_from_text`]; what is skipped is not looked at closely.
///
/// ```
/// # fn main() -> Result<(), candor_filter::SpanTextError> {
/// let text = r#"{"name":"ask","status":{"code":"OK"},"attributes":{"tokens":5}}"#;
/// assert_eq!(candor_filter::attribute_in_text(text, "tokens")?, Some(candor_model::AnyValue::Int(5)));
/// assert_eq!(candor_filter::attribute_in_text(text, "cost")?, None);
/// # Ok(())
/// # }
/// ```
pub fn attribute_in_text(text: &str, key: &str) -> Result<Option<AnyValue>, SpanTextError> {
    decode::attribute(text, key)
}

/// What `span.attributes.K` compares: a string as it is, everything else as in [`span_text`].
pub fn attribute_text(value: &AnyValue) -> std::borrow::Cow<'_, str> {
    match value {
        AnyValue::String(text) => text.into(),
        other => encode::value(other).into(),
    }
}

#[cfg(test)]
mod tests;

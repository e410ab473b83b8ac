//! What MLflow makes of attribute values on their way in.

use candor_model::{AnyValue, Attributes, Span};

use crate::attributes::{bytes_literal, parse_json_text};

/// The deepest JSON that [`unwrap_json_strings`] unwraps, in levels of lists and maps.
///
/// Every level takes three of the 100 levels that protobuf's readers allow: what is deeper would
/// make the whole trace unreadable for MLflow's Python client.
const MAX_UNWRAPPED_DEPTH: usize = 24;

/// What both decoders do to a span that is read.
pub(super) fn finish(span: &mut Span) {
    unwrap_json_strings(span);
}

/// Replaces string attributes that hold a JSON object, array or string by what they hold.
///
/// MLflow's store works so: instrumentation that has only strings for attributes writes inputs and
/// outputs as JSON text. Numbers, booleans and null stay text, as do strings within values, the
/// attributes of events and links, and JSON of more than 24 levels.
///
/// ```
/// use candor_model::{AnyValue, Attributes, Span, SpanId, TraceId};
/// # use candor_model::{SpanKind, SpanStatus, UnixNanos};
/// # let span = |attributes| Span {
/// #     trace_id: TraceId::from_bytes([1; 16]), span_id: SpanId::from_bytes([1; 8]), parent_id: None,
/// #     name: String::new(), kind: SpanKind::Internal, start: UnixNanos::from_nanos(1), end: None,
/// #     status: SpanStatus::default(), attributes, events: Vec::new(), links: Vec::new(),
/// # };
/// let pairs = [("q", r#"{"top_k": 5}"#), ("n", "5")].map(|(key, text)| (key, AnyValue::from(text)));
/// let mut span = span(Attributes::from_iter(pairs));
/// candor_wire::otlp::unwrap_json_strings(&mut span);
/// assert_eq!(span.attributes.get("q").and_then(|q| q.get("top_k")), Some(&AnyValue::Int(5)));
/// assert_eq!(span.attributes.get_str("n"), Some("5"));
/// ```
pub fn unwrap_json_strings(span: &mut Span) {
    for (_, value) in span.attributes.iter_mut() {
        let AnyValue::String(text) = value else { continue };
        if is_plain_json_string(text) {
            text.pop();
            text.remove(0);
        } else if let Some(inner) = may_be_json(text).then(|| parse_json_text(text)).flatten()
            && depth(&inner) <= MAX_UNWRAPPED_DEPTH
        {
            *value = inner;
        }
    }
}

/// Whether the text is a JSON string that means just what stands between its quotes, as most do.
fn is_plain_json_string(text: &str) -> bool {
    match text.as_bytes() {
        [b'"', inner @ .., b'"'] => inner.iter().all(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)),
        _ => false,
    }
}

/// Spares the parser the strings that are plainly no object, array or string.
fn may_be_json(text: &str) -> bool {
    matches!(text.trim_ascii().as_bytes(), [b'{', .., b'}'] | [b'[', .., b']'] | [b'"', .., b'"'])
}

fn depth(value: &AnyValue) -> usize {
    match value {
        AnyValue::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        AnyValue::KvList(pairs) => 1 + pairs.iter().map(|(_, item)| depth(item)).max().unwrap_or(0),
        _ => 0,
    }
}

/// Replaces bytes at every depth by the text of a Python bytes literal.
pub(super) fn literals_for_bytes(attributes: &mut Attributes) {
    attributes.iter_mut().for_each(|(_, value)| replace_bytes(value));
}

fn replace_bytes(value: &mut AnyValue) {
    match value {
        AnyValue::Bytes(bytes) => *value = AnyValue::String(bytes_literal(bytes)),
        AnyValue::Array(items) => items.iter_mut().for_each(replace_bytes),
        AnyValue::KvList(pairs) => pairs.iter_mut().for_each(|(_, item)| replace_bytes(item)),
        _ => {}
    }
}

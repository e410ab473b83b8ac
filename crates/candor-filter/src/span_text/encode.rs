use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use candor_model::{AnyValue, Attributes, Span, SpanEvent, SpanKind, SpanLink};

use crate::scan;

pub(super) fn span(span: &Span) -> String {
    // Most spans hold one prompt and one answer; growing from nothing would copy them repeatedly.
    let mut out = String::with_capacity(256 + size_hint(&span.attributes));
    out.push_str("{\"name\":");
    string(&mut out, "", &span.name);
    if span.kind != SpanKind::Unspecified {
        out.push_str(",\"kind\":\"");
        out.push_str(kind_name(span.kind));
        out.push('"');
    }
    out.push_str(",\"status\":{\"code\":\"");
    out.push_str(span.status.code.as_str());
    out.push('"');
    if !span.status.message.is_empty() {
        out.push_str(",\"message\":");
        string(&mut out, "", &span.status.message);
    }
    out.push_str("},\"attributes\":");
    attributes(&mut out, &span.attributes);
    if !span.events.is_empty() {
        out.push_str(",\"events\":");
        list(&mut out, &span.events, event);
    }
    if !span.links.is_empty() {
        out.push_str(",\"links\":");
        list(&mut out, &span.links, link);
    }
    out.push('}');
    out
}

pub(super) fn value(value: &AnyValue) -> String {
    let mut out = String::new();
    any_value(&mut out, value);
    out
}

pub(super) const fn kind_name(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Unspecified => "UNSPECIFIED",
        SpanKind::Internal => "INTERNAL",
        SpanKind::Server => "SERVER",
        SpanKind::Client => "CLIENT",
        SpanKind::Producer => "PRODUCER",
        SpanKind::Consumer => "CONSUMER",
    }
}

fn event(out: &mut String, event: &SpanEvent) {
    out.push_str("{\"name\":");
    string(out, "", &event.name);
    // Writing to a String cannot fail, here and below.
    let _ = write!(out, ",\"time_unix_nano\":{},\"attributes\":", event.time.as_nanos());
    attributes(out, &event.attributes);
    out.push('}');
}

fn link(out: &mut String, link: &SpanLink) {
    let _ = write!(out, "{{\"trace_id\":\"{}\",\"span_id\":\"{}\",\"attributes\":", link.trace_id, link.span_id);
    attributes(out, &link.attributes);
    out.push('}');
}

fn attributes(out: &mut String, attributes: &Attributes) {
    map(out, attributes.iter());
}

fn any_value(out: &mut String, value: &AnyValue) {
    match value {
        AnyValue::Empty => out.push_str("null"),
        AnyValue::String(text) => string(out, "", text),
        AnyValue::Bool(true) => out.push_str("true"),
        AnyValue::Bool(false) => out.push_str("false"),
        AnyValue::Int(number) => {
            let _ = write!(out, "{number}");
        }
        // Debug writes the shortest text that reads back as the same double, with a point or an exponent.
        AnyValue::Double(number) if number.is_finite() => {
            let _ = write!(out, "{number:?}");
        }
        AnyValue::Double(number) => {
            let _ = write!(out, "{{\"$double\":\"{number}\"}}");
        }
        AnyValue::Bytes(bytes) => {
            out.push_str("{\"$bytes\":\"");
            STANDARD_NO_PAD.encode_string(bytes, out);
            out.push_str("\"}");
        }
        AnyValue::Array(items) => list(out, items, any_value),
        AnyValue::KvList(pairs) => map(out, pairs.iter().map(|(key, value)| (key.as_str(), value))),
    }
}

fn list<T>(out: &mut String, items: &[T], write_item: impl Fn(&mut String, &T)) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_item(out, item);
    }
    out.push(']');
}

fn map<'a>(out: &mut String, pairs: impl Iterator<Item = (&'a str, &'a AnyValue)>) {
    out.push('{');
    for (index, (key, value)) in pairs.enumerate() {
        if index > 0 {
            out.push(',');
        }
        string(out, if key.starts_with('$') { "$" } else { "" }, key);
        out.push(':');
        any_value(out, value);
    }
    out.push('}');
}

/// Copies runs that need no escape at once; they are nearly everything.
fn string(out: &mut String, prefix: &str, text: &str) {
    out.push('"');
    out.push_str(prefix);
    let mut rest = text;
    while let Some(len) = scan::position(rest.as_bytes(), |byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        out.push_str(&rest[..len]);
        match rest.as_bytes()[len] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            byte => {
                let _ = write!(out, "\\u{byte:04x}");
            }
        }
        rest = &rest[len + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

fn size_hint(attributes: &Attributes) -> usize {
    let value_size = |value: &AnyValue| match value {
        AnyValue::String(text) => text.len() + text.len() / 16,
        AnyValue::Bytes(bytes) => bytes.len() * 4 / 3 + 16,
        _ => 32,
    };
    attributes.iter().map(|(key, value)| key.len() + 8 + value_size(value)).sum()
}

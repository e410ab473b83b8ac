//! JSON and bytes literals as Python writes them.

use std::fmt::Write;

use candor_model::{AnyValue, Value};

use super::write::nonfinite_name;

pub(super) fn json_text(value: &AnyValue) -> String {
    let mut out = String::new();
    write_json(&mut out, value);
    out
}

fn write_json(out: &mut String, value: &AnyValue) {
    match value {
        AnyValue::Empty => out.push_str("null"),
        AnyValue::String(text) => write_string(out, text),
        AnyValue::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        AnyValue::Int(number) => out.push_str(&number.to_string()),
        AnyValue::Double(number) => match Value::try_from(*number) {
            Ok(number) => out.push_str(&number.json_text()),
            Err(_) => out.push_str(nonfinite_name(*number).unwrap_or("null")),
        },
        AnyValue::Bytes(bytes) => write_string(out, &bytes_literal(bytes)),
        AnyValue::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(out, index);
                write_json(out, item);
            }
            out.push(']');
        }
        AnyValue::KvList(pairs) => {
            out.push('{');
            for (index, (key, item)) in pairs.iter().enumerate() {
                separate(out, index);
                write_string(out, key);
                out.push_str(": ");
                write_json(out, item);
            }
            out.push('}');
        }
    }
}

fn separate(out: &mut String, index: usize) {
    if index > 0 {
        out.push_str(", ");
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push_str(&Value::from(text).json_text());
}

/// Python's `repr` of a bytes object, e.g. `b'\x01\n'`: what MLflow makes of a bytes attribute.
pub(crate) fn bytes_literal(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut out = String::with_capacity(bytes.len() + 3);
    out.push('b');
    out.push(quote);
    for byte in bytes {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\'' if quote == '\'' => out.push_str("\\'"),
            b' '..=b'~' => out.push(char::from(*byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(out, "\\x{byte:02x}")),
        }
    }
    out.push(quote);
    out
}

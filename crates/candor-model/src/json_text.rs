//! JSON text exactly as Python's `json.dumps` writes it, since MLflow's filters compare that text.

use std::fmt::Write;

use crate::{AnyValue, Value};

/// What `json.dumps` does with characters beyond ASCII.
#[derive(Clone, Copy)]
pub(crate) enum NonAscii {
    /// `ensure_ascii=True`, the default.
    Escape,
    /// `ensure_ascii=False`.
    Keep,
}

pub(crate) fn value_text(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

pub(crate) fn any_value_text(value: &AnyValue, non_ascii: NonAscii) -> String {
    let mut out = String::new();
    write_any_value(&mut out, value, non_ascii);
    out
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::Float(number) => out.push_str(&python_float(number.get())),
        Value::Text(text) => write_string(out, text, NonAscii::Escape),
        Value::List(items) => write_list(out, items, write_value),
        Value::Map(items) => write_map(out, items, NonAscii::Escape, write_value),
    }
}

fn write_any_value(out: &mut String, value: &AnyValue, non_ascii: NonAscii) {
    match value {
        AnyValue::Empty => out.push_str("null"),
        AnyValue::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        AnyValue::Int(number) => out.push_str(&number.to_string()),
        AnyValue::Double(number) => out.push_str(&python_float(*number)),
        AnyValue::String(text) => write_string(out, text, non_ascii),
        AnyValue::Bytes(bytes) => write_string(out, &String::from_utf8_lossy(bytes), non_ascii),
        AnyValue::Array(items) => write_list(out, items, |out, item| write_any_value(out, item, non_ascii)),
        AnyValue::KvList(items) => {
            let pairs = items.iter().map(|(key, item)| (key, item));
            write_map(out, pairs, non_ascii, |out, item| write_any_value(out, item, non_ascii));
        }
    }
}

fn write_list<T>(out: &mut String, items: &[T], write_item: impl Fn(&mut String, &T)) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_item(out, item);
    }
    out.push(']');
}

fn write_map<'a, T: 'a>(
    out: &mut String,
    items: impl IntoIterator<Item = (&'a String, &'a T)>,
    non_ascii: NonAscii,
    write_item: impl Fn(&mut String, &T),
) {
    out.push('{');
    for (index, (key, item)) in items.into_iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_string(out, key, non_ascii);
        out.push_str(": ");
        write_item(out, item);
    }
    out.push('}');
}

fn write_string(out: &mut String, text: &str, non_ascii: NonAscii) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(character),
            '\u{80}'.. if matches!(non_ascii, NonAscii::Keep) => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

/// Python's `repr` of a float: shortest digits, an exponent below 1e-4 and from 1e16 on.
fn python_float(number: f64) -> String {
    if !number.is_finite() {
        let sign = if number < 0.0 { "-" } else { "" };
        return if number.is_nan() { "NaN".to_owned() } else { format!("{sign}Infinity") };
    }
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if number != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    format!("{number:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations were printed by CPython 3.11's `json.dumps`.
    #[test]
    fn floats_are_written_as_python_writes_them() {
        for (number, text) in [
            (5.0, "5.0"),
            (4.5, "4.5"),
            (-0.0, "-0.0"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (1e22, "1e+22"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (9007199254740992.0, "9007199254740992.0"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(python_float(number), text);
        }
    }

    #[test]
    fn strings_are_escaped_as_python_escapes_them() {
        let text = Value::Text("\"\\\n\u{7f}é😀\0".into());
        assert_eq!(text.json_text(), r#""\"\\\n\u007f\u00e9\ud83d\ude00\u0000""#);
        assert_eq!(AnyValue::from("é\n").preview_text(), r#""é\n""#);
    }
}

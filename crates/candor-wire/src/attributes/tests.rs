use super::*;

/// Expectations were printed by CPython 3.11's `repr`.
#[test]
fn bytes_are_written_as_python_writes_them() {
    for (bytes, literal) in [
        (&b""[..], r"b''"),
        (b"\x01\x02", r"b'\x01\x02'"),
        (b"a\"\n\t\r\\ ~\x7f\xff\0", r#"b'a"\n\t\r\\ ~\x7f\xff\x00'"#),
        (b"it's", r#"b"it's""#),
        (b"\x01\x02'a\"", r#"b'\x01\x02\'a"'"#),
    ] {
        assert_eq!(bytes_literal(bytes), literal);
    }
}

#[test]
fn json_text_has_pythons_spacing_and_numbers() {
    let value = AnyValue::KvList(vec![
        ("k".to_owned(), AnyValue::Array(vec![AnyValue::Int(1), AnyValue::Double(5.0), AnyValue::Empty])),
        ("n".to_owned(), AnyValue::Double(f64::NAN)),
        ("b".to_owned(), AnyValue::Bytes(vec![1])),
        ("é".to_owned(), AnyValue::Bool(false)),
    ]);
    let text = r#"{"k": [1, 5.0, null], "n": NaN, "b": "b'\\x01'", "\u00e9": false}"#;
    assert_eq!(json_text(&value), text);
}

#[test]
fn json_text_is_read_with_its_keys_in_order() {
    let pairs = vec![("z".to_owned(), AnyValue::Int(-1)), ("a".to_owned(), AnyValue::Double(1.0))];
    assert_eq!(parse_json_text(r#" {"z": -1, "a": 1.0} "#), Some(AnyValue::KvList(pairs)));
    assert_eq!(parse_json_text("{"), None);
    assert_eq!(parse_json_text("NaN"), None);
}

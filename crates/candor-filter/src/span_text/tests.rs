use super::*;
use candor_model::{Attributes, SpanEvent, SpanKind, SpanLink, SpanStatus, StatusCode};
use proptest::prelude::*;

fn span() -> Span {
    Span {
        trace_id: TraceId::from_bytes([1; 16]),
        span_id: SpanId::from_bytes([2; 8]),
        parent_id: Some(SpanId::from_bytes([3; 8])),
        name: "ask".to_owned(),
        kind: SpanKind::Unspecified,
        start: UnixNanos::from_nanos(5),
        end: None,
        status: SpanStatus::default(),
        attributes: Attributes::default(),
        events: Vec::new(),
        links: Vec::new(),
    }
}

#[test]
fn a_plain_span_is_short() {
    assert_eq!(span_text(&span()), r#"{"name":"ask","status":{"code":"UNSET"},"attributes":{}}"#);
}

#[test]
fn a_full_span_reads_well() {
    let full = Span {
        name: "say \"hi\"\n\u{1}é".to_owned(),
        kind: SpanKind::Client,
        status: SpanStatus { code: StatusCode::Error, message: "boom".to_owned() },
        attributes: Attributes::from_iter([
            ("z", AnyValue::Int(5)),
            ("a", AnyValue::Double(5.0)),
            ("$b", AnyValue::Bytes(vec![0, 1])),
            ("n", AnyValue::Array(vec![AnyValue::Empty, AnyValue::Double(f64::NEG_INFINITY), AnyValue::Bool(true)])),
            ("m", AnyValue::KvList(vec![("$bytes".to_owned(), "x".into()), ("$bytes".to_owned(), AnyValue::Empty)])),
        ]),
        events: vec![SpanEvent {
            time: UnixNanos::from_nanos(u64::MAX),
            name: "exception".to_owned(),
            attributes: Attributes::default(),
        }],
        links: vec![SpanLink {
            trace_id: TraceId::from_bytes([0xab; 16]),
            span_id: SpanId::from_bytes([0xcd; 8]),
            attributes: Attributes::from_iter([("k", "v".into())]),
        }],
        ..span()
    };
    let text = span_text(&full);
    let expected = [
        r#"{"name":"say \"hi\"\n\u0001é","kind":"CLIENT","status":{"code":"ERROR","message":"boom"},"#,
        r#""attributes":{"z":5,"a":5.0,"$$b":{"$bytes":"AAE"},"n":[null,{"$double":"-inf"},true],"#,
        r#""m":{"$$bytes":"x","$$bytes":null}},"#,
        r#""events":[{"name":"exception","time_unix_nano":18446744073709551615,"attributes":{}}],"#,
        r#""links":[{"trace_id":"tr-abababababababababababababababab","span_id":"cdcdcdcdcdcdcdcd","#,
        r#""attributes":{"k":"v"}}]}"#,
    ];
    assert_eq!(text, expected.concat());
    assert_eq!(span_from_text(&text, SpanColumns::of(&full)), Ok(full));
}

#[test]
fn attributes_are_compared_as_people_write_them() {
    let map = AnyValue::KvList(vec![("q".to_owned(), AnyValue::Array(vec![AnyValue::Int(1), "x".into()]))]);
    for (value, text) in [
        ("it's \"x\"".into(), "it's \"x\""),
        (AnyValue::Int(5), "5"),
        (AnyValue::Double(5.0), "5.0"),
        (AnyValue::Bool(true), "true"),
        (AnyValue::Empty, "null"),
        (map, r#"{"q":[1,"x"]}"#),
    ] {
        assert_eq!(attribute_text(&value), text);
    }
}

#[track_caller]
fn check_error(text: &str, expected: &str) {
    assert_eq!(span_from_text(text, SpanColumns::of(&span())).unwrap_err().to_string(), expected);
}

#[test]
fn what_is_no_span_is_pointed_at() {
    check_error("", "not the text of a span: expected { at byte 0");
    check_error("{}x", "not the text of a span: expected the end at byte 2");
    check_error(r#"{"x":1}"#, "not the text of a span: expected a field of a span at byte 5");
    check_error(r#"{"name":"a"#, "not the text of a span: expected the end of a string at byte 9");
    check_error(r#"{"kind":"ROUND"}"#, "not the text of a span: expected the kind of a span at byte 15");
    check_error(r#"{"attributes":{"a":?}}"#, "not the text of a span: expected a value at byte 19");
    check_error(r#"{"attributes":{"a":"\ud800"}}"#, "not the text of a span: expected four hex digits at byte 21");
    check_error(r#"{"links":[{}]}"#, "not the text of a span: expected a link with two ids at byte 12");
    let deep = format!(r#"{{"attributes":{{"a":{}"#, "[".repeat(100_000));
    check_error(&deep, "not the text of a span: expected less nesting at byte 219");
}

/// NaN is not equal to itself, so values are compared by what they print.
fn same(a: &Span, b: &Span) -> bool {
    format!("{a:?}") == format!("{b:?}")
}

fn any_value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        Just(AnyValue::Empty),
        any::<String>().prop_map(AnyValue::String),
        any::<bool>().prop_map(AnyValue::Bool),
        any::<i64>().prop_map(AnyValue::Int),
        any::<f64>().prop_map(AnyValue::Double),
        prop::sample::select(vec![0.0, -0.0, 1e16, 1e-7, f64::MAX, f64::MIN_POSITIVE, f64::NAN, f64::INFINITY])
            .prop_map(AnyValue::Double),
        prop::collection::vec(any::<u8>(), 0..5).prop_map(AnyValue::Bytes),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(AnyValue::Array),
            prop::collection::vec((attribute_key(), inner), 0..4).prop_map(AnyValue::KvList),
        ]
    })
}

fn attribute_key() -> impl Strategy<Value = String> {
    prop_oneof!["\\$?\\$?[a-z]{0,2}", Just("$bytes".to_owned()), Just("$double".to_owned()), any::<String>()]
}

fn attributes() -> impl Strategy<Value = Attributes> {
    prop::collection::vec((attribute_key(), any_value()), 0..4).prop_map(Attributes::from_iter)
}

fn any_span() -> impl Strategy<Value = Span> {
    let kinds =
        vec![SpanKind::Unspecified, SpanKind::Internal, SpanKind::Server, SpanKind::Producer, SpanKind::Consumer];
    let codes = vec![StatusCode::Unset, StatusCode::Ok, StatusCode::Error];
    let event = (any::<u64>(), any::<String>(), attributes()).prop_map(|(time, name, attributes)| SpanEvent {
        time: UnixNanos::from_nanos(time),
        name,
        attributes,
    });
    let link = (any::<[u8; 16]>(), any::<[u8; 8]>(), attributes()).prop_map(|(trace_id, span_id, attributes)| {
        SpanLink { trace_id: TraceId::from_bytes(trace_id), span_id: SpanId::from_bytes(span_id), attributes }
    });
    (
        (any::<String>(), prop::sample::select(kinds), prop::sample::select(codes), any::<String>()),
        attributes(),
        prop::collection::vec(event, 0..3),
        prop::collection::vec(link, 0..3),
    )
        .prop_map(|((name, kind, code, message), attributes, events, links)| Span {
            name,
            kind,
            status: SpanStatus { code, message },
            attributes,
            events,
            links,
            ..span()
        })
}

proptest! {
    #[test]
    fn nothing_is_lost(original in any_span()) {
        let text = span_text(&original);
        let read = span_from_text(&text, SpanColumns::of(&original)).unwrap();
        prop_assert!(same(&read, &original), "{}", text);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{}", text);
    }

    #[test]
    fn one_attribute_is_read_as_among_all(original in any_span(), other in attribute_key()) {
        let text = span_text(&original);
        let keys = original.attributes.iter().map(|(key, _)| key).chain([other.as_str()]);
        for key in keys {
            let (alone, among_all) = (attribute_in_text(&text, key).unwrap(), original.attributes.get(key));
            prop_assert_eq!(format!("{:?}", alone.as_ref()), format!("{among_all:?}"), "{} in {}", key, text);
        }
    }

    #[test]
    fn reading_never_panics(text in "([{}\\[\\]:,]|\"name\"|\"attributes\"|\"\\$double\"|\\\\u00|[0-9.e-]{1,3}|\\PC){0,20}") {
        let _ = span_from_text(&text, SpanColumns::of(&span()));
        let _ = attribute_in_text(&text, "name");
    }
}

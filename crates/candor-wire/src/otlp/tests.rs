use candor_model::{AnyValue, SpanId, SpanKind, StatusCode, TraceId};
use prost::Message;
use serde_json::{Value, json};

use super::*;

fn request(span: Value) -> Value {
    json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
}

fn span() -> Value {
    json!({"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "x", "startTimeUnixNano": "1"})
}

fn with(key: &str, value: Value) -> Value {
    let mut span = span();
    span[key] = value;
    request(span)
}

fn read(json: &Value) -> Result<Span, OtlpError> {
    decode_json(json.to_string().as_bytes()).map(|mut traces| traces.groups.remove(0).spans.remove(0))
}

#[track_caller]
fn check(result: Result<impl std::fmt::Debug, OtlpError>, status: u16, text: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.status(), error.to_string().as_str()), (status, text));
}

#[test]
fn failures_have_the_words_of_mlflow() {
    for body in ["", "x", "[]", "null", "\"x\"", r#"{"resourceSpans": [5]}"#, r#"{"resourceSpans": "x"}"#] {
        check(decode_json(body.as_bytes()), 400, "Invalid OpenTelemetry format");
    }
    check(decode_protobuf(b"\xff\xff\xff\xff"), 400, "Invalid OpenTelemetry format");
    for id in ["abc", "zz", "éé"] {
        check(read(&with("traceId", json!(id))), 400, "Invalid OpenTelemetry format");
    }
    for body in ["{}", r#"{"resourceSpans": []}"#, r#"{"resourceSpans": null}"#, r#"{"resource_spans": [{}]}"#] {
        check(decode_json(body.as_bytes()), 400, "Invalid OpenTelemetry format - no spans found");
    }
    check(decode_protobuf(b""), 400, "Invalid OpenTelemetry format - no spans found");
    for key in ["traceId", "spanId"] {
        for id in [json!(""), json!(null)] {
            check(read(&with(key, id)), 422, "Cannot convert OpenTelemetry span to MLflow span");
        }
    }
    for key in ["spanId", "parentSpanId"] {
        check(read(&with(key, json!("b7ad6b716920333112"))), 422, "Failed to log OpenTelemetry spans");
    }
    check(read(&with("traceId", json!("00".repeat(20)))), 422, "Failed to log OpenTelemetry spans");
}

#[test]
fn protobuf_has_the_same_failures() {
    let bytes = |trace_id: &[u8], span_id: &[u8]| {
        let span = proto::Span { trace_id: trace_id.to_vec(), span_id: span_id.to_vec(), ..proto::Span::default() };
        let group = proto::ResourceSpans { resource: None, scope_spans: vec![proto::ScopeSpans { spans: vec![span] }] };
        decode_protobuf(&proto::ExportTraceServiceRequest { resource_spans: vec![group] }.encode_to_vec())
    };
    check(bytes(&[], &[1]), 422, "Cannot convert OpenTelemetry span to MLflow span");
    check(bytes(&[1], &[]), 422, "Cannot convert OpenTelemetry span to MLflow span");
    check(bytes(&[1; 20], &[1]), 422, "Failed to log OpenTelemetry spans");
    check(bytes(&[1], &[1; 9]), 422, "Failed to log OpenTelemetry spans");
    let spans = &bytes(&[0xab], &[0xcd]).unwrap().groups[0].spans;
    assert_eq!(spans[0].trace_id.to_string(), "tr-000000000000000000000000000000ab");
    assert_eq!(spans[0].span_id.to_string(), "00000000000000cd");
}

#[test]
fn a_resource_without_spans_is_no_failure() {
    let traces = decode_json(br#"{"resourceSpans": [{}], "future": 1}"#).unwrap();
    assert_eq!(traces, OtlpTraces { groups: vec![OtlpResource::default()] });
}

#[test]
fn ids_are_padded_and_zeros_are_no_parent() {
    let short = read(&with("spanId", json!("B7aD"))).unwrap();
    assert_eq!(short.span_id.to_string(), "000000000000b7ad");
    for parent in [json!("0000000000000000"), json!(""), json!(null)] {
        assert!(read(&with("parentSpanId", parent)).unwrap().is_root());
    }
    let zeros = read(&with("traceId", json!("0".repeat(32)))).unwrap();
    assert_eq!(zeros.trace_id, TraceId::from_bytes([0; 16]));
    let links = json!([{"traceId": "aa", "spanId": "BB"}, {}]);
    let linked = read(&with("links", links)).unwrap().links;
    assert_eq!((linked[0].trace_id.as_bytes()[15], linked[0].span_id.as_bytes()[7]), (0xaa, 0xbb));
    assert_eq!(linked[1].span_id, SpanId::from_bytes([0; 8]));
}

#[test]
fn enums_are_numbers_or_names_and_unknown_ones_unset() {
    for (sent, expected) in [
        (json!(2), SpanKind::Server),
        (json!("SPAN_KIND_SERVER"), SpanKind::Server),
        (json!(99), SpanKind::Unspecified),
        (json!(-1), SpanKind::Unspecified),
        (json!("BANANA"), SpanKind::Unspecified),
        (json!(null), SpanKind::Unspecified),
    ] {
        assert_eq!(read(&with("kind", sent)).unwrap().kind, expected);
    }
    for (sent, expected) in
        [(json!(1), StatusCode::Ok), (json!("STATUS_CODE_ERROR"), StatusCode::Error), (json!(7), StatusCode::Unset)]
    {
        let status = read(&with("status", json!({"code": sent, "message": "m"}))).unwrap().status;
        assert_eq!((status.code, status.message.as_str()), (expected, "m"));
    }
}

#[test]
fn integers_are_numbers_or_text_and_a_span_may_not_have_ended() {
    let mut json = span();
    json["startTimeUnixNano"] = json!(1_767_323_045_678_901_234_u64);
    json["endTimeUnixNano"] = json!("0");
    json["attributes"] = json!([
        {"key": "text", "value": {"intValue": "-9223372036854775808"}}, {"key": "number", "value": {"intValue": 7}},
        {"key": "whole", "value": {"doubleValue": 5}}, {"key": "nan", "value": {"doubleValue": "Infinity"}},
    ]);
    let span = read(&request(json)).unwrap();
    assert_eq!((span.start.as_nanos(), span.end), (1_767_323_045_678_901_234, None));
    assert_eq!(span.attributes.get("text"), Some(&AnyValue::Int(i64::MIN)));
    assert_eq!(span.attributes.get("number"), Some(&AnyValue::Int(7)));
    assert_eq!(span.attributes.get("whole"), Some(&AnyValue::Double(5.0)));
    assert_eq!(span.attributes.get("nan"), Some(&AnyValue::Double(f64::INFINITY)));
    assert!(read(&with("endTimeUnixNano", json!("-1"))).is_err());
}

fn unwrapped(text: &str) -> AnyValue {
    let attributes = json!([{"key": "a", "value": {"stringValue": text}}]);
    read(&with("attributes", attributes)).unwrap().attributes.get("a").unwrap().clone()
}

/// Expectations are what the real server returned.
#[test]
fn strings_that_hold_json_are_unwrapped_once() {
    use AnyValue::{Array, Bool, Double, Empty, Int, KvList};
    let object = r#"{"z":1,"a":2.0,"n":null,"big":9223372036854775807,"nested":"{\"q\":1}","l":[null,"[1]"],"b":true}"#;
    let pairs = [
        ("z", Int(1)),
        ("a", Double(2.0)),
        ("n", Empty),
        ("big", Int(i64::MAX)),
        ("nested", "{\"q\":1}".into()),
        ("l", Array(vec![Empty, "[1]".into()])),
        ("b", Bool(true)),
    ];
    assert_eq!(unwrapped(object), KvList(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()));
    for (text, expected) in [
        (r#""q""#, "q".into()),
        (r#""{\"a\":1}""#, r#"{"a":1}"#.into()),
        (" [] ", Array(vec![])),
        ("{}", KvList(vec![])),
        ("5", "5".into()),
        ("true", "true".into()),
        ("null", "null".into()),
        ("", "".into()),
        (r#"{"a":}"#, r#"{"a":}"#.into()),
        ("[", "[".into()),
        ("\"", "\"".into()),
    ] {
        assert_eq!(unwrapped(text), expected, "{text}");
    }
}

#[test]
fn strings_without_escapes_are_unwrapped_as_the_parser_would() {
    for text in [
        r#""""#,
        r#""x""#,
        r#""é \u{7f}""#,
        r#"" ""#,
        r#"""#,
        r#""a"b""#,
        r#""a\"b""#,
        r#""a\n""#,
        r#""\u00e9""#,
        "\"tab\t\"",
    ] {
        let expected = serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned());
        assert_eq!(unwrapped(text), AnyValue::String(expected), "{text}");
    }
}

#[test]
fn json_that_would_harm_readers_is_held_harmless() {
    // MLflow answers 500 for such a trace ever after.
    assert_eq!(
        unwrapped("[9223372036854775808]"),
        AnyValue::Array(vec![AnyValue::Double(9_223_372_036_854_775_808.0)])
    );
    for depth in [25, 127, 5000] {
        let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(unwrapped(&text), AnyValue::String(text));
    }
    assert!(matches!(unwrapped(&format!("{}{}", "[".repeat(24), "]".repeat(24))), AnyValue::Array(_)));
}

#[test]
fn only_the_spans_own_attributes_are_unwrapped() {
    let list = json!([{"key": "a", "value": {"stringValue": "[1]"}}, {"key": "b", "value": {"bytesValue": "AQI="}}]);
    let mut json = span();
    json["events"] = json!([{"name": "e", "attributes": list}]);
    json["links"] = json!([{"traceId": "01", "spanId": "02", "attributes": list}]);
    let span = read(&request(json)).unwrap();
    for attributes in [&span.events[0].attributes, &span.links[0].attributes] {
        assert_eq!(attributes.get_str("a"), Some("[1]"));
        assert_eq!(attributes.get_str("b"), Some(r"b'\x01\x02'"));
    }
}

#[test]
fn bytes_become_literals_at_every_depth_in_both_forms() {
    let value = json!({"arrayValue": {"values": [{"kvlistValue": {"values": [{"key": "k", "value": {"bytesValue": "AQI="}}]}}]}});
    let attributes = json!([{"key": "a", "value": value}]);
    let from_json = read(&with("attributes", attributes)).unwrap();
    let literal = AnyValue::KvList(vec![("k".to_owned(), r"b'\x01\x02'".into())]);
    assert_eq!(from_json.attributes.get("a"), Some(&AnyValue::Array(vec![literal])));
    let bytes = AnyValue::KvList(vec![("k".to_owned(), AnyValue::Bytes(vec![1, 2]))]);
    let mut sent = from_json.clone();
    sent.attributes.insert("a", AnyValue::Array(vec![bytes]));
    let groups = [OtlpResource { attributes: sent.attributes.clone(), spans: vec![sent] }];
    let read = decode_protobuf(&encode_protobuf(&groups)).unwrap();
    assert_eq!(read.groups[0].spans, std::slice::from_ref(&from_json));
    assert_eq!(read.groups[0].attributes, from_json.attributes);
}

#[test]
fn kinds_survive_protobuf() {
    for number in 0..6 {
        let span = read(&with("kind", json!(number))).unwrap();
        let groups = vec![OtlpResource { attributes: Attributes::default(), spans: vec![span] }];
        assert_eq!(decode_protobuf(&encode_protobuf(&groups)).unwrap().groups, groups);
    }
}

#[test]
fn bottomless_protobuf_is_refused() {
    let mut value = proto::AnyValue { kind: Some(proto::Kind::Bool(true)) };
    for _ in 0..200 {
        value = proto::AnyValue { kind: Some(proto::Kind::Array(proto::ArrayValue { values: vec![value] })) };
    }
    let resource = proto::Resource { attributes: vec![proto::KeyValue { key: "a".to_owned(), value: Some(value) }] };
    let group = proto::ResourceSpans { resource: Some(resource), scope_spans: Vec::new() };
    let body = proto::ExportTraceServiceRequest { resource_spans: vec![group] }.encode_to_vec();
    check(decode_protobuf(&body), 400, "Invalid OpenTelemetry format");
}

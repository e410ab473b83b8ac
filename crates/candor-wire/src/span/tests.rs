use candor_model::{AnyValue, SpanId, SpanKind, TraceId, UnixNanos};
use serde_json::{Value, json};

use super::*;
use crate::{WireError, decode};

fn read(json: &Value) -> Result<Span, WireError> {
    decode::<SpanJson<Span>>(json.to_string().as_bytes()).map(|SpanJson(span)| span)
}

fn smallest() -> Value {
    json!({"trace_id": "AAAAAAAAAAAAAAAAAAAAAQ==", "span_id": "AAAAAAAAAAI=", "status": {}})
}

#[test]
fn what_is_empty_is_left_out() {
    let span = read(&smallest()).unwrap();
    assert_eq!((span.name.as_str(), span.start, span.end, span.parent_id), ("", UnixNanos::from_nanos(0), None, None));
    assert_eq!(serde_json::to_value(SpanJson(&span)).unwrap(), smallest());
}

#[test]
fn every_kind_of_value_has_its_place() {
    let json = json!({
        "trace_id": "AAAAAAAAAAAAAAAAAAAAAQ==", "span_id": "AAAAAAAAAAI=", "parent_span_id": "AAAAAAAAAAM=", "name": "llm",
        "start_time_unix_nano": 1_767_323_045_678_901_234_u64, "end_time_unix_nano": u64::MAX,
        "attributes": [
            {"key": "t", "value": {"bool_value": true}}, {"key": "i", "value": {"int_value": i64::MIN}},
            {"key": "d", "value": {"double_value": 4.0}}, {"key": "nan", "value": {"double_value": "-Infinity"}},
            {"key": "b", "value": {"bytes_value": "AQI="}}, {"key": "none"}, {"value": {"string_value": "no key"}},
            {"key": "l", "value": {"array_value": {"values": [{"int_value": 1}, {}, {"array_value": {}}]}}},
            {"key": "o", "value": {"kvlist_value": {"values": [{"key": "a", "value": {"string_value": ""}}, {"key": "n"}]}}},
            {"key": "e", "value": {"kvlist_value": {}}},
        ],
        "events": [{"time_unix_nano": 1, "name": "exception", "attributes": [{"key": "k", "value": {"int_value": 1}}]}, {}],
        "links": [{"trace_id": "AAAAAAAAAAAAAAAAAAAABA==", "span_id": "AAAAAAAAAAU="}],
        "status": {"message": "boom", "code": "STATUS_CODE_ERROR"},
    });
    let span = read(&json).unwrap();
    assert_eq!(
        span.attributes.get("l").map(|list| matches!(list, AnyValue::Array(items) if items.len() == 3)),
        Some(true)
    );
    assert_eq!(span.attributes.get("none"), Some(&AnyValue::Empty));
    assert_eq!(serde_json::to_value(SpanJson(&span)).unwrap(), json);
}

#[test]
fn integers_may_be_text_and_names_camel_case() {
    let mut json = smallest();
    json["startTimeUnixNano"] = json!("1767323045678901234");
    json["parentSpanId"] = Value::Null;
    json["kind"] = json!("SPAN_KIND_CLIENT");
    json["attributes"] =
        json!([{"key": "n", "value": {"intValue": "5", "futureValue": {}}}, {"key": "x", "value": null}]);
    json["events"] = Value::Null;
    let span = read(&json).unwrap();
    assert_eq!((span.start.as_nanos(), span.kind), (1_767_323_045_678_901_234, SpanKind::Client));
    assert_eq!(span.attributes.get("n"), Some(&AnyValue::Int(5)));
    assert_eq!(span.attributes.get("x"), Some(&AnyValue::Empty));
}

#[test]
fn ids_are_base64_of_their_length() {
    for (key, id) in
        [("trace_id", "nope!"), ("trace_id", ""), ("span_id", "AAAAAAAAAAAAAAAAAAAAAQ=="), ("span_id", "AA")]
    {
        let mut json = smallest();
        json[key] = json!(id);
        assert!(read(&json).is_err(), "{key} {id}");
    }
    let span = read(&smallest()).unwrap();
    assert_eq!(span.trace_id, TraceId::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]));
    assert_eq!(span.span_id, SpanId::from_bytes([0, 0, 0, 0, 0, 0, 0, 2]));
}

#[test]
fn errors_name_the_attribute() {
    let mut json = smallest();
    json["attributes"] = json!([{"key": "n", "value": {"array_value": {"values": [{"int_value": "x"}]}}}]);
    let error = read(&json).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Invalid value for 'attributes[0].value.array_value.values[0].int_value': \"x\" is not an integer"
    );
}

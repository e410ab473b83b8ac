use serde_json::json;

use super::*;
use crate::SpanJson;

#[test]
fn events_and_links_have_plain_values_and_nothing_is_left_out() {
    let read: SpanJson<Span> = serde_json::from_value(json!({
        "trace_id": "AAAAAAAAAAAAAAAAAAAAAQ==", "span_id": "AAAAAAAAAAI=", "name": "x",
        "attributes": [
            {"key": "text", "value": {"string_value": "{\"a\":1}"}}, {"key": "none"},
            {"key": "d", "value": {"double_value": 5.0}}, {"key": "nan", "value": {"double_value": "NaN"}},
        ],
        "events": [{"time_unix_nano": 3, "name": "e", "attributes": [
            {"key": "l", "value": {"array_value": {"values": [{"int_value": 1}, {}]}}},
            {"key": "k", "value": {"kvlist_value": {"values": [{"key": "a", "value": {"int_value": 1}}]}}},
        ]}],
        "links": [{"trace_id": "AAAAAAAAAAAAAAAAAAAABA==", "span_id": "AAAAAAAAAAU="}],
    }))
    .unwrap();
    let expected = json!({"spans": [{
        "trace_id": "AAAAAAAAAAAAAAAAAAAAAQ==", "span_id": "AAAAAAAAAAI=", "parent_span_id": null, "name": "x",
        "start_time_unix_nano": 0, "end_time_unix_nano": 0,
        "events": [{"name": "e", "time_unix_nano": 3, "attributes": {"l": [1, null], "k": {"a": 1}}}],
        "status": {"code": "STATUS_CODE_UNSET", "message": ""},
        "attributes": {"text": "\"{\\\"a\\\":1}\"", "none": "null", "d": "5.0", "nan": "NaN"},
        "links": [{"trace_id": "tr-00000000000000000000000000000004", "span_id": "0000000000000005", "attributes": {}}],
    }]});
    assert_eq!(serde_json::to_value(TracesFile([read.0])).unwrap(), expected);
    let again: TracesFile<Vec<Span>> = serde_json::from_value(expected).unwrap();
    // JSON has no NaN: what Python writes for it is kept as text.
    assert_eq!(again.0[0].attributes.get_str("nan"), Some("NaN"));
    assert_eq!(again.0[0].attributes.get_str("text"), Some("{\"a\":1}"));
}

#[test]
fn malformed_ids_are_refused() {
    for span in [json!({"trace_id": "AA==", "span_id": "AAAAAAAAAAI="}), json!({"span_id": "AAAAAAAAAAI="})] {
        assert!(serde_json::from_value::<TracesFile<Vec<Span>>>(json!({"spans": [span]})).is_err());
    }
}

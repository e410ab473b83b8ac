use candor_model::{AssessmentBody, SourceType, TimestampMs, TraceId};
use serde_json::{Value as Json, json};

use super::*;
use crate::requests::CreateAssessment;
use crate::{WireError, decode};

fn read(json: &Json) -> Result<AssessmentInput, WireError> {
    let body = json!({ "assessment": json });
    decode::<CreateAssessment>(body.to_string().as_bytes()).map(|request| request.assessment)
}

#[track_caller]
fn check_error(json: &Json, expected: &str) {
    assert_eq!(read(json).unwrap_err().to_string(), expected, "{json}");
}

/// What readers get of what was sent, beside ids, times and source.
fn written(json: &Json) -> Json {
    let id = AssessmentId::from_bytes([1; 16]);
    let input = read(json).unwrap();
    let stored = input.into_assessment(id, TraceId::from_bytes([2; 16]), TimestampMs::from_millis(0)).unwrap();
    let json = serde_json::to_value(AssessmentJson(&stored)).unwrap();
    let again: AssessmentJson<Assessment> = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(again).unwrap(), json);
    json
}

#[test]
fn feedback_numbers_are_doubles_at_every_depth() {
    for (sent, kept) in [
        (json!(5), "5.0"),
        (json!(9_007_199_254_740_993_i64), "9007199254740992.0"),
        (json!(-0.0), "-0.0"),
        (json!([1, {"a": 2}]), r#"[1.0,{"a":2.0}]"#),
        (json!("NaN"), r#""NaN""#),
        (json!(null), "null"),
        (
            json!(["list_value", {"list_value": {"values": [null]}}]),
            r#"["list_value",{"list_value":{"values":[null]}}]"#,
        ),
    ] {
        assert_eq!(written(&json!({"feedback": {"value": sent}}))["feedback"]["value"].to_string(), kept);
    }
    assert_eq!(written(&json!({"feedback": {}}))["feedback"], json!({"value": null}));
}

#[test]
fn errors_of_judges_need_nothing_and_show_the_end_of_long_stacks() {
    assert_eq!(written(&json!({"feedback": {"error": {}}}))["feedback"]["error"], json!({"error_code": ""}));
    let stack = |text: String| {
        let json = written(&json!({"feedback": {"error": {"errorCode": "E", "stackTrace": text}}}));
        json["feedback"]["error"]["stack_trace"].as_str().unwrap().to_owned()
    };
    assert_eq!(stack("é".repeat(10_000)), "é".repeat(10_000));
    let cut = stack(format!("start{}", "é".repeat(9_996)));
    assert_eq!(cut.chars().count(), 10_000);
    assert!(cut.starts_with("[Stack trace is truncated]\n...\né"), "{}", &cut[..60]);
}

#[test]
fn expectations_are_normalised_whatever_form_they_came_in() {
    let text = |json: &str| json!({"serialized_value": {"serialization_format": "JSON_FORMAT", "value": json}});
    for (sent, kept) in [
        (json!({"value": true}), json!({"value": true})),
        (json!({"value": 5}), json!({"value": 5.0})),
        (text("5"), json!({"value": 5.0})),
        (text("\"x\""), json!({"value": "x"})),
        (text("{\"k\":[1,2.0]}"), text("{\"k\": [1, 2.0]}")),
        (text("[9007199254740993]"), text("[9007199254740993]")),
        (json!({"value": {"b": 1, "a": ["é", 1e16]}}), text("{\"a\": [\"\\u00e9\", 1e+16], \"b\": 1.0}")),
        (json!({"value": 1, "serializedValue": text("[]")["serialized_value"]}), text("[]")),
    ] {
        assert_eq!(written(&json!({ "expectation": sent }))["expectation"], kept);
    }
}

#[test]
fn expectations_without_value_are_refused_as_mlflow_does() {
    for expectation in [json!({}), json!({"value": null})] {
        check_error(&json!({ "expectation": expectation }), "The `value` field must be specified.");
    }
    let serialized = |format: &str, value: &str| json!({"expectation": {"serialized_value": {"serialization_format": format, "value": value}}});
    check_error(&serialized("JSON_FORMAT", "null"), "The `value` field must be specified.");
    check_error(&serialized("PICKLE", "1"), "Unknown serialization format: PICKLE. Only JSON_FORMAT is supported.");
    check_error(&serialized("", "1"), "Unknown serialization format: . Only JSON_FORMAT is supported.");
    assert!(read(&serialized("JSON_FORMAT", "{")).unwrap_err().to_string().contains("must hold JSON text: EOF"));
}

#[test]
fn an_assessment_says_one_thing() {
    check_error(&json!({"assessment_name": "x"}), "Unknown assessment type: None");
    check_error(&json!({"feedback": null}), "Unknown assessment type: None");
    check_error(
        &json!({"feedback": {"value": 1}, "issue": {}}),
        "Invalid value for 'assessment': only one of feedback, expectation and issue may be given",
    );
    assert_eq!(read(&json!({"issue": {}})).unwrap().body, AssessmentBody::Issue { name: String::new() });
}

#[test]
fn source_types_are_read_leniently() {
    for (sent, expected) in [
        (json!("HUMAN"), SourceType::Human),
        (json!("human"), SourceType::Human),
        (json!("AI_JUDGE"), SourceType::LlmJudge),
        (json!("robot"), SourceType::Unspecified),
        (json!(3), SourceType::Code),
        (json!(99), SourceType::Unspecified),
        (json!(null), SourceType::Unspecified),
    ] {
        let input = read(&json!({"feedback": {}, "source": {"source_type": sent, "source_id": ""}})).unwrap();
        assert_eq!((input.source.source_type, input.source.source_id), (expected, None));
    }
}

#[test]
fn what_mlflow_ignores_is_ignored_and_what_it_loses_is_kept() {
    let overridden = format!("a-{}", "3".repeat(32));
    let json = written(&json!({
        "expectation": {"value": "x"}, "rationale": "since", "overrides": overridden, "valid": false,
        "trace_id": "anything", "error": {"error_code": "E"}, "span_id": "", "future": 1,
    }));
    assert_eq!((&json["rationale"], &json["overrides"]), (&json!("since"), &json!(overridden)));
    assert_eq!((&json["valid"], &json["trace_id"]), (&json!(true), &json!("tr-02020202020202020202020202020202")));
    assert!(read(&json!({"feedback": {}, "rationale": ""})).unwrap().rationale.is_none());
}

#[test]
fn ids_of_another_form_are_told_from_malformed_input() {
    let input = read(&json!({"feedback": {}, "overrides": "a-missing"})).unwrap();
    assert_eq!(input.overrides, Some(AnyId::Foreign("a-missing".to_owned())));
    let error = input.into_assessment(
        AssessmentId::from_bytes([1; 16]),
        TraceId::from_bytes([2; 16]),
        TimestampMs::from_millis(0),
    );
    assert!(error.is_err());
    check_error(
        &json!({"feedback": {}, "assessment_id": "mine"}),
        "Invalid value for 'assessment': assessment_id \"mine\" is not of the form that ids have here",
    );
    assert!(read(&json!({"feedback": {}, "span_id": "root"})).unwrap_err().to_string().contains("assessment.span_id"));
}

#[test]
fn answers_must_say_what_they_are_about() {
    let error = decode::<AssessmentJson<Assessment>>(br#"{"feedback": {"value": 1}}"#).unwrap_err();
    assert_eq!(error, WireError::Missing { field: "assessment_id".to_owned() });
}

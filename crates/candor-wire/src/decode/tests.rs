use super::*;
use crate::requests::{CreateAssessment, CreateExperiment, SearchTraces, SetTraceTag, StartTrace};

#[track_caller]
fn check<T: DeserializeOwned>(body: &str, expected: &str) {
    let Err(error) = decode::<T>(body.as_bytes()) else { panic!("{body} was accepted") };
    assert_eq!(error.to_string(), expected);
}

fn missing(field: &str) -> String {
    format!(
        "Missing value for required parameter '{field}'. See the API docs for more information about request parameters."
    )
}

#[test]
fn absent_null_and_empty_are_missing() {
    for body in ["", " ", "{}", r#"{"name": null}"#, r#"{"name": ""}"#, r#"{"other": [1]}"#] {
        check::<CreateExperiment>(body, &missing("name"));
    }
    for body in ["{}", r#"{"assessment": null}"#] {
        check::<CreateAssessment>(body, &missing("assessment"));
    }
}

#[test]
fn missing_fields_have_their_path_in_snake_case() {
    check::<StartTrace>(r#"{"trace": {}}"#, &missing("trace.trace_info"));
    check::<StartTrace>(r#"{"trace": {"traceInfo": {}}}"#, &missing("trace.trace_info.trace_id"));
    check::<StartTrace>(r#"{"trace": {"traceInfo": {"traceId": null}}}"#, &missing("trace.trace_info.trace_id"));
}

#[test]
fn wrong_fields_are_named_by_their_path() {
    check::<CreateExperiment>(
        r#"{"name": 5}"#,
        "Invalid value for 'name': invalid type: integer `5`, expected a string",
    );
    check::<CreateExperiment>(
        r#"{"name": "x", "tags": [{"key": "a"}, {"key": "b", "value": 1}]}"#,
        "Invalid value for 'tags[1].value': invalid type: integer `1`, expected a string",
    );
    check::<CreateAssessment>(
        r#"{"assessment": {"feedback": {"value": 1}, "metadata": {"a": null}}}"#,
        "Invalid value for 'assessment.metadata.a': invalid type: null, expected a string",
    );
    check::<CreateExperiment>(
        &format!(r#"{{"name": "{}"}}"#, "n".repeat(501)),
        "'name' exceeds the maximum length of 500 characters",
    );
}

#[test]
fn both_spellings_are_read_but_not_at_once() {
    let body = r#"{"locations": [], "maxResults": "7", "orderBy": ["name"], "pageToken": ""}"#;
    let request: SearchTraces = decode(body.as_bytes()).unwrap();
    assert_eq!((request.max_results, request.order_by.len(), request.page_token), (7, 1, None));
    check::<SearchTraces>(
        r#"{"locations": [], "max_results": 1, "maxResults": 1}"#,
        "Request specifies both 'max_results' and 'maxResults'; provide only one of them.",
    );
    check::<CreateAssessment>(
        r#"{"assessment": {"assessmentName": "x", "feedback": {}, "assessment_name": "y"}}"#,
        "Request specifies both 'assessment_name' and 'assessmentName'; provide only one of them.",
    );
    check::<CreateExperiment>(r#"{"name": "x", "name": "y"}"#, "Invalid value for 'name': given twice");
}

#[test]
fn a_body_is_an_object() {
    check::<CreateExperiment>(r#"["x"]"#, "the body must be a JSON object, got an array");
    for body in ["5", "null", "true", r#""5""#] {
        assert!(matches!(decode::<CreateExperiment>(body.as_bytes()), Err(WireError::Field { .. })), "{body}");
    }
    check::<CreateAssessment>(
        r#"{"assessment": [null, "x"]}"#,
        "Invalid value for 'assessment': invalid type: sequence, expected an object",
    );
}

#[test]
fn json_within_a_string_is_read_twice() {
    let body = serde_json::to_string(r#"{"key": "a", "value": "b"}"#).unwrap();
    assert_eq!(decode::<SetTraceTag>(body.as_bytes()).unwrap().value, "b");
}

#[test]
fn what_is_no_json_is_told_from_a_wrong_field() {
    for body in ["{", r#"{"name": "x"} {"#, r#"{"name": x}"#, "\u{feff}{}", r#""{""#, "{\"name\": \"\u{0}\"}"] {
        assert!(matches!(decode::<CreateExperiment>(body.as_bytes()), Err(WireError::Malformed { .. })), "{body}");
    }
    assert!(matches!(decode::<CreateExperiment>(b"{\"name\": \"\xff\"}"), Err(WireError::Malformed { .. })));
}

#[test]
fn numbers_beyond_json_are_a_wrong_field() {
    for literal in ["NaN", "Infinity", "-Infinity"] {
        for value in [literal.to_owned(), format!("[1,\n {literal}]"), format!("{{\"a\":{literal}}}")] {
            let body = format!("{{\"assessment\": {{\n\"feedback\": {{\"value\": {value}}}}}}}");
            let error = decode::<CreateAssessment>(body.as_bytes()).unwrap_err();
            assert!(matches!(&error, WireError::Field { path, .. } if path.starts_with("assessment.feedback.value")));
            assert!(error.to_string().ends_with(&format!("numbers must be finite, got {literal}")), "{error}");
        }
    }
    check::<CreateAssessment>(
        r#"{"assessment": {"feedback": {"value": 1e400}}}"#,
        "Invalid value for 'assessment.feedback.value': number out of range",
    );
}

#[test]
fn bottomless_nesting_is_a_wrong_field() {
    for depth in [70, 1_000_000] {
        let value = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let error =
            decode::<CreateAssessment>(format!(r#"{{"assessment": {{"feedback": {{"value": {value}}}}}}}"#).as_bytes());
        assert!(matches!(error, Err(WireError::Field { .. })), "{error:?}");
    }
}

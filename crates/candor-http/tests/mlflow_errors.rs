//! Every mistake of a caller has an answer in MLflow's envelope, in MLflow's words where it has any.

#![expect(clippy::unwrap_used, reason = "a helper that fails must stop its test")]

mod common;

use axum::Router;
use common::{app, send};
use serde_json::{Value, json};

const TRACE: &str = "tr-00112233445566778899aabbccddeeff";
const OTHER: &str = "tr-ffffffffffffffffffffffffffffffff";

async fn call(app: &Router, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let reply = send(app, method, path, &[("content-type", "application/json")], body.to_string().into_bytes()).await;
    let json = reply.json().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&reply.body)));
    assert_eq!(reply.headers["content-type"], "application/json");
    (reply.status.as_u16(), json)
}

/// A trace with an assessment in experiment 0, and experiment 1.
async fn seeded() -> (Router, String) {
    let app = app();
    let trace = json!({"trace": {"trace_info": {
        "trace_id": TRACE, "request_time": "2026-01-02T03:04:05.678Z", "state": "OK",
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
    }}});
    assert_eq!(call(&app, "POST", "/api/3.0/mlflow/traces", &trace).await.0, 200);
    assert_eq!(call(&app, "POST", "/api/2.0/mlflow/experiments/create", &json!({"name": "one"})).await.0, 200);
    let verdict = json!({"assessment": {"assessment_name": "ok", "feedback": {"value": true}}});
    let path = format!("/api/3.0/mlflow/traces/{TRACE}/assessments");
    let (_, created) = call(&app, "POST", &path, &verdict).await;
    (app, created["assessment"]["assessment_id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn mistakes_are_told_in_the_words_of_mlflow() {
    let (app, verdict) = seeded().await;
    let assessments = format!("3.0/mlflow/traces/{TRACE}/assessments");
    let one = &format!("{assessments}/{verdict}");
    let elsewhere = &format!("3.0/mlflow/traces/{OTHER}/assessments");
    let lost = &format!("{elsewhere}/{verdict}");
    let (tags, start) = (&format!("2.0/mlflow/traces/{TRACE}/tags"), "3.0/mlflow/traces");
    let (delete, search) = ("2.0/mlflow/traces/delete-traces", "3.0/mlflow/traces/search");
    let other_tags = &format!("2.0/mlflow/traces/{OTHER}/tags");
    let (none, lost_and_none) = (&format!("{assessments}/a-x"), &format!("{elsewhere}/a-x"));
    let partial = &format!("3.0/mlflow/traces/get?trace_id={OTHER}&allow_partial=TRUE");
    let long = "x".repeat(20_001);
    let missing = |field: &str| {
        format!(
            "Missing value for required parameter '{field}'. See the API docs for more information about request parameters."
        )
    };
    let info = |extra: Value| {
        let mut info = json!({"trace_id": OTHER,
            "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}});
        info.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({"trace": {"trace_info": info}})
    };
    let immutable = |verb| format!("Tag 'mlflow.trace.spansLocation' is immutable and cannot be {verb} on a trace.");
    let not_positive = "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer";
    #[rustfmt::skip] // one case, one line
    let cases: Vec<(&str, &str, Value, u16, String)> = vec![
        ("POST", "2.0/mlflow/experiments/create", json!({}), 400, missing("name")),
        ("POST", "2.0/mlflow/experiments/create", json!({"name": ""}), 400, missing("name")),
        ("POST", "2.0/mlflow/experiments/create", json!({"name": "x".repeat(501)}), 400, "'name' exceeds the maximum length of 500 characters".into()),
        ("POST", "2.0/mlflow/experiments/create", json!({"name": "one"}), 400, "Experiment(name=one) already exists.".into()),
        ("POST", "2.0/mlflow/experiments/create", json!({"name": "two", "artifact_location": "runs:/x"}), 400, "Artifact location cannot be a runs:/ URI. Given: 'runs:/x'".into()),
        ("POST", "2.0/mlflow/experiments/update", json!({"experiment_id": "1", "new_name": "Default"}), 400, "Experiment(name=Default) already exists.".into()),
        ("POST", "2.0/mlflow/experiments/delete", json!({"experiment_id": "424242"}), 404, "No Experiment with id=424242 exists".into()),
        ("POST", "2.0/mlflow/experiments/restore", json!({"experiment_id": "1"}), 404, "No Experiment with id=1 exists".into()),
        ("POST", "2.0/mlflow/experiments/delete", json!({"experiment_id": "abc"}), 400, "Invalid experiment ID 'abc'. Experiment ID must be a valid integer.".into()),
        ("GET", "2.0/mlflow/experiments/get?experiment_id=abc", json!({}), 400, "Invalid experiment ID 'abc'. Experiment ID must be a valid integer.".into()),
        ("GET", "2.0/mlflow/experiments/get", json!({}), 400, missing("experiment_id")),
        ("GET", "2.0/mlflow/experiments/get-by-name", json!({}), 400, missing("experiment_name")),
        ("POST", "2.0/mlflow/experiments/search", json!({}), 400, not_positive.into()),
        ("GET", "2.0/mlflow/experiments/search", json!({}), 400, not_positive.into()),
        ("POST", "2.0/mlflow/experiments/search", json!({"max_results": 50_001}), 400, "Invalid value 50001 for parameter 'max_results' supplied. It must be at most 50000".into()),
        ("POST", "2.0/mlflow/experiments/set-experiment-tag", json!({"experiment_id": "1", "key": "k", "value": long}), 400, "'value' exceeds the maximum length of 20000 characters".into()),
        ("POST", "2.0/mlflow/experiments/delete-experiment-tag", json!({"experiment_id": "1", "key": "k"}), 404, "No tag with name: k in experiment with id 1".into()),
        ("POST", start, json!({}), 400, missing("trace")),
        ("POST", start, json!({"trace": {"trace_info": {"trace_id": OTHER}}}), 400, missing("trace.trace_info.trace_location")),
        ("POST", start, info(json!({"trace_metadata": {"mlflow.trace.session": "s".repeat(251)}})), 400, "'Session ID' exceeds the maximum length of 250 characters".into()),
        ("GET", "2.0/mlflow/runs/get?run_id=r", json!({}), 404, "Run with id=r not found".into()),
        ("GET", "3.0/mlflow/traces/nonsense", json!({}), 404, "Trace with ID 'nonsense' not found.".into()),
        ("GET", "3.0/mlflow/traces/get", json!({}), 400, missing("trace_id")),
        ("GET", "3.0/mlflow/traces/get?trace_id=nonsense", json!({}), 404, "Trace with ID nonsense is not found.".into()),
        ("GET", partial, json!({}), 404, format!("Trace with ID {OTHER} is not found.")),
        ("GET", "3.0/mlflow/traces/get?trace_id=x&allow_partial=banana", json!({}), 400, "Invalid boolean value: banana, must be 'true' or 'false'.".into()),
        ("POST", "3.0/mlflow/traces/batchGetInfos", json!({}), 400, missing("trace_ids")),
        ("POST", search, json!({}), 400, missing("locations")),
        ("POST", search, json!({"locations": [], "max_results": 0}), 400, not_positive.into()),
        ("POST", search, json!({"locations": [], "page_token": "xx"}), 400, "Invalid page token, could not base64-decode".into()),
        ("POST", search, json!({"locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "a.b"}}]}), 400, "Locations must be a list of experiment IDs. Found invalid experiment IDs: a.b.".into()),
        ("POST", search, json!({"locations": [], "max_results": 501}), 400, "Invalid value 501 for parameter 'max_results' supplied:  Hint: Value was of type 'int'. See the API docs for more information about request parameters.".into()),
        ("POST", delete, json!({"experiment_id": "0"}), 400, "Either `max_timestamp_millis` or `trace_ids` must be specified.".into()),
        ("POST", delete, json!({"experiment_id": "0", "request_ids": ["a"], "max_timestamp_millis": 1}), 400, "Only one of `max_timestamp_millis` and `trace_ids` can be specified.".into()),
        ("POST", delete, json!({"experiment_id": "0", "request_ids": ["a"], "max_traces": 1}), 400, "`max_traces` can't be specified if `trace_ids` is specified.".into()),
        ("POST", delete, json!({"experiment_id": "0", "max_timestamp_millis": 1, "max_traces": 0}), 400, "`max_traces` must be a positive integer, received 0.".into()),
        ("PATCH", tags, json!({"value": "v"}), 400, missing("key")),
        ("PATCH", tags, json!({"key": "a!b", "value": "v"}), 400, "Invalid value \"a!b\" for parameter 'key' supplied: Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).".into()),
        ("PATCH", tags, json!({"key": "../x", "value": "v"}), 400, "Invalid value \"../x\" for parameter 'key' supplied: Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to '../x'".into()),
        ("PATCH", tags, json!({"key": "k".repeat(251), "value": "v"}), 400, "'key' exceeds the maximum length of 250 characters".into()),
        ("PATCH", tags, json!({"key": "mlflow.trace.spansLocation", "value": "v"}), 400, immutable("set")),
        ("DELETE", tags, json!({"key": "mlflow.trace.spansLocation"}), 400, immutable("deleted")),
        ("DELETE", tags, json!({"key": "k"}), 404, format!("No trace tag with key 'k' for trace with ID '{TRACE}'")),
        ("PATCH", other_tags, json!({"key": "k", "value": "v"}), 404, format!("Trace with ID '{OTHER}' not found.")),
        ("DELETE", other_tags, json!({"key": "k"}), 404, format!("No trace tag with key 'k' for trace with ID '{OTHER}'")),
        ("POST", "2.0/mlflow/traces/link-to-run", json!({"trace_ids": [TRACE]}), 400, missing("run_id")),
        ("POST", "2.0/mlflow/traces/link-prompts", json!({"trace_id": "x", "prompt_versions": []}), 404, "Trace with ID 'x' not found.".into()),
        ("POST", &assessments, json!({}), 400, missing("assessment")),
        ("POST", &assessments, json!({"assessment": {"assessment_name": "x"}}), 400, "Unknown assessment type: None".into()),
        ("POST", &assessments, json!({"assessment": {"expectation": {"value": null}}}), 400, "The `value` field must be specified.".into()),
        ("POST", &assessments, json!({"assessment": {"expectation": {"serialized_value": {"serialization_format": "PICKLE", "value": "1"}}}}), 400, "Unknown serialization format: PICKLE. Only JSON_FORMAT is supported.".into()),
        ("POST", &assessments, json!({"assessment": {"feedback": {"value": 1}, "overrides": "a-x"}}), 404, format!("Assessment with ID 'a-x' not found for trace '{TRACE}'")),
        ("POST", elsewhere, json!({"assessment": {"feedback": {"value": 1}}}), 404, format!("Trace with ID '{OTHER}' not found.")),
        ("POST", elsewhere, json!({"assessment": {"feedback": {"value": 1}, "overrides": "a-x"}}), 404, format!("Trace with ID '{OTHER}' not found.")),
        ("GET", lost, json!({}), 404, format!("Trace with request_id '{OTHER}' not found")),
        ("GET", none, json!({}), 404, format!("Assessment with ID 'a-x' not found for trace '{TRACE}'")),
        ("GET", lost_and_none, json!({}), 404, format!("Trace with request_id '{OTHER}' not found")),
        ("PATCH", one, json!({"assessment": {"rationale": "r"}}), 400, missing("update_mask")),
        ("PATCH", one, json!({"update_mask": "rationale"}), 400, missing("assessment")),
        ("PATCH", one, json!({"assessment": {"expectation": {"value": 1}}, "update_mask": "expectation"}), 400, "Cannot update expectation value on a Feedback assessment.".into()),
    ];
    for (method, path, body, status, message) in cases {
        for prefix in ["/api", "/ajax-api"] {
            let (got, answer) = call(&app, method, &format!("{prefix}/{path}"), &body).await;
            assert_eq!((got, answer["message"].as_str()), (status, Some(message.as_str())), "{method} {path} {body}");
        }
    }
}

#[tokio::test]
async fn a_deleted_experiment_is_closed_and_never_a_server_error() {
    let (app, _) = seeded().await;
    let one = json!({"experiment_id": "1", "new_name": "x", "key": "k", "value": "v"});
    assert_eq!(call(&app, "POST", "/api/2.0/mlflow/experiments/delete", &one).await.0, 200);
    let closed = json!("The experiment 1 must be in the 'active' state. Current state is deleted.");
    let (status, answer) = call(&app, "POST", "/api/2.0/mlflow/experiments/set-experiment-tag", &one).await;
    assert_eq!((status, &answer["message"]), (400, &closed));
    let (status, answer) = call(&app, "POST", "/api/2.0/mlflow/experiments/update", &one).await;
    assert_eq!((status, &answer["error_code"]), (400, &json!("INVALID_STATE")));
    assert_eq!(answer["message"], "Cannot rename a non-active experiment.");
}

#[tokio::test]
async fn content_types_are_checked_where_mlflow_checks_them() {
    let (app, _) = seeded().await;
    let path = "/api/3.0/mlflow/traces/search";
    let body = || br#"{"locations": []}"#.to_vec();
    let message = |reply: common::Reply| (reply.status.as_u16(), reply.json().unwrap()["message"].clone());
    let missing = json!("Bad Request. Content-Type header is missing.");
    assert_eq!(message(send(&app, "POST", path, &[], body()).await), (400, missing));
    let other = json!("Bad Request. Content-Type must be one of ['application/json'].");
    assert_eq!(message(send(&app, "POST", path, &[("content-type", "text/plain")], body()).await), (400, other));
    let charset = [("content-type", "application/json; charset=utf-8")];
    assert_eq!(send(&app, "POST", path, &charset, body()).await.status, 200);
    let tags = format!("/api/2.0/mlflow/traces/{TRACE}/tags");
    assert_eq!(send(&app, "PATCH", &tags, &[], br#"{"key": "k"}"#.to_vec()).await.status, 200);
    assert_eq!(send(&app, "DELETE", &tags, &[], br#"{"key": "k"}"#.to_vec()).await.status, 200);
}

#[tokio::test]
async fn what_is_not_here_is_not_found_in_the_envelope() {
    let app = app();
    for path in [
        "/api/3.0/mlflow/issues",
        "/api/2.0/mlflow/runs/create",
        "/api/2.0/mlflow/traces",
        "/api/3.0/mlflow/traces/",
        "/api/nope",
        "/ajax-api/2.0/nope",
    ] {
        let (status, answer) = call(&app, "POST", path, &json!({})).await;
        assert_eq!((status, answer["error_code"].as_str().unwrap()), (404, "ENDPOINT_NOT_FOUND"), "{path}");
    }
}

#[tokio::test]
async fn retries_do_not_double_anything() {
    let (app, _) = seeded().await;
    let start = json!({"trace": {"trace_info": {
        "trace_id": OTHER, "request_time": "2026-01-02T03:04:05.678Z",
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
        "assessments": [
            {"assessment_name": "a", "feedback": {"value": true}, "create_time": "2026-01-02T03:05:00Z"},
            {"assessment_name": "b", "expectation": {"value": "x"}, "create_time": "2026-01-02T03:05:00Z"},
        ],
    }}});
    let (_, first) = call(&app, "POST", "/api/3.0/mlflow/traces", &start).await;
    let (_, second) = call(&app, "POST", "/api/3.0/mlflow/traces", &start).await;
    assert_eq!(first["trace"]["trace_info"]["assessments"].as_array().unwrap().len(), 2);
    assert_eq!(first, second);
    assert_eq!(first["trace"]["trace_info"]["tags"]["mlflow.trace.spansLocation"], "TRACKING_STORE");

    let own = json!({"assessment": {"assessment_id": "a-00000000000000000000000000000001",
        "assessment_name": "c", "feedback": {"value": 1}}});
    let path = format!("/api/3.0/mlflow/traces/{OTHER}/assessments");
    assert_eq!(call(&app, "POST", &path, &own).await, call(&app, "POST", &path, &own).await);
    let (_, info) = call(&app, "GET", &format!("/api/3.0/mlflow/traces/{OTHER}"), &json!({})).await;
    assert_eq!(info["trace"]["trace_info"]["assessments"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn deletes_of_what_is_not_there_are_done() {
    let (app, verdict) = seeded().await;
    let one = format!("/api/3.0/mlflow/traces/{TRACE}/assessments/{verdict}");
    for path in [one.as_str(), &one, "/api/3.0/mlflow/traces/nope/assessments/nope"] {
        let reply = send(&app, "DELETE", path, &[], b"not even JSON".to_vec()).await;
        assert_eq!((reply.status.as_u16(), reply.json()), (200, Some(json!({}))));
    }
}

#[tokio::test]
async fn batches_may_be_restricted_to_experiments() {
    let (app, _) = seeded().await;
    for (experiments, found) in [("", 1), ("&experiment_ids=0", 1), ("&experiment_ids=1", 0)] {
        let path = format!("/api/3.0/mlflow/traces/batchGet?trace_ids={TRACE}{experiments}");
        let (_, answer) = call(&app, "GET", &path, &json!({})).await;
        assert_eq!(answer["traces"].as_array().map_or(0, Vec::len), found, "{experiments}");
    }
    let path = "/api/3.0/mlflow/traces/batchGetInfos";
    for (experiments, found) in [(json!(null), 1), (json!(["1", "0"]), 1), (json!([]), 0)] {
        let (_, answer) = call(&app, "POST", path, &json!({"trace_ids": [TRACE], "experiment_ids": experiments})).await;
        assert_eq!(answer["trace_infos"].as_array().map_or(0, Vec::len), found, "{experiments}");
    }
    let (status, answer) = call(&app, "POST", path, &json!({"trace_ids": [], "experiment_ids": ["x"]})).await;
    assert_eq!(
        (status, answer["message"].as_str()),
        (400, Some("Invalid experiment ID 'x'. Experiment ID must be a valid integer."))
    );
}

//! `POST /v1/traces`

#![expect(clippy::unwrap_used, reason = "a helper that fails must stop its test")]

mod common;

use std::io::Write;

use axum::Router;
use common::{Reply, app, send};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use serde_json::{Value, json};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const JSON: (&str, &str) = ("content-type", "application/json");
const EXPERIMENT: (&str, &str) = ("x-mlflow-experiment-id", "0");

fn spans() -> Vec<u8> {
    let span = json!({"traceId": TRACE, "spanId": "b7ad6b7169203331", "name": "handle",
        "startTimeUnixNano": "1767323045678901234", "endTimeUnixNano": "1767323046999901234"});
    json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).to_string().into_bytes()
}

async fn export(app: &Router, headers: &[(&str, &str)], body: Vec<u8>) -> Reply {
    send(app, "POST", "/v1/traces", headers, body).await
}

async fn stored(app: &Router) -> bool {
    send(app, "GET", &format!("/api/3.0/mlflow/traces/tr-{TRACE}"), &[], Vec::new()).await.status == 200
}

#[tokio::test]
async fn spans_are_taken_in_every_encoding() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
    for encoder in [&mut gzip as &mut dyn Write, &mut zlib, &mut raw] {
        encoder.write_all(&spans()).unwrap();
    }
    for (encoding, body) in [
        (None, spans()),
        (Some("GZIP"), gzip.finish().unwrap()),
        (Some("deflate"), zlib.finish().unwrap()),
        (Some("deflate"), raw.finish().unwrap()),
    ] {
        let app = app();
        let mut headers = vec![JSON, EXPERIMENT];
        headers.extend(encoding.map(|encoding| ("content-encoding", encoding)));
        let reply = export(&app, &headers, body).await;
        assert_eq!((reply.status.as_u16(), reply.body.as_slice()), (200, &b""[..]), "{encoding:?}");
        assert_eq!(reply.headers["content-type"], "application/x-protobuf");
        assert!(stored(&app).await);
    }
}

#[tokio::test]
async fn refusals_have_the_form_of_mlflow() {
    let app = app();
    let no_experiment = json!([{"type": "missing", "loc": ["header", "x-mlflow-experiment-id"],
        "msg": "Field required", "input": null}]);
    let expected = "Expected: application/x-protobuf or application/json";
    type Headers<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Headers<'_>, Vec<u8>, u16, Value); 9] = [
        (&[JSON], spans(), 422, no_experiment),
        (&[EXPERIMENT], spans(), 400, json!(format!("Invalid Content-Type: None. {expected}"))),
        (
            &[EXPERIMENT, ("content-type", "text/plain")],
            spans(),
            400,
            json!(format!("Invalid Content-Type: text/plain. {expected}")),
        ),
        (&[EXPERIMENT, JSON, ("content-encoding", "br")], spans(), 400, json!("Unsupported Content-Encoding: br")),
        (&[EXPERIMENT, JSON, ("content-encoding", "gzip")], spans(), 400, json!("Failed to decompress gzip payload")),
        (&[EXPERIMENT, JSON], b"[]".to_vec(), 400, json!("Invalid OpenTelemetry format")),
        (&[EXPERIMENT, JSON], b"{}".to_vec(), 400, json!("Invalid OpenTelemetry format - no spans found")),
        (
            &[EXPERIMENT, JSON],
            br#"{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "x"}]}]}]}"#.to_vec(),
            422,
            json!("Cannot convert OpenTelemetry span to MLflow span"),
        ),
        (
            &[EXPERIMENT, ("content-type", "application/x-protobuf")],
            b"\xff\xff\xff".to_vec(),
            400,
            json!("Invalid OpenTelemetry format"),
        ),
    ];
    for (headers, body, status, detail) in cases {
        let reply = export(&app, headers, body).await;
        assert_eq!((reply.status.as_u16(), reply.json().unwrap()), (status, json!({"detail": detail})), "{headers:?}");
    }
    let reply = send(&app, "GET", "/v1/traces", &[], Vec::new()).await;
    assert_eq!((reply.status.as_u16(), &reply.headers["allow"]), (405, &"POST".parse().unwrap()));
    assert!(!stored(&app).await);
}

#[tokio::test]
async fn the_experiment_is_checked_and_empty_means_the_default() {
    let app = app();
    for (id, status, message) in [
        ("abc", 400, "Invalid experiment ID 'abc'. Experiment ID must be a valid integer."),
        ("424242", 404, "No Experiment with id=424242 exists"),
    ] {
        let reply = export(&app, &[JSON, ("x-mlflow-experiment-id", id)], spans()).await;
        let answer = reply.json().unwrap();
        assert_eq!((reply.status.as_u16(), answer["message"].as_str()), (status, Some(message)));
    }
    assert_eq!(export(&app, &[JSON, ("x-mlflow-experiment-id", "")], spans()).await.status, 200);
    assert!(stored(&app).await);
}

#[tokio::test]
async fn what_unpacks_to_too_much_is_refused() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..=candor_http::otlp::MAX_DECODED_BYTES >> 20 {
        gzip.write_all(&zeros).unwrap();
    }
    let bomb = gzip.finish().unwrap();
    assert!(bomb.len() < 1 << 20);
    let reply = export(&app(), &[JSON, EXPERIMENT, ("content-encoding", "gzip")], bomb).await;
    assert_eq!(reply.status, 413);
}

#[tokio::test]
async fn a_run_finds_the_traces_that_were_exported_in_it() {
    let app = app();
    assert_eq!(export(&app, &[JSON, EXPERIMENT, ("x-mlflow-run-id", "run-1")], spans()).await.status, 200);
    let location = json!({"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}});
    let query = json!({"locations": [location], "filter": "run_id = 'run-1'"}).to_string();
    let reply = send(&app, "POST", "/api/3.0/mlflow/traces/search", &[JSON], query.into_bytes()).await;
    assert_eq!(reply.json().unwrap()["traces"][0]["trace_id"], format!("tr-{TRACE}"));
}

#[tokio::test]
async fn the_result_of_an_evaluation_becomes_feedback_once() {
    let app = app();
    let attribute = |key: &str, value: Value| json!({"key": key, "value": value});
    let attributes = [
        attribute("gen_ai.evaluation.name", json!({"stringValue": "relevance"})),
        attribute("gen_ai.evaluation.score.value", json!({"doubleValue": 0.75})),
        attribute("gen_ai.evaluation.explanation", json!({"stringValue": "to the point"})),
    ];
    let event =
        json!({"timeUnixNano": "1767323046000000000", "name": "gen_ai.evaluation.result", "attributes": attributes});
    let span = json!({"traceId": TRACE, "spanId": "b7ad6b7169203331", "name": "handle", "events": [event],
        "startTimeUnixNano": "1767323045678901234", "endTimeUnixNano": "1767323046999901234"});
    let body = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).to_string().into_bytes();
    for _ in 0..2 {
        assert_eq!(export(&app, &[JSON, EXPERIMENT], body.clone()).await.status, 200);
    }
    let trace = send(&app, "GET", &format!("/api/3.0/mlflow/traces/tr-{TRACE}"), &[], Vec::new()).await.json().unwrap();
    let assessments = trace["trace"]["trace_info"]["assessments"].as_array().unwrap();
    assert_eq!(assessments.len(), 1);
    assert_eq!(assessments[0]["assessment_name"], "relevance");
    assert_eq!(assessments[0]["feedback"]["value"], 0.75);
    assert_eq!(assessments[0]["rationale"], "to the point");
    assert_eq!(assessments[0]["source"]["source_type"], "CODE");
}

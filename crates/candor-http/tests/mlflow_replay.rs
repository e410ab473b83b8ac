//! Replays recorded calls of a real MLflow server, in order, and compares every answer.

#![expect(clippy::unwrap_used, reason = "a helper that fails must stop its test")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use common::{Reply, app, send};
use serde_json::{Value, json};

/// Calls that are not made, with the reason.
const NOT_MADE: [(&str, &str); 6] = [
    ("15", "spans are in the store, so no client uploads them as a file, and there is no place for files"),
    ("73", ONE_MORE),
    ("74", ONE_MORE),
    ("75", ONE_MORE),
    ("76", ONE_MORE),
    ("78", ONE_MORE),
];

const ONE_MORE: &str = "the recorded server had a trace that these calls do not make, and counted it";

/// Answers that differ on purpose: the status, the differing parts of the body, and the reason.
fn differences() -> BTreeMap<&'static str, (u16, Value, &'static str)> {
    BTreeMap::from([
        ("01", (200, json!("3.17.2+candor"), "the server says what it is; Python's version rules allow the mark")),
        (
            "03",
            (
                200,
                json!({"presigned_upload_run_id_supported": false, "presigned_upload_model_id_supported": false,
                    "features_enabled": {"gateway": false}}),
                "there are neither files nor a gateway here",
            ),
        ),
        ("06", (400, json!({"message": "Experiment(name=/Shared/demo) already exists."}), "MLflow adds the SQL")),
        ("31", (200, json!(null), "MLflow answers 500 for a trace without spans; it is a trace all the same")),
        (
            "55",
            (
                400,
                json!({"error_code": "INVALID_PARAMETER_VALUE",
                    "message": "Invalid value for 'assessment.feedback.value': numbers must be finite, got NaN",
                    "sqlstate": "KAM00", "error_class": "INVALID_PARAMETER_VALUE"}),
                "MLflow answers HTML 500, which its client repeats for minutes",
            ),
        ),
        (
            "56",
            (
                400,
                json!({"message": "The body is not valid JSON: EOF while parsing an object at line 1 column 16"}),
                "MLflow takes what is no JSON for an empty object",
            ),
        ),
        ("62", (400, json!({"message": null}), "the filter's errors say where they are")),
        ("63", (400, json!({"message": null}), "MLflow lists the valid keys in random order")),
        (
            "72",
            (
                404,
                json!({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Trace with ID 'tr-missing' not found.",
                    "error_class": "RESOURCE_NOT_FOUND"}),
                "MLflow answers with the SQL that failed",
            ),
        ),
        (
            "87",
            (
                404,
                json!({"error_code": "ENDPOINT_NOT_FOUND",
                    "message": "There is no endpoint /api/3.0/mlflow/nope on this server.",
                    "sqlstate": "KAM00", "error_class": "RESOURCE_NOT_FOUND"}),
                "MLflow answers HTML",
            ),
        ),
        (
            "88",
            (
                405,
                json!({"error_code": "BAD_REQUEST", "message": "The method is not allowed for the requested URL.",
                    "sqlstate": "KAM00", "error_class": "INVALID_PARAMETER_VALUE"}),
                "MLflow answers HTML",
            ),
        ),
    ])
}

#[tokio::test(start_paused = true)] // the clock skips the wait for spans that never come
async fn every_recorded_answer_is_ours_too() {
    let mut replay = Replay::new(app());
    let differences = differences();
    for (name, exchange) in exchanges() {
        let number = &name[..2];
        if NOT_MADE.iter().any(|(skipped, _)| *skipped == number) {
            continue;
        }
        replay.prepare(number, &exchange).await;
        let reply = replay.call(&exchange["request"]).await;
        let (mut status, mut body) = (exchange["response"]["status"].as_u64(), exchange["response"]["body"].clone());
        let difference = differences.get(number);
        if let Some((other_status, other_body, _)) = difference {
            status = Some(u64::from(*other_status));
            overlay(&mut body, other_body);
        }
        assert_eq!(Some(u64::from(reply.status.as_u16())), status, "{name}: {}", String::from_utf8_lossy(&reply.body));
        match number {
            // Only the head of the answer is of interest: MLflow has none.
            "31" => assert!(reply.json().unwrap()["trace"].get("spans").is_none()),
            "88" => assert_eq!(reply.headers["allow"], "POST"),
            _ => {}
        }
        if !body.is_null() {
            replay.compare(&name, "", &body, &reply.json().unwrap_or_else(|| text(&reply)));
        } else if number != "31" {
            assert!(reply.body.is_empty(), "{name}");
        }
    }
}

fn text(reply: &Reply) -> Value {
    Value::String(String::from_utf8(reply.body.clone()).unwrap())
}

/// Lays the parts of `other` over `body`.
fn overlay(body: &mut Value, other: &Value) {
    match (body, other) {
        (Value::Object(body), Value::Object(other)) => {
            for (key, value) in other {
                overlay(body.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (body, other) => *body = other.clone(),
    }
}

struct Replay {
    app: Router,
    /// What the recorded server made up, and what ours made up in its place.
    made_up: BTreeMap<String, String>,
    /// The texts of all requests so far: what stands there is nobody's invention.
    requests: String,
}

impl Replay {
    fn new(app: Router) -> Self {
        let ids = [
            // Ids that MLflow takes and that are none in OpenTelemetry.
            ("tr-x", "tr-11111111111111111111111111111111"),
            ("tr-deleted-exp", "tr-22222222222222222222222222222222"),
        ];
        let made_up = ids.into_iter().map(|(recorded, ours)| (recorded.to_owned(), ours.to_owned())).collect();
        Self { app, made_up, requests: String::new() }
    }

    async fn call(&mut self, request: &Value) -> Reply {
        let headers: Vec<(&str, &str)> = request["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        let body = match &request["body"] {
            Value::Null => Vec::new(),
            Value::String(text) => text.clone().into_bytes(),
            Value::Object(object) if object.contains_key("base64") => {
                BASE64.decode(object["base64"].as_str().unwrap()).unwrap()
            }
            body => self.ours(&body.to_string()).into_bytes(),
        };
        let path = self.ours(request["path"].as_str().unwrap());
        self.requests.push_str(&String::from_utf8_lossy(&body));
        send(&self.app, request["method"].as_str().unwrap(), &path, &headers, body).await
    }

    /// The text with our ids in the place of theirs.
    fn ours(&self, text: &str) -> String {
        // Short texts, like the ids that are none, are only replaced where they stand alone.
        let stands = |recorded: &str| recorded.len() > 15 || text.contains(&format!("\"{recorded}\""));
        let known = self.made_up.iter().filter(|(recorded, _)| stands(recorded));
        known.fold(text.to_owned(), |text, (recorded, ours)| text.replace(recorded, ours))
    }

    /// Does what was done between the recorded calls, and not recorded.
    async fn prepare(&mut self, number: &str, exchange: &Value) {
        match number {
            "28" => self.store(&exchange["response"]["body"]["trace"]).await,
            "32" => {
                let info = json!({
                    "trace_id": "tr-33334444555566667777888899990000",
                    "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "1"}},
                    "request_time": "2026-01-02T03:04:05.678Z",
                    "state": "OK",
                    "trace_metadata": {"mlflow.trace.sizeStats": "{\"num_spans\": 3}"},
                });
                self.store(&json!({"trace_info": info, "spans": []})).await;
            }
            // Tokens are opaque, so the recorded one means nothing here; ours comes with the first page.
            "60" => {
                let mut first = exchange["request"].clone();
                let recorded = first["body"].as_object_mut().unwrap().remove("page_token").unwrap();
                let reply = self.call(&first).await.json().unwrap();
                let token = reply["next_page_token"].as_str().unwrap().to_owned();
                self.made_up.insert(recorded.as_str().unwrap().to_owned(), token);
            }
            _ => {}
        }
    }

    /// Stores a trace as the recorded server showed it.
    async fn store(&self, trace: &Value) {
        let json_body = [("content-type", "application/json"), ("x-mlflow-experiment-id", "1")];
        let spans: Vec<Value> = trace["spans"].as_array().unwrap().iter().map(otlp_span).collect();
        if !spans.is_empty() {
            let body = json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).to_string();
            let reply = send(&self.app, "POST", "/v1/traces", &json_body, body.into_bytes()).await;
            assert_eq!(reply.status, 200, "{}", text(&reply));
        }
        let body = json!({"trace": {"trace_info": trace["trace_info"]}}).to_string();
        let reply = send(&self.app, "POST", "/api/3.0/mlflow/traces", &json_body, body.into_bytes()).await;
        assert_eq!(reply.status, 200, "{}", text(&reply));
    }

    fn compare(&mut self, name: &str, path: &str, recorded: &Value, ours: &Value) {
        match (recorded, ours) {
            (Value::Object(theirs), Value::Object(own)) => {
                let keys: BTreeSet<&String> = theirs.keys().chain(own.keys()).collect();
                for key in keys {
                    // MLflow leaves the tag out until spans arrive, and then has them uploaded twice.
                    if key == "mlflow.trace.spansLocation" && !theirs.contains_key(key) {
                        continue;
                    }
                    // MLflow leaves traces that came by OTLP without a name.
                    if key == "mlflow.traceName" && !theirs.contains_key(key) {
                        continue;
                    }
                    // MLflow asks for one more page whenever a page is full, though nothing may follow.
                    if key == "next_page_token" && !own.contains_key(key) {
                        continue;
                    }
                    let (theirs, own) = (theirs.get(key), own.get(key));
                    let path = format!("{path}/{key}");
                    match (theirs, own) {
                        (Some(theirs), Some(own)) => self.compare(name, &path, theirs, own),
                        _ => panic!("{name} at {path}: recorded {theirs:?}, ours {own:?}"),
                    }
                }
            }
            (Value::Array(theirs), Value::Array(own)) => {
                let (theirs, own) = (in_order(theirs), in_order(own));
                assert_eq!(theirs.len(), own.len(), "{name} at {path}: recorded {recorded}, ours {ours}");
                for (index, (theirs, own)) in theirs.iter().zip(&own).enumerate() {
                    self.compare(name, &format!("{path}/{index}"), theirs, own);
                }
            }
            (theirs, _) if theirs.is_null() && path.ends_with("/message") => {}
            (theirs, own) if theirs == own => {}
            // MLflow's server forgets the type AI_JUDGE, which its own client renames.
            (theirs, own) if theirs == "SOURCE_TYPE_UNSPECIFIED" && own == "LLM_JUDGE" => {}
            (theirs, own) => {
                let (theirs, own) = (scalar(theirs), scalar(own));
                assert!(is_made_up(path), "{name} at {path}: recorded {theirs}, ours {own}");
                assert!(!self.requests.contains(&theirs), "{name} at {path}: the caller chose {theirs}, ours is {own}");
                let known = self.made_up.entry(theirs.clone()).or_insert_with(|| own.clone());
                assert_eq!(*known, own, "{name} at {path}: {theirs} was something else before");
            }
        }
    }
}

/// What a server makes up by itself; messages repeat ids.
fn is_made_up(path: &str) -> bool {
    let field = path.rsplit('/').next().unwrap_or_default();
    matches!(
        field,
        "assessment_id"
            | "overrides"
            | "create_time"
            | "last_update_time"
            | "creation_time"
            | "creationTime"
            | "lastUpdateTime"
            | "next_page_token"
    )
}

/// Lists of tags have no order; ours are sorted.
fn in_order(list: &[Value]) -> Vec<Value> {
    let mut list = list.to_vec();
    if list.iter().all(|item| item["key"].is_string() && item["value"].is_string()) {
        list.sort_by_key(|item| item["key"].to_string());
    }
    list
}

fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A span of MLflow's REST API as one of OTLP's JSON: other names, ids in hex, enums as numbers.
fn otlp_span(span: &Value) -> Value {
    let hex = |value: &Value| -> String {
        let bytes = BASE64.decode(value.as_str().unwrap_or_default()).unwrap();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let code = span["status"]["code"].as_str().map_or(0, |code| if code.ends_with("OK") { 1 } else { 2 });
    let mut otlp = camel_case(span);
    otlp["traceId"] = json!(hex(&span["trace_id"]));
    otlp["spanId"] = json!(hex(&span["span_id"]));
    otlp["parentSpanId"] = json!(hex(&span["parent_span_id"]));
    otlp["status"]["code"] = json!(code);
    otlp
}

fn camel_case(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| {
                let mut words = key.split('_');
                let first = words.next().unwrap_or_default().to_owned();
                let name = words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..]);
                (name, camel_case(value))
            })
            .collect(),
        Value::Array(items) => items.iter().map(camel_case).collect(),
        scalar => scalar.clone(),
    }
}

fn exchanges() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/wire");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    assert_eq!(files.len(), 88);
    let read = |file: &Path| serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    files.iter().map(|file| (file.file_stem().unwrap().to_string_lossy().into_owned(), read(file))).collect()
}

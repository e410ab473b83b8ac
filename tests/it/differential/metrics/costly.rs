//! Traces with sessions, tokens and costs, of which the random data have few.

use serde_json::{Value, json};

use super::Server;

const TRACES: u64 = 24;
/// 2026-03-01T00:00:00Z
const START_MS: u64 = 1_772_323_200_000;
const HOUR_MS: u64 = 3_600_000;

/// Sends the same to all servers, an hour apart each.
pub(super) fn load(servers: &[Server]) {
    for server in servers {
        let request = server.request("POST", "/v1/traces").header("x-mlflow-experiment-id", "1");
        let spans: Vec<Value> = (1..=TRACES).flat_map(spans).collect();
        let body = json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]});
        request.json(&body).send().unwrap().error_for_status().unwrap();
        for n in 1..=TRACES {
            let tag = json!({"key": "mlflow.traceName", "value": name(n)});
            let (status, answer) = server.send("PATCH", &format!("/api/3.0/mlflow/traces/tr-{}/tags", id(n)), &tag);
            assert_eq!(status, 200, "{answer} on {}", server.name);
        }
    }
}

/// An answer and two calls of models in it.
fn spans(n: u64) -> Vec<Value> {
    let session = json!({"key": "session.id", "value": {"stringValue": format!("\"s-{}\"", n % 5)}});
    let mut spans = vec![span(n, 0, vec![session])];
    spans.extend([1, 2].map(|place| span(n, place, usage(n * 3 + place))));
    spans
}

fn span(n: u64, place: u64, attributes: Vec<Value>) -> Value {
    let start = START_MS + n * HOUR_MS + place;
    let mut span = json!({
        "traceId": id(n), "spanId": format!("{:016x}", n * 16 + place + 1), "name": name(n + place), "kind": 1,
        "startTimeUnixNano": format!("{start}000000"), "endTimeUnixNano": format!("{}123456", start + 7 * n + 10),
        "attributes": attributes,
    });
    if place > 0 {
        span["parentSpanId"] = json!(format!("{:016x}", n * 16 + 1));
    }
    span
}

/// What the calls of models took; attributes of MLflow's are JSON in texts.
fn usage(n: u64) -> Vec<Value> {
    let tokens = json!({
        "input_tokens": 100 + n, "output_tokens": 10 * n, "total_tokens": 100 + 11 * n,
        "cache_read_input_tokens": n % 7, "cache_creation_input_tokens": n % 3,
    });
    // Quarters and eighths add up exactly, in whatever order.
    let (input, output) = (n as f64 / 8.0, n as f64 / 4.0);
    let cost = json!({"input_cost": input, "output_cost": output, "total_cost": input + output});
    let attribute = |key: &str, value: Value| json!({"key": key, "value": {"stringValue": value.to_string()}});
    vec![
        // MLflow keeps the quotes of a type that is JSON.
        json!({"key": "mlflow.spanType", "value": {"stringValue": "LLM"}}),
        attribute("mlflow.chat.tokenUsage", tokens),
        attribute("mlflow.llm.cost", cost),
        attribute("mlflow.llm.model", json!(["mistral-small", "gpt-4o", "o3"][(n % 3) as usize])),
        attribute("mlflow.llm.provider", json!(["mistral", "openai", "openai"][(n % 3) as usize])),
    ]
}

fn id(n: u64) -> String {
    format!("{:032x}", 0xC0_0000 + n)
}

fn name(n: u64) -> &'static str {
    ["answer", "search", "rank"][(n % 3) as usize]
}

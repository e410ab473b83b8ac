//! Ten thousand damaged requests: none may crash the server or be answered as the server's fault.

#![expect(clippy::unwrap_used, reason = "a helper that fails must stop its test")]

mod common;

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use common::{app, send};
use serde_json::{Value, json};

const ROUNDS: usize = 10_000;

/// A recorded call that has a body.
struct Sample {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

#[tokio::test]
async fn damaged_requests_are_never_the_servers_fault() {
    let (app, samples) = (app(), samples());
    for sample in &samples {
        call(&app, sample, sample.body.clone()).await; // something to work on
    }
    let mut random = Random(0x5eed_cafe_f00d_0001);
    let mut refused = 0;
    for round in 0..ROUNDS {
        let sample = &samples[random.below(samples.len())];
        let body = match serde_json::from_slice(&sample.body) {
            Ok(json) if random.below(2) == 0 => damaged_value(json, &mut random).to_string().into_bytes(),
            _ => damaged_bytes(sample.body.clone(), &mut random),
        };
        let shown = String::from_utf8_lossy(&body[..body.len().min(2000)]).into_owned();
        let reply = call(&app, sample, body).await;
        let place = format!("round {round}: {} {}\n{shown}", sample.method, sample.path);
        let answer = String::from_utf8_lossy(&reply.body);
        assert!(reply.headers.contains_key("x-request-id"), "{place}");
        assert!(reply.status.as_u16() < 500, "{place}\n{}: {answer}", reply.status);
        if reply.status.is_client_error() {
            refused += 1;
            let json = reply.json().unwrap_or_else(|| panic!("{place}\nis answered with {answer}"));
            assert!(json["message"].is_string() || !json["detail"].is_null(), "{place}\n{answer}");
        }
    }
    assert!(refused > ROUNDS / 4, "only {refused} requests were damaged enough to be refused");
    assert_eq!(send(&app, "GET", "/health", &[], Vec::new()).await.body, b"OK");
}

#[tokio::test]
async fn damaged_paths_are_never_the_servers_fault() {
    let app = app();
    let paths = [
        "/api/3.0/mlflow/traces/get?trace_id=tr-x&allow_partial=False",
        "/api/3.0/mlflow/traces/batchGet?trace_ids=tr-x&trace_ids=tr-y",
        "/api/2.0/mlflow/experiments/search?max_results=5&order_by=name&view_type=ALL&filter=name+LIKE+'a'",
        "/api/2.0/mlflow/experiments/get-by-name?experiment_name=%2Fa",
        "/ajax-api/3.0/mlflow/get-trace-artifact?request_id=tr-x",
        "/api/3.0/mlflow/traces/tr-x/assessments/a-x",
    ];
    let mut random = Random(0x5eed_cafe_f00d_0002);
    for _ in 0..2_000 {
        let path = damaged_bytes(paths[random.below(paths.len())].as_bytes().to_vec(), &mut random);
        let path: String = path.iter().map(|byte| format!("%{byte:02X}")).collect::<String>();
        // Most bytes of a path must be escaped; these must not, or there is no path left.
        let path =
            ["/", "?", "&", "="].iter().fold(path, |path, c| path.replace(&format!("%{:02X}", c.as_bytes()[0]), c));
        if !path.starts_with('/') || path.starts_with("//") {
            continue;
        }
        let reply = send(&app, "GET", &path, &[], Vec::new()).await;
        assert!(reply.status.as_u16() < 500, "{path}: {}", reply.status);
    }
}

async fn call(app: &axum::Router, sample: &Sample, body: Vec<u8>) -> common::Reply {
    let headers: Vec<(&str, &str)> =
        sample.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    send(app, &sample.method, &sample.path, &headers, body).await
}

fn damaged_bytes(mut body: Vec<u8>, random: &mut Random) -> Vec<u8> {
    const TOKENS: [&str; 12] = [
        "null",
        "NaN",
        "1e999",
        "-1",
        "{}",
        "[]",
        "\"",
        "\\u0000",
        "\\ud800",
        "18446744073709551616",
        "\u{feff}",
        "[[[[[[",
    ];
    for _ in 0..=random.below(3) {
        let at = random.below(body.len() + 1);
        match random.below(5) {
            0 if at < body.len() => body[at] ^= 1 << random.below(8),
            1 => body.truncate(at),
            2 => drop(body.splice(at..at, TOKENS[random.below(TOKENS.len())].bytes())),
            3 if at < body.len() => drop(body.drain(at..(at + 1 + random.below(8)).min(body.len()))),
            _ => {
                let copy: Vec<u8> = body[at..].iter().take(64).copied().collect();
                let to = random.below(body.len() + 1);
                drop(body.splice(to..to, copy));
            }
        }
    }
    body
}

/// The value with one of its parts made something else, left out, or renamed.
fn damaged_value(mut value: Value, random: &mut Random) -> Value {
    let pointers = pointers(&value);
    let pointer = &pointers[random.below(pointers.len())];
    let Some(part) = value.pointer_mut(pointer) else { return value };
    *part = match random.below(14) {
        0 => json!(null),
        1 => json!(-1),
        2 => json!(i64::MAX),
        3 => json!(u64::MAX),
        4 => json!(1e308),
        5 => json!(""),
        6 => json!("\u{0}"),
        7 => json!("x".repeat(10_000)),
        8 => json!([part.take()]),
        9 => json!({"list_value": part.take()}),
        10 => json!(true),
        11 => (0..100).fold(json!(1), |inner, _| json!([inner])),
        12 => json!("tr-00112233445566778899aabbccddeeff' OR '1'='1"),
        _ => json!({}),
    };
    value
}

fn pointers(value: &Value) -> Vec<String> {
    let mut all = vec![String::new()];
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        let key = key.replace('~', "~0").replace('/', "~1");
        all.extend(pointers(child).into_iter().map(|rest| format!("/{key}{rest}")));
    }
    all
}

fn samples() -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/wire");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let requests =
        files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "json")).map(|file| {
            let exchange: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
            exchange["request"].clone()
        });
    let samples = requests.filter(|request| !request["body"].is_null()).map(|request| Sample {
        method: request["method"].as_str().unwrap().to_owned(),
        path: request["path"].as_str().unwrap().to_owned(),
        headers: request["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect(),
        body: match &request["body"] {
            Value::String(text) => text.clone().into_bytes(),
            body => match body["base64"].as_str() {
                Some(text) => BASE64.decode(text).unwrap(),
                None => body.to_string().into_bytes(),
            },
        },
    });
    samples.collect()
}

/// Marsaglia's xorshift: the same requests in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

//! Without a server that could answer.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use candor_tests::{Candor, samples};
use serde_json::{Value, json};

use super::{in_front_of, spool};

/// An address at which nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// A server that answers everything with one text, as long as the test runs.
fn parrot(text: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
            let _ = stream.write_all((head + text).as_bytes());
        }
    });
    url
}

#[test]
fn a_server_started_while_mlflow_is_down_accepts_verdicts_and_traces() {
    let folder = tempfile::tempdir().unwrap();
    let candor = in_front_of(&nobody(), folder.path()).start();
    let trace = samples::trace_id(1);
    candor.post("/api/3.0/mlflow/traces", &samples::start_trace(1)).error_for_status().unwrap();
    let verdict = json!({"is_correct": true, "comment": null});
    let answer = candor.post(&format!("/feedback?trace_id={trace}&user_id=ann"), &verdict);
    assert_eq!(answer.status(), 202);
    // As the stock client logs it, which knows nothing of waiting.
    let assessment = json!({"assessment": {"assessment_name": "quality",
        "source": {"source_type": "HUMAN", "source_id": "ann"}, "feedback": {"value": 0.5}}});
    let answer = candor.post(&format!("/api/3.0/mlflow/traces/{trace}/assessments"), &assessment);
    assert_eq!(answer.status(), 200);
    assert_eq!(candor.get(&format!("/api/3.0/mlflow/traces/{trace}")).status(), 503, "reads are MLflow's to answer");

    let status = spool(folder.path(), &["status"]);
    assert_eq!(status["queued"], 3);
    assert!(candor.terminate().success());
    assert_eq!(spool(folder.path(), &["status"])["queued"], 3, "works without a server, too");
}

#[test]
fn a_full_spool_answers_503_and_says_when_to_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let candor = in_front_of(&nobody(), folder.path()).argument("--spool-entries").argument("2").start();
    let post = |n: u64| {
        let path = format!("/feedback?trace_id={}&user_id=ann", samples::trace_id(n));
        candor.post(&path, &json!({"is_correct": true, "comment": null}))
    };
    assert_eq!(post(1).status(), 202);
    assert_eq!(post(2).status(), 202);
    let refused = post(3);
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("Retry-After"));
    assert_eq!(refused.json::<Value>().unwrap()["code"], "overloaded");
}

#[test]
fn a_version_that_does_not_work_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("mlflow+{}", parrot("2.22.0"));
    let path = folder.path().join("spool.db").display().to_string();
    let output = Candor::run(&["serve", "--port", "0", "--store", &store, "--spool", &path]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(text.contains("2.22.0"), "{text}");
    let doctor = Candor::run(&["doctor", "--store", &store]);
    assert!(!doctor.status.success());
    assert!(String::from_utf8_lossy(&doctor.stderr).contains("2.22.0"));
}

#[test]
fn without_a_spool_an_outage_stops_the_start() {
    let store = format!("mlflow+{}", nobody());
    let output = Candor::run(&["serve", "--port", "0", "--store", &store, "--no-spool"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot connect to MLflow"));
}

#[test]
fn entries_that_are_not_there_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spool.db").display().to_string();
    let missing = Candor::run(&["spool", "status", "--spool", &path]);
    assert!(!missing.status.success());
    assert!(String::from_utf8_lossy(&missing.stderr).contains("does not exist"));
    let candor = in_front_of(&nobody(), folder.path()).start();
    let unknown = Candor::run(&["spool", "drop", "42", "--spool", &path]);
    assert!(!unknown.status.success());
    drop(candor);
}

#[test]
fn what_waits_can_be_seen_and_retried_over_http() {
    let folder = tempfile::tempdir().unwrap();
    let candor = in_front_of(&nobody(), folder.path()).start();
    candor.post("/api/3.0/mlflow/traces", &samples::start_trace(1)).error_for_status().unwrap();
    let seen: Value = candor.get("/api/v1/spool").error_for_status().unwrap().json().unwrap();
    assert_eq!((&seen["enabled"], &seen["status"]["queued"]), (&json!(true), &json!(1)));
    assert_eq!(seen["entries"][0]["about"], samples::trace_id(1));

    let retry = |body: Value| candor.post("/api/v1/spool/retry", &body);
    let entry = &seen["entries"][0]["entry"];
    assert_eq!(retry(json!({"entries": [entry]})).json::<Value>().unwrap(), json!({"retried": 1}));
    assert_eq!(retry(json!({"dead": true})).json::<Value>().unwrap(), json!({"retried": 0}));
    let refused = retry(json!({"all": true}));
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["content-type"]),
        (422, &"application/problem+json".parse().unwrap())
    );

    let without: Value = Candor::start().get("/api/v1/spool").json().unwrap();
    assert_eq!(without, json!({"enabled": false}));
}

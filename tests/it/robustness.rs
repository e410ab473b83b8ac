//! Misuse and overload: clear errors, and a server that goes on.

use std::thread;

use candor_tests::{Candor, samples};
use serde_json::{Value, json};

#[test]
fn a_second_server_on_the_same_file_is_refused_and_the_first_goes_on() {
    let candor = Candor::start();
    let second = Candor::run(&["serve", "--port", "0", "--store", &candor.store()]);
    assert!(!second.status.success());
    let error = String::from_utf8_lossy(&second.stderr);
    assert!(error.contains("candor.db") && error.contains("another process"), "{error}");
    assert_eq!(candor.get("/health").text().unwrap(), "OK");
}

#[test]
fn a_taken_port_is_named() {
    let candor = Candor::start();
    let port = candor.url().rsplit(':').next().unwrap();
    let second = Candor::run(&["serve", "--port", port, "--store", "memory:"]);
    assert!(!second.status.success());
    let error = String::from_utf8_lossy(&second.stderr);
    assert!(error.contains(port), "{error}");
}

/// With a queue of one write, a crowd is partly turned away, in the standard form; the rest is kept.
#[test]
fn a_full_queue_turns_writers_away_and_loses_nothing() {
    let candor = Candor::builder().argument("--queue").argument("1").start();
    candor.post("/api/3.0/mlflow/traces", &samples::start_trace(1)).error_for_status().unwrap();
    let path = format!("/feedback?trace_id={}", samples::trace_id(1));
    let (mut accepted, mut turned_away) = (0, 0);
    for _ in 0..20 {
        let statuses: Vec<_> = thread::scope(|scope| {
            let press = || {
                let answer = candor.post(&path, &json!({"is_correct": true, "comment": null}));
                let retry_after = answer.headers().get("Retry-After").cloned();
                (answer.status().as_u16(), retry_after)
            };
            let writers: Vec<_> = (0..64).map(|_| scope.spawn(press)).collect();
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        for (status, retry_after) in statuses {
            match status {
                200 => accepted += 1,
                503 => {
                    assert!(retry_after.is_some(), "a 503 says when to come back");
                    turned_away += 1;
                }
                other => panic!("unexpected status {other}"),
            }
        }
        if turned_away > 0 {
            break;
        }
    }
    assert!(turned_away > 0, "64 writers at once never filled a queue of one");
    let trace = candor.get(&format!("/api/3.0/mlflow/traces/{}", samples::trace_id(1))).json::<Value>().unwrap();
    assert_eq!(trace["trace"]["trace_info"]["assessments"].as_array().unwrap().len(), accepted);
}

#[test]
fn a_huge_body_is_refused_by_size() {
    let candor = Candor::start();
    let huge = "x".repeat(200 << 20);
    for path in ["/api/3.0/mlflow/traces", "/feedback?trace_id=x", "/v1/traces"] {
        let request = candor.request("POST", path).header("Content-Type", "application/json");
        // The server may hang up while the body is still being sent, which is an answer too.
        if let Ok(answer) = request.header("x-mlflow-experiment-id", "0").body(huge.clone()).send() {
            assert_eq!(answer.status(), 413, "{path}");
        }
    }
    assert_eq!(candor.get("/health").text().unwrap(), "OK");
}

#[test]
fn ten_thousand_malformed_bodies_are_refused_one_by_one() {
    let candor = Candor::start();
    candor.post("/api/3.0/mlflow/traces", &samples::start_trace(1)).error_for_status().unwrap();
    let trace = samples::trace_id(1);
    let paths = [
        "/api/3.0/mlflow/traces".to_owned(),
        format!("/api/3.0/mlflow/traces/{trace}/assessments"),
        "/api/3.0/mlflow/traces/search".to_owned(),
        "/v1/traces".to_owned(),
        format!("/feedback?trace_id={trace}"),
        "/api/v1/feedback".to_owned(),
        "/api/v1/feedback:batch".to_owned(),
    ];
    let good = samples::start_trace(1).to_string().into_bytes();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for n in 0..10_000_usize {
        let mut body = good.clone();
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Cut it somewhere, and put a byte that ends no JSON document where the cut is.
        body.truncate((random >> 33) as usize % good.len());
        body.push((random >> 25) as u8 | 0x80);
        let path = &paths[n % paths.len()];
        let request = candor.request("POST", path).header("Content-Type", "application/json");
        let answer = request.header("x-mlflow-experiment-id", "0").body(body).send().unwrap();
        assert!(answer.status().is_client_error(), "{path}: {}", answer.status());
    }
    assert_eq!(candor.get("/health").text().unwrap(), "OK");
    let info = candor.get(&format!("/api/3.0/mlflow/traces/{trace}")).json::<Value>().unwrap();
    assert!(info["trace"]["trace_info"].get("assessments").is_none(), "nothing was written: {info}");
}

#[test]
fn a_server_told_to_stop_finishes_what_it_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let candor = Candor::builder().folder(folder.path()).start();
    for n in 0..50 {
        candor.post("/api/3.0/mlflow/traces", &samples::start_trace(n)).error_for_status().unwrap();
    }
    assert!(candor.terminate().success());
    assert!(!folder.path().join("candor.db-wal").exists(), "a clean stop leaves one file");
    let candor = Candor::builder().folder(folder.path()).start();
    for n in 0..50 {
        candor.get(&format!("/api/3.0/mlflow/traces/{}", samples::trace_id(n))).error_for_status().unwrap();
    }
}

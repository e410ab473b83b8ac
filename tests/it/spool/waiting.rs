use std::thread;
use std::time::{Duration, Instant};

use candor_tests::{Candor, Mlflow, samples};
use serde_json::{Value, json};

use super::{assessments, in_front_of, spool, until};

#[test]
fn verdicts_find_traces_that_come_later_and_others_are_dead_letters() {
    let folder = tempfile::tempdir().unwrap();
    let mlflow = Mlflow::start();
    let candor = in_front_of(mlflow.url(), folder.path()).start();
    overtaking_verdicts_are_attached(&mlflow, &candor);
    drop(candor);
    the_command_line_reads_mlflow_itself(&mlflow);

    let none = tempfile::tempdir().unwrap();
    let impatient = in_front_of(mlflow.url(), none.path()).argument("--orphan-hours").argument("0").start();
    traces_that_never_come_leave_dead_letters(&mlflow, &impatient, none.path());
}

/// Five seconds before their traces: one comes through Candor, the other goes to MLflow itself.
fn overtaking_verdicts_are_attached(mlflow: &Mlflow, candor: &Candor) {
    for n in [1, 2] {
        let path = format!("/feedback?client_request_id={}&user_id=ann", samples::client_request_id(n));
        let answer = candor.post(&path, &json!({"is_correct": true, "comment": "early"}));
        assert_eq!(answer.status(), 202);
    }
    thread::sleep(Duration::from_secs(5));
    candor.post("/api/3.0/mlflow/traces", &samples::start_trace(1)).error_for_status().unwrap();
    assert_eq!(assessments(mlflow, &samples::trace_id(1)).len(), 1, "attached with its trace");

    let client = reqwest::blocking::Client::new();
    let straight = client.post(format!("{}/api/3.0/mlflow/traces", mlflow.url())).json(&samples::start_trace(2));
    straight.send().unwrap().error_for_status().unwrap();
    let deadline = Instant::now() + Duration::from_secs(90);
    while assessments(mlflow, &samples::trace_id(2)).is_empty() {
        assert!(Instant::now() < deadline, "the verdict is never attached");
        thread::sleep(Duration::from_millis(500));
    }
    let pending = candor.get("/api/v1/feedback/pending?state=all").json::<Value>().unwrap();
    assert_eq!(pending["pending"], json!([]));
}

fn the_command_line_reads_mlflow_itself(mlflow: &Mlflow) {
    let store = format!("mlflow+{}", mlflow.url());
    let doctor = Candor::run(&["doctor", "--store", &store]);
    let text = String::from_utf8_lossy(&doctor.stdout);
    assert!(doctor.status.success() && text.contains("experiments       1"), "{text}");
    // The samples' traces are of a day in 2026 that only a long look back reaches.
    let arguments = ["analyze", "--experiment", "Default", "--hours", "100000", "--format", "json", "--store", &store];
    let analyze = Candor::run(&arguments);
    assert!(analyze.status.success(), "{}", String::from_utf8_lossy(&analyze.stderr));
    let report: Value = serde_json::from_slice(&analyze.stdout).unwrap();
    assert_eq!((&report["summary"]["total_traces"], &report["summary"]["positive"]), (&json!(2), &json!(2)));
}

fn traces_that_never_come_leave_dead_letters(mlflow: &Mlflow, candor: &Candor, folder: &std::path::Path) {
    for n in [3, 4] {
        let path = format!("/feedback?trace_id={}&user_id=ann", samples::trace_id(n));
        assert_eq!(candor.post(&path, &json!({"is_correct": true, "comment": null})).status(), 202);
    }
    until(folder, "two dead letters", |status| status["dead"] == 2);
    let dead = spool(folder, &["list", "--state", "dead"]);
    assert_eq!(dead[0]["error_type"], "no_trace");
    assert!(dead[0]["about"].as_str().unwrap().contains(&samples::trace_id(3)), "{dead}");
    let orphaned = candor.get("/api/v1/feedback/pending?state=orphaned").json::<Value>().unwrap();
    assert_eq!(orphaned["pending"].as_array().unwrap().len(), 2, "{orphaned}");

    // Somebody looks after them: one trace was sent to MLflow late, the other never will be.
    let client = reqwest::blocking::Client::new();
    let late = client.post(format!("{}/api/3.0/mlflow/traces", mlflow.url())).json(&samples::start_trace(3));
    late.send().unwrap().error_for_status().unwrap();
    let numbers: Vec<String> = (0..2).map(|n| dead[n]["entry"].to_string()).collect();
    assert_eq!(spool(folder, &["retry", &numbers[0]]), json!({"retried": 1}));
    until(folder, "the late verdict on its trace", |status| status["dead"] == 1 && status["queued"] == 0);
    assert_eq!(assessments(mlflow, &samples::trace_id(3)).len(), 1);
    assert_eq!(spool(folder, &["drop", &numbers[1]]), json!({"dropped": 1}));
    assert_eq!(spool(folder, &["list"]), json!([]));
}

//! The command line, beside a running server and without one.

use candor_tests::{Candor, samples};
use serde_json::{Value, json};

#[test]
fn analyze_reports_beside_a_running_server() {
    let candor = Candor::start();
    judged_trace(&candor, 1, true);
    judged_trace(&candor, 2, true);
    judged_trace(&candor, 3, false);
    candor.post("/api/3.0/mlflow/traces", &recent(4)).error_for_status().unwrap();

    let store = candor.store();
    let arguments = ["analyze", "--experiment", "Default", "--hours", "24", "--store", &store];
    let table = Candor::run(&arguments);
    let text = String::from_utf8_lossy(&table.stdout);
    assert!(table.status.success(), "{}", String::from_utf8_lossy(&table.stderr));
    assert!(text.contains("75.0%") && text.contains("3 out of 4 traces") && text.contains("66.7%"), "{text}");

    let report = Candor::run(&[&arguments[..], &["--format", "json"]].concat());
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!(report["summary"]["total_traces"], 4);
    assert_eq!(report["summary"]["positive"], 2);
    assert_eq!(report["summary"]["negative"], 1);
}

#[test]
fn analyze_names_an_experiment_that_is_not_there() {
    let candor = Candor::start();
    let output = Candor::run(&["analyze", "--experiment", "nope", "--store", &candor.store()]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("nope"));
}

#[test]
fn doctor_tells_a_healthy_file_from_a_broken_one() {
    let candor = Candor::start();
    let healthy = Candor::run(&["doctor", "--store", &candor.store()]);
    assert!(healthy.status.success(), "{}", String::from_utf8_lossy(&healthy.stderr));

    let broken = candor.folder().join("broken.db");
    std::fs::write(&broken, "this is no database, but long enough to be looked at as one".repeat(100)).unwrap();
    let output = Candor::run(&["doctor", "--store", &format!("sqlite:{}", broken.display())]);
    assert!(!output.status.success());
    let text = [output.stdout, output.stderr].concat();
    assert!(String::from_utf8_lossy(&text).contains("not a SQLite database"));
}

#[test]
fn an_unknown_store_is_refused_with_the_forms_that_work() {
    let output = Candor::run(&["serve", "--store", "mysql://x"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("sqlite:PATH"));
}

#[test]
fn what_the_store_does_can_be_watched() {
    let candor = Candor::start();
    judged_trace(&candor, 1, true);
    let metrics = candor.get("/metrics").error_for_status().unwrap();
    assert!(metrics.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
    let metrics = metrics.text().unwrap();
    let logged = r#"candor_store_operation_duration_seconds_count{backend="sqlite",operation="log_assessments"} 1"#;
    assert!(metrics.contains(logged), "{metrics}");
}

fn judged_trace(candor: &Candor, n: u64, verdict: bool) {
    candor.post("/api/3.0/mlflow/traces", &recent(n)).error_for_status().unwrap();
    let path = format!("/feedback?trace_id={}&user_id=u", samples::trace_id(n));
    candor.post(&path, &json!({"is_correct": verdict, "comment": null})).error_for_status().unwrap();
}

/// A trace of a minute ago.
fn recent(n: u64) -> Value {
    let mut request = samples::start_trace(n);
    let time = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(1);
    request["trace"]["trace_info"]["request_time"] = json!(time.to_string());
    request
}

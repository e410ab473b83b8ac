//! Candor in front of a real MLflow server that is away at times: nothing is lost, nothing doubled.

mod outage;
mod waiting;
mod without;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use candor_tests::{Candor, CandorBuilder, Mlflow};
use serde_json::Value;

/// A server in front of `url`, with its spool in `folder`.
fn in_front_of(url: &str, folder: &Path) -> CandorBuilder {
    let spool = spool_in(folder).display().to_string();
    Candor::builder().folder(folder).store(&format!("mlflow+{url}")).argument("--spool").argument(&spool)
}

fn spool_in(folder: &Path) -> PathBuf {
    folder.join("spool.db")
}

/// What `candor spool` prints as JSON.
fn spool(folder: &Path, arguments: &[&str]) -> Value {
    let path = spool_in(folder).display().to_string();
    let output = Candor::run(&[&["spool"], arguments, &["--format", "json", "--spool", &path]].concat());
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Waits until the spool's counts have come to something.
fn until(folder: &Path, what: &str, reached: impl Fn(&Value) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(180);
    loop {
        let status = spool(folder, &["status"]);
        if reached(&status) {
            return;
        }
        assert!(Instant::now() < deadline, "{what} is never reached: {status}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The assessments that MLflow itself has on a trace.
fn assessments(mlflow: &Mlflow, trace: &str) -> Vec<Value> {
    let url = format!("{}/api/3.0/mlflow/traces/{trace}", mlflow.url());
    let answer = reqwest::blocking::get(url).unwrap().error_for_status().unwrap().json::<Value>().unwrap();
    answer["trace"]["trace_info"]["assessments"].as_array().cloned().unwrap_or_default()
}

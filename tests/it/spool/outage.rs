use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use candor_tests::{Candor, Mlflow, samples};
use reqwest::blocking::Client;
use serde_json::json;

use super::{assessments, in_front_of, spool, until};

const VERDICTS: u64 = 2_000;
const TRACES: u64 = 100;
const SENDERS: usize = 8;
/// Over which time the verdicts are spread, as far as the servers keep up.
const TIMELINE: Duration = Duration::from_secs(50);
const OUTAGE: Duration = Duration::from_secs(10);

#[test]
fn two_outages_and_two_crashes_leave_every_acknowledged_verdict_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut mlflow = Mlflow::start();
    let url = mlflow.url().to_owned();
    let start = || in_front_of(&url, folder.path()).start();
    let first = start();
    for n in 0..TRACES {
        first.post("/api/3.0/mlflow/traces", &samples::start_trace(n)).error_for_status().unwrap();
    }
    let address = RwLock::new(first.url().to_owned());
    let candor = Mutex::new(Some(first));
    let crash = || {
        candor.lock().unwrap().take().unwrap().kill();
        let next = start();
        *address.write().unwrap() = next.url().to_owned();
        *candor.lock().unwrap() = Some(next);
    };
    let next = AtomicU64::new(0);
    let begin = Instant::now();
    thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                let client = Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
                loop {
                    let n = next.fetch_add(1, Ordering::SeqCst);
                    if n >= VERDICTS {
                        break;
                    }
                    let due = TIMELINE.mul_f64(n as f64 / VERDICTS as f64);
                    thread::sleep(due.saturating_sub(begin.elapsed()));
                    send_until_acknowledged(&client, &address, n);
                }
            });
        }
        for _ in 0..2 {
            thread::sleep(Duration::from_secs(3));
            mlflow.kill();
            thread::sleep(OUTAGE / 2);
            let kept = spool(folder.path(), &["status"]);
            let in_flight = SENDERS as u64;
            assert!(kept["queued"].as_u64().unwrap() > in_flight, "the load goes on, into the spool alone: {kept}");
            crash();
            thread::sleep(OUTAGE / 2);
            mlflow.start_again();
        }
    });
    let _running: Option<Candor> = candor.into_inner().unwrap();
    until(folder.path(), "an empty spool", |status| status["queued"] == 0 && status["waiting"] == 0);
    assert_eq!(spool(folder.path(), &["list", "--state", "dead"]), json!([]));

    let mut found: HashMap<String, u64> = HashMap::new();
    for trace in (0..TRACES).map(samples::trace_id) {
        for verdict in assessments(&mlflow, &trace) {
            let user = verdict["source"]["source_id"].as_str().unwrap().to_owned();
            let n: u64 = user.trim_start_matches("u-").parse().unwrap();
            assert_eq!(trace, samples::trace_id(n % TRACES));
            assert_eq!(verdict["feedback"]["value"], n.is_multiple_of(3), "{verdict}");
            assert_eq!(verdict["valid"], true, "{verdict}");
            *found.entry(user).or_default() += 1;
        }
    }
    let doubled: Vec<_> = found.iter().filter(|(_, times)| **times > 1).collect();
    assert!(doubled.is_empty(), "more than once: {doubled:?}");
    let lost: Vec<_> = (0..VERDICTS).filter(|n| !found.contains_key(&format!("u-{n}"))).collect();
    assert!(lost.is_empty(), "acknowledged, but gone: {lost:?}");
}

/// As a client with retries does it: the same request again until there is an answer.
fn send_until_acknowledged(client: &Client, address: &RwLock<String>, n: u64) {
    let trace = samples::trace_id(n % TRACES);
    for _ in 0..600 {
        let url = address.read().unwrap().clone();
        let request = client
            .post(format!("{url}/feedback?trace_id={trace}&user_id=u-{n}"))
            .header("Idempotency-Key", format!("verdict-{n}"))
            .json(&json!({"is_correct": n.is_multiple_of(3), "comment": null}));
        match request.send() {
            Ok(answer) if answer.status().is_success() => return,
            Ok(answer) if answer.status() == 503 => thread::sleep(Duration::from_millis(200)),
            Ok(answer) => panic!("refused: {} {}", answer.status(), answer.text().unwrap_or_default()),
            Err(_) => thread::sleep(Duration::from_millis(100)),
        }
    }
    panic!("verdict {n} was never acknowledged");
}

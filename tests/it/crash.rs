//! What was acknowledged is there after `kill -9`, once.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use candor_tests::{Candor, Postgres, samples};
use serde_json::{Value, json};

const WRITERS: u64 = 8;
const TRACES: u64 = 40;

#[test]
fn no_acknowledged_verdict_is_lost_or_doubled_by_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    storm_and_kill(20, || Candor::builder().folder(folder.path()).start());
}

#[test]
fn no_acknowledged_verdict_is_lost_or_doubled_by_a_kill_on_postgres() {
    let server = Postgres::start();
    let database = server.database();
    storm_and_kill(8, || Candor::builder().store(&database).start());
}

/// A verdict is known by its user, of whom there is one for each.
fn storm_and_kill(rounds: u64, start: impl Fn() -> Candor) {
    let acknowledged = Mutex::new(HashSet::<String>::new());
    let mut unanswered: Vec<String> = Vec::new();
    for round in 0..rounds {
        let candor = start();
        if round == 0 {
            for n in 0..TRACES {
                candor.post("/api/3.0/mlflow/traces", &samples::start_trace(n)).error_for_status().unwrap();
            }
        }
        // As a client would: what got no answer is sent again.
        for user in unanswered.drain(..) {
            assert!(press(&candor, &user), "a retry after the restart is accepted");
            acknowledged.lock().unwrap().insert(user);
        }
        check(&candor, &acknowledged.lock().unwrap());
        unanswered = storm_until_killed(candor, round, &acknowledged);
    }
    let candor = start();
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() as u64 > rounds * WRITERS, "the storm wrote next to nothing: {}", acknowledged.len());
    let found = check(&candor, &acknowledged);
    summary_equals_recount(&candor, &found);
}

/// Writes from all sides until the process is gone; returns what was sent but not answered.
fn storm_until_killed(candor: Candor, round: u64, acknowledged: &Mutex<HashSet<String>>) -> Vec<String> {
    let over = AtomicBool::new(false);
    let unanswered = Mutex::new(Vec::new());
    let sender = Sender::to(&candor);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (over, unanswered, sender) = (&over, &unanswered, &sender);
            scope.spawn(move || {
                for n in 0.. {
                    let user = format!("{round}-{writer}-{n}");
                    if sender.press(&user) {
                        acknowledged.lock().unwrap().insert(user);
                    } else {
                        unanswered.lock().unwrap().push(user);
                    }
                    if over.load(Ordering::SeqCst) {
                        break;
                    }
                }
            });
        }
        thread::sleep(Duration::from_millis(100 + round * 37 % 300));
        candor.kill();
        over.store(true, Ordering::SeqCst);
    });
    unanswered.into_inner().unwrap()
}

/// Sends verdicts without holding the process, which is to be killed meanwhile.
struct Sender {
    url: String,
    client: reqwest::blocking::Client,
}

impl Sender {
    fn to(candor: &Candor) -> Self {
        Self { url: candor.url().to_owned(), client: reqwest::blocking::Client::new() }
    }

    /// Whether the verdict was acknowledged.
    fn press(&self, user: &str) -> bool {
        let trace = samples::trace_id(user.bytes().map(u64::from).sum::<u64>() % TRACES);
        let request = self
            .client
            .post(format!("{}/feedback?trace_id={trace}&user_id={user}", self.url))
            .header("Idempotency-Key", user)
            .json(&json!({"is_correct": user.len().is_multiple_of(2), "comment": user}));
        match request.send() {
            Ok(answer) => {
                assert!(answer.status().is_success(), "a good verdict is never refused: {}", answer.status());
                true
            }
            Err(_) => false,
        }
    }
}

fn press(candor: &Candor, user: &str) -> bool {
    Sender::to(candor).press(user)
}

/// Every acknowledged verdict is found, and none twice. Returns all verdicts by user.
fn check(candor: &Candor, acknowledged: &HashSet<String>) -> HashMap<String, Value> {
    let mut found = HashMap::new();
    for trace in (0..TRACES).map(samples::trace_id) {
        let answer = candor.get(&format!("/api/3.0/mlflow/traces/{trace}")).json::<Value>().unwrap();
        for verdict in answer["trace"]["trace_info"]["assessments"].as_array().into_iter().flatten() {
            let user = verdict["source"]["source_id"].as_str().unwrap().to_owned();
            assert_eq!(verdict["rationale"], user.as_str(), "the verdict is whole");
            assert!(found.insert(user, verdict.clone()).is_none(), "a verdict is there twice: {verdict}");
        }
    }
    let lost: Vec<_> = acknowledged.iter().filter(|user| !found.contains_key(*user)).collect();
    assert!(lost.is_empty(), "acknowledged, but gone: {lost:?}");
    found
}

fn summary_equals_recount(candor: &Candor, found: &HashMap<String, Value>) {
    let summary = candor.get("/api/v1/analytics/summary?experiment=Default&from=2026-01-01T00:00:00Z");
    let summary = summary.error_for_status().unwrap().json::<Value>().unwrap();
    let valid = |value: bool| {
        found.values().filter(|verdict| verdict["valid"] == true && verdict["feedback"]["value"] == value).count()
    };
    assert_eq!(summary["total_traces"], TRACES);
    assert_eq!(summary["positive"], valid(true));
    assert_eq!(summary["negative"], valid(false));
}

//! The database server dies under load: nothing acknowledged is lost, and service comes back by itself.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use candor_store::TrackingStore;
use candor_store::conformance::block_on;
use candor_tests::{Candor, Postgres, samples};
use reqwest::blocking::Client;
use serde_json::{Value, json};

use super::{assert_counts_are_true, connect};

const CLIENTS: u32 = 32;
const TRACES: u64 = 40;
const CRASHES: usize = 3;

#[test]
fn no_acknowledged_verdict_is_lost_when_the_database_dies() {
    let mut server = Postgres::start();
    let url = server.database();
    let candor = Candor::builder().store(&url).start();
    for n in 0..TRACES {
        candor.post("/api/3.0/mlflow/traces", &samples::start_trace(n)).error_for_status().unwrap();
    }
    let acknowledged = Mutex::new(HashSet::<String>::new());
    let (over, refused) = (AtomicBool::new(false), AtomicU32::new(0));
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (base, acknowledged, over, refused) = (candor.url(), &acknowledged, &over, &refused);
            scope.spawn(move || {
                let http = Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
                for n in 0.. {
                    let user = format!("{client}-{n}");
                    // As a client would: until it is acknowledged.
                    while !press(&http, base, &user) {
                        refused.fetch_add(1, Ordering::Relaxed);
                        thread::sleep(Duration::from_millis(50));
                    }
                    acknowledged.lock().unwrap().insert(user);
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
        }
        for _ in 0..CRASHES {
            thread::sleep(Duration::from_millis(700));
            server.kill();
            thread::sleep(Duration::from_millis(500));
            server.start_again();
            let before = acknowledged.lock().unwrap().len();
            let deadline = Instant::now() + Duration::from_secs(30);
            while acknowledged.lock().unwrap().len() <= before {
                assert!(Instant::now() < deadline, "the service does not come back");
                thread::sleep(Duration::from_millis(20));
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    assert!(refused.load(Ordering::Relaxed) > 0, "the database died unnoticed");

    let acknowledged = acknowledged.into_inner().unwrap();
    block_on(async {
        let store = connect(&url).await;
        let mut found = Vec::new();
        let mut last = 0;
        loop {
            let arrivals = store.feedback_since(Some(last), 1000).await.unwrap();
            if arrivals.items.is_empty() {
                break;
            }
            found.extend(
                arrivals
                    .items
                    .iter()
                    .map(|arrival| arrival.feedback.source.source_id.as_ref().unwrap().as_str().to_owned()),
            );
            last = arrivals.next;
        }
        assert_eq!(found.len(), acknowledged.len(), "each verdict is there once");
        assert_eq!(found.into_iter().collect::<HashSet<_>>(), acknowledged);
        assert_counts_are_true(&store).await;
    });
}

/// Whether the verdict was acknowledged; if not, the answer says that it may be tried again.
fn press(http: &Client, base: &str, user: &str) -> bool {
    let trace = samples::trace_id(user.bytes().map(u64::from).sum::<u64>() % TRACES);
    // Candor itself stays up.
    let answer = http
        .post(format!("{base}/feedback?trace_id={trace}&user_id={user}"))
        .header("Idempotency-Key", user)
        .json(&json!({"is_correct": true}))
        .send()
        .unwrap();
    if answer.status().is_success() {
        return true;
    }
    assert_eq!(answer.status(), 503, "a good verdict is put off at most");
    let problem: Value = answer.json().unwrap();
    assert_eq!(problem["status"], 503, "{problem}");
    false
}

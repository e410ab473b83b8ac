//! Verdicts that overtake their traces are kept, through a crash too, and linked when the traces land.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use candor_tests::{Candor, samples};
use reqwest::blocking::Client;
use serde_json::{Value, json};

const VERDICTS: u64 = 10_000;
/// How far a verdict and its trace may be apart, either way.
const APART_MS: u64 = 30_000;
const TIMELINE_MS: u64 = 40_000;
const SENDERS: usize = 8;

#[derive(Clone, Copy)]
enum Event {
    Trace(u64),
    Verdict(u64),
}

#[test]
fn ten_thousand_verdicts_around_their_traces_end_as_ten_thousand_linked() {
    let folder = tempfile::tempdir().unwrap();
    let first = Candor::builder().folder(folder.path()).start();
    let url = RwLock::new(first.url().to_owned());
    let timeline = timeline();
    let next = AtomicUsize::new(0);
    let running = Mutex::new(Some(first));
    let begin = Instant::now();
    thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                let client = Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
                while let Some((at_ms, event)) = timeline.get(next.fetch_add(1, Ordering::SeqCst)) {
                    thread::sleep(Duration::from_millis(*at_ms).saturating_sub(begin.elapsed()));
                    send_until_acknowledged(&client, &url, *event);
                }
            });
        }
        thread::sleep(Duration::from_millis(TIMELINE_MS / 2));
        running.lock().unwrap().take().unwrap().kill();
        let second = Candor::builder().folder(folder.path()).start();
        *url.write().unwrap() = second.url().to_owned();
        *running.lock().unwrap() = Some(second);
    });
    let candor = running.into_inner().unwrap().unwrap();
    let pending = candor.get("/api/v1/feedback/pending?state=all").error_for_status().unwrap().json::<Value>().unwrap();
    assert_eq!(pending["pending"], json!([]));
    assert_eq!(linked(&candor), VERDICTS);
}

/// A trace each and a verdict each, at most [`APART_MS`] apart, in the order of their times.
fn timeline() -> Vec<(u64, Event)> {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |limit: u64| {
        // xorshift64: any spread will do, the same one each time.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % limit
    };
    let mut events = Vec::new();
    for n in 0..VERDICTS {
        let verdict = below(TIMELINE_MS);
        let trace = (verdict + below(2 * APART_MS)).saturating_sub(APART_MS).min(TIMELINE_MS);
        events.push((verdict, Event::Verdict(n)));
        events.push((trace, Event::Trace(n)));
    }
    events.sort_by_key(|(at_ms, _)| *at_ms);
    events
}

/// As a client with retries does it: the same request again until there is an answer.
fn send_until_acknowledged(client: &Client, url: &RwLock<String>, event: Event) {
    for _ in 0..600 {
        let url = url.read().unwrap().clone();
        let request = match event {
            Event::Trace(n) => client.post(format!("{url}/api/3.0/mlflow/traces")).json(&samples::start_trace(n)),
            Event::Verdict(n) => {
                let target = if n % 2 == 0 {
                    format!("trace_id={}", samples::trace_id(n))
                } else {
                    format!("client_request_id={}", samples::client_request_id(n))
                };
                client
                    .post(format!("{url}/feedback?{target}&user_id=u-{n}"))
                    .header("Idempotency-Key", format!("verdict-{n}"))
                    .json(&json!({"is_correct": n % 3 == 0, "comment": null}))
            }
        };
        match request.send() {
            Ok(answer) if answer.status().is_success() => return,
            Ok(answer) => panic!("refused: {} {}", answer.status(), answer.text().unwrap_or_default()),
            Err(_) => thread::sleep(Duration::from_millis(100)),
        }
    }
    panic!("the server did not come back");
}

/// The number of traces with exactly one verdict, which is valid and of the right value.
fn linked(candor: &Candor) -> u64 {
    let mut linked = 0;
    let mut token = String::new();
    loop {
        let page = candor.post(
            "/api/3.0/mlflow/traces/search",
            &json!({
                "locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}],
                "max_results": 500,
                "page_token": token,
            }),
        );
        let page = page.error_for_status().unwrap().json::<Value>().unwrap();
        for trace in page["traces"].as_array().into_iter().flatten() {
            let verdicts = trace["assessments"].as_array().cloned().unwrap_or_default();
            assert_eq!(verdicts.len(), 1, "{trace}");
            let n = u64::from_str_radix(&trace["trace_id"].as_str().unwrap()[3..], 16).unwrap();
            assert_eq!(verdicts[0]["source"]["source_id"], format!("u-{n}"));
            assert_eq!(verdicts[0]["feedback"]["value"], n % 3 == 0);
            assert_eq!(verdicts[0]["valid"], true);
            linked += 1;
        }
        match page["next_page_token"].as_str() {
            Some(next) => token = next.to_owned(),
            None => return linked,
        }
    }
}

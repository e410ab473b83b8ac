//! The demonstration's chat: questions, answers, and verdicts that land on them.

use std::io::{BufRead, BufReader};

use candor_tests::python::{script, succeed};
use candor_tests::{Candor, FakeLlm};
use serde_json::{Value, json};

const TOKENS: &[&str] = &["On ", "its ", "trace", " 👍", "."];

#[test]
fn the_official_client_understands_the_fake_model() {
    let model = FakeLlm::start(TOKENS);
    let output = succeed(script("ask_model.py").arg(model.url()));
    let heard: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(heard, json!({"said": TOKENS.concat(), "usage": [11, 5], "id": "chatcmpl-7"}));
}

#[test]
fn a_verdict_lands_on_an_answer_by_its_trace_id() {
    let candor = Candor::builder().argument("--demo").start();
    let answer = ask(&candor, "What happens to a verdict that overtakes its trace?");
    let trace_id = answer["trace_id"].as_str().unwrap();
    let verdict = candor.post(
        &format!("/feedback?trace_id={trace_id}&user_id=ada"),
        &json!({"is_correct": true, "comment": "just so"}),
    );
    assert!(verdict.status().is_success(), "{}", verdict.text().unwrap());
    let trace = landed(&candor, trace_id);
    assert_eq!(span_types(&trace), ["CHAIN", "LLM", "RETRIEVER"]);
    assert_eq!(verdicts(&trace), [json!(true)]);
}

#[test]
fn a_verdict_lands_on_an_answer_by_the_callers_own_id() {
    let candor = Candor::builder().argument("--demo").start();
    let asked = candor
        .request("POST", "/chat")
        .header("X-Client-Request-ID", "req-1f2e3d4c")
        .header("X-Session-ID", "chat-7")
        .json(&json!({"message": "What is a spool?"}));
    let answer: Value = asked.send().unwrap().error_for_status().unwrap().json().unwrap();
    assert_eq!(answer["client_request_id"], "req-1f2e3d4c");
    let path = "/feedback?client_request_id=req-1f2e3d4c&user_id=ada";
    let verdict = candor.post(path, &json!({"is_correct": false, "comment": null}));
    assert!(verdict.status().is_success(), "{}", verdict.text().unwrap());
    let trace = landed(&candor, answer["trace_id"].as_str().unwrap());
    assert_eq!(verdicts(&trace), [json!(false)]);
    assert_eq!(trace["trace_info"]["trace_metadata"]["mlflow.trace.session"], "chat-7");
}

#[test]
fn a_streamed_answer_of_a_real_endpoint_is_judged() {
    let model = FakeLlm::start(TOKENS);
    let candor = Candor::builder();
    let candor = ["--demo", "--llm-url", model.url(), "--llm-model", "tiny"]
        .into_iter()
        .fold(candor, |candor, word| candor.argument(word));
    let candor = candor.start();
    let stream = candor.post("/chat/stream", &json!({"message": "Where does a verdict land?"}));
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let events = events(&stream.text().unwrap());
    assert_eq!(said(&events), TOKENS.concat());
    let trace_id = events[0]["trace_id"].as_str().unwrap();
    assert_eq!(events.last().unwrap(), &json!({"type": "done", "trace_id": trace_id}));

    let path = format!("/feedback?trace_id={trace_id}&user_id=ada");
    candor.post(&path, &json!({"is_correct": true, "comment": null})).error_for_status().unwrap();
    let trace = landed(&candor, trace_id);
    assert_eq!(verdicts(&trace), [json!(true)]);
    let usage = trace["trace_info"]["trace_metadata"]["mlflow.trace.tokenUsage"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(usage).unwrap()["total_tokens"], 16);
}

#[test]
fn a_connection_that_breaks_is_taken_up_exactly_where_it_broke() {
    let candor = Candor::builder().argument("--demo").start();
    let question = json!({"message": "What happens to a verdict that overtakes its trace?"});
    let mut lines = BufReader::new(candor.post("/chat/stream", &question)).lines().map(Result::unwrap);
    let mut seen: Vec<String> = Vec::new();
    // The blank line behind the third token: the event has arrived whole.
    while seen.iter().filter(|line| line.contains(r#""type":"token""#)).count() < 3 || seen.last().unwrap() != "" {
        seen.push(lines.next().expect("the answer has more than three tokens"));
    }
    drop(lines);
    let last = seen.iter().rev().find_map(|line| line.strip_prefix("id: ")).unwrap();
    let resumed = candor.request("POST", "/chat/stream").header("Last-Event-ID", last).json(&question).send().unwrap();
    let rest = resumed.text().unwrap();

    let seen = seen.join("\n") + "\n";
    let whole = seen.clone() + &rest;
    let numbers = whole.lines().filter_map(|line| line.strip_prefix("id: ")?.rsplit('.').next()?.parse::<usize>().ok());
    let numbers: Vec<usize> = numbers.collect();
    assert_eq!(numbers, (0..numbers.len()).collect::<Vec<_>>());
    let events = events(&whole);
    assert_eq!(events.last().unwrap()["type"], "done");
    assert!(events[0]["trace_id"].is_string() && events[0]["trace_id"] == events.last().unwrap()["trace_id"]);

    let trace_id = events[0]["trace_id"].as_str().unwrap();
    let path = format!("/feedback?trace_id={trace_id}&user_id=ada");
    candor.post(&path, &json!({"is_correct": true, "comment": null})).error_for_status().unwrap();
    let trace = landed(&candor, trace_id);
    let recorded = spans(&trace).find(|span| attribute(span, "mlflow.spanType") == Some("CHAIN"));
    assert_eq!(attribute(recorded.unwrap(), "mlflow.spanOutputs").unwrap(), said(&events));
}

fn events(text: &str) -> Vec<Value> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("data: "));
    lines.map(|json| serde_json::from_str(json).unwrap()).collect()
}

/// The answer's text, as a reader puts it together.
fn said(events: &[Value]) -> String {
    events.iter().filter_map(|event| event["content"].as_str()).collect()
}

fn ask(candor: &Candor, question: &str) -> Value {
    candor.post("/chat", &json!({"message": question})).error_for_status().unwrap().json().unwrap()
}

/// The trace with its spans, once all of it has been exported and judged.
fn landed(candor: &Candor, trace_id: &str) -> Value {
    for _ in 0..200 {
        let answer = candor.get(&format!("/api/3.0/mlflow/traces/get?trace_id={trace_id}&allow_partial=false"));
        if answer.status().is_success() {
            let trace = answer.json::<Value>().unwrap()["trace"].take();
            if trace["trace_info"]["state"] == "OK" && !verdicts(&trace).is_empty() {
                return trace;
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("trace {trace_id} does not land with its verdict");
}

fn verdicts(trace: &Value) -> Vec<Value> {
    let assessments = trace["trace_info"]["assessments"].as_array().cloned().unwrap_or_default();
    assessments.iter().map(|assessment| assessment["feedback"]["value"].clone()).collect()
}

fn span_types(trace: &Value) -> Vec<String> {
    let types = spans(trace).filter_map(|span| attribute(span, "mlflow.spanType"));
    let mut types: Vec<String> = types.map(str::to_owned).collect();
    types.sort_unstable();
    types
}

fn spans(trace: &Value) -> impl Iterator<Item = &Value> {
    trace["spans"].as_array().into_iter().flatten()
}

/// An attribute of a span that is a text.
fn attribute<'a>(span: &'a Value, key: &str) -> Option<&'a str> {
    let found = span["attributes"].as_array()?.iter().find(|attribute| attribute["key"] == key)?;
    found["value"]["string_value"].as_str()
}

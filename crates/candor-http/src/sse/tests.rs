mod endings;
mod reading;
mod resuming;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use candor_model::TraceId;
use futures_util::{Stream, StreamExt, stream};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{AnswerRecord, AnswerRecorder, SseAnswer, SseOptions};

const TRACE: &str = "tr-4bf92f3577b34da6a3ce929d0e0e4736";

/// Keeps what it hears.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Option<AnswerRecord>>>);

impl AnswerRecorder for Heard {
    fn trace_id(&self) -> Option<TraceId> {
        Some(TRACE.parse().unwrap())
    }

    fn finish(self: Box<Self>, record: AnswerRecord) {
        assert!(self.0.lock().unwrap().replace(record).is_none(), "an answer ends once");
    }
}

impl Heard {
    /// What was heard at the end, which comes soon.
    async fn record(&self) -> AnswerRecord {
        for _ in 0..6000 {
            if let Some(record) = self.0.lock().unwrap().clone() {
                return record;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the answer does not end");
    }
}

fn tokens(texts: &[&'static str]) -> impl Stream<Item = Result<&'static str, String>> + Send + use<> {
    stream::iter(texts.iter().map(|text| Ok(*text)).collect::<Vec<_>>())
}

/// Tokens that come when the test sends them.
fn hand_fed() -> (mpsc::UnboundedSender<Result<String, String>>, impl Stream<Item = Result<String, String>> + Send) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let tokens = stream::unfold(receiver, async |mut receiver: mpsc::UnboundedReceiver<_>| {
        receiver.recv().await.map(|token| (token, receiver))
    });
    (sender, tokens)
}

/// Each token an event of its own, as soon as it comes.
fn prompt() -> SseOptions {
    SseOptions { join_within: Duration::ZERO, ..SseOptions::default() }
}

async fn text_of(response: Response) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// The JSON of the events of a whole answer.
async fn events(answer: impl IntoResponse) -> Vec<Value> {
    data_of(&text_of(answer.into_response()).await)
}

fn data_of(text: &str) -> Vec<Value> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("data: "));
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The answer's text, as a reader puts it together.
fn joined(events: &[Value]) -> String {
    events.iter().filter_map(|event| event["content"].as_str()).collect()
}

/// The next frame of a response that goes on.
async fn frame(body: &mut axum::body::Body) -> String {
    let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
    String::from_utf8(frame.to_vec()).unwrap()
}

#[tokio::test]
async fn an_answer_is_told_from_start_to_done() {
    let answer = SseAnswer::new(tokens(&["An ", "open-source ", "platform"]))
        .recorded_by(Heard::default())
        .client_request_id("req-1f2e3d4c".parse().unwrap())
        .options(prompt());
    assert_eq!(
        events(answer).await,
        [
            json!({"type": "start", "trace_id": TRACE, "client_request_id": "req-1f2e3d4c"}),
            json!({"type": "token", "content": "An "}),
            json!({"type": "token", "content": "open-source "}),
            json!({"type": "token", "content": "platform"}),
            json!({"type": "done", "trace_id": TRACE}),
        ]
    );
}

#[tokio::test]
async fn the_headers_keep_proxies_from_collecting_the_events() {
    let response = SseAnswer::new(tokens(&[])).into_response();
    let header = |name: &str| response.headers().get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/event-stream");
    assert_eq!(header("cache-control"), "no-cache");
    assert_eq!(header("connection"), "keep-alive");
    assert_eq!(header("x-accel-buffering"), "no");
}

#[tokio::test]
async fn every_text_survives() {
    let texts = ["line\nbreak\r\n", "data: {\"type\":\"done\"}\n\n", "ответ 👍", "\u{2028}\0", ""];
    let events = events(SseAnswer::new(tokens(&texts)).options(prompt())).await;
    assert_eq!(joined(&events), texts.concat());
    assert_eq!(events.len(), texts.len() + 2);
}

#[tokio::test]
async fn fast_tokens_are_joined_but_the_first_is_not_kept_waiting() {
    let many = stream::iter((0..10_000).map(|n| Ok::<_, String>(format!("{n} "))));
    let heard = Heard::default();
    let events = events(SseAnswer::new(many).recorded_by(heard.clone())).await;
    assert_eq!(events[1]["content"], "0 ");
    assert!(events.len() < 100, "{} events", events.len());
    assert_eq!(joined(&events), (0..10_000).map(|n| format!("{n} ")).collect::<String>());
    assert_eq!(heard.record().await.tokens, 10_000);
}

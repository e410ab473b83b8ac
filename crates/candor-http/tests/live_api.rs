//! The live view over the in-memory store, as a browser sees it.

#![expect(clippy::unwrap_used, reason = "a test that fails must stop")]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use candor_http::feedback::{Category, FeedbackConfig};
use candor_http::{ApiState, feedback, live};
use candor_model::{AssessmentBody, ExperimentId, Source, TimestampMs, TraceId, TraceInfo, Value};
use candor_store::{MemoryStore, NewAssessment, TrackingStoreExt};
use http_body_util::BodyExt;
use serde_json::{Value as Json, json};
use tower::ServiceExt;

const TRACE: TraceId = TraceId::from_bytes([1; 16]);

async fn service() -> (Router, ApiState) {
    let state = ApiState::new(Arc::new(MemoryStore::new()));
    let now = TimestampMs::from_millis(1_767_323_045_000);
    state.store.start_trace(TraceInfo::new(TRACE, ExperimentId::DEFAULT, now)).await.unwrap();
    (live::router(state.clone()), state)
}

async fn judge(state: &ApiState, name: &str, user: &str) {
    let body = AssessmentBody::feedback(Value::Bool(true));
    let now = state.clock.now();
    let verdict = NewAssessment::new(TRACE, name.parse().unwrap(), Source::human(user).unwrap(), body, now);
    state.store.log_assessment(verdict).await.unwrap();
}

/// An open stream.
struct Stream(Body, String);

impl Stream {
    async fn open(app: &Router, query: &str, last: Option<&str>) -> Self {
        let mut request = Request::get(format!("/api/v1/feedback/live{query}"));
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self(response.into_body(), String::new())
    }

    /// The next event's name, id and data; `None` when the stream has ended.
    async fn next(&mut self) -> Option<(String, String, Json)> {
        loop {
            if let Some((event, rest)) = self.1.split_once("\n\n") {
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name));
                    line.unwrap_or_default().trim().to_owned()
                };
                let found =
                    (field("event:"), field("id:"), serde_json::from_str(&field("data:")).unwrap_or(Json::Null));
                self.1 = rest.to_owned();
                return Some(found);
            }
            let frame = tokio::time::timeout(Duration::from_secs(30), self.0.frame()).await.unwrap()?;
            self.1.push_str(std::str::from_utf8(frame.unwrap().data_ref().unwrap()).unwrap());
        }
    }

    /// The user of the next verdict, and the event's id.
    async fn user(&mut self) -> (String, String) {
        let (event, id, data) = self.next().await.unwrap();
        assert_eq!(event, "feedback", "{data}");
        (data["feedback"]["source"]["id"].as_str().unwrap().to_owned(), id)
    }
}

#[tokio::test(start_paused = true)]
async fn new_verdicts_come_within_a_second_and_old_ones_do_not() {
    let (app, state) = service().await;
    judge(&state, "user_feedback", "before").await;
    let mut stream = Stream::open(&app, "?experiment=Default", None).await;
    assert_eq!(stream.next().await.unwrap().0, "ready");
    tokio::time::sleep(Duration::from_secs(3)).await;
    let begin = tokio::time::Instant::now();
    judge(&state, "user_feedback", "u-1").await;
    let (_, _, data) = stream.next().await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    assert_eq!(data["experiment_id"], "0");
    assert_eq!(data["feedback"]["trace_id"], TRACE.to_string());
    assert_eq!(data["feedback"]["source"], json!({"type": "HUMAN", "id": "u-1"}));
}

#[tokio::test(start_paused = true)]
async fn a_broken_stream_goes_on_where_it_was() {
    let (app, state) = service().await;
    let mut stream = Stream::open(&app, "", None).await;
    let (_, begin, _) = stream.next().await.unwrap();
    for user in ["u-1", "u-2", "u-3"] {
        judge(&state, "user_feedback", user).await;
    }
    let (user, first) = stream.user().await;
    assert_eq!(user, "u-1");
    drop(stream);
    for (last, expected) in [(&first, ["u-2", "u-3"].as_slice()), (&begin, &["u-1", "u-2", "u-3"])] {
        let mut again = Stream::open(&app, "", Some(last)).await;
        assert_eq!(again.next().await.unwrap().0, "ready");
        for user in expected {
            assert_eq!(again.user().await.0, *user);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_away_too_long_is_told() {
    let (app, state) = service().await;
    for n in 0..1001 {
        judge(&state, "user_feedback", &format!("u-{n}")).await;
    }
    let mut stream = Stream::open(&app, "", Some("0")).await;
    let (event, id, _) = stream.next().await.unwrap();
    assert_eq!((event.as_str(), id.as_str()), ("gap", "1001"));
    judge(&state, "user_feedback", "next").await;
    assert_eq!(stream.user().await.0, "next");
    let mut stream = Stream::open(&app, "?last_event_id=2", None).await;
    assert_eq!(stream.next().await.unwrap().0, "ready", "1000 are made up for");
}

#[tokio::test(start_paused = true)]
async fn streams_show_what_was_asked_for_and_keep_their_place_meanwhile() {
    let (app, state) = service().await;
    let mut stream = Stream::open(&app, "?name=user_tone&source=HUMAN", None).await;
    stream.next().await.unwrap();
    judge(&state, "user_feedback", "u-1").await;
    let (event, id, _) = stream.next().await.unwrap();
    assert_eq!((event.as_str(), id.as_str()), ("", "1"), "an id alone");
    judge(&state, "user_tone", "u-2").await;
    assert_eq!(stream.user().await.0, "u-2");
    let mut judges = Stream::open(&app, "?source=LLM_JUDGE", Some("0")).await;
    assert_eq!(judges.next().await.unwrap().0, "ready");
    assert_eq!(judges.next().await.unwrap().0, "");
}

#[tokio::test(start_paused = true)]
async fn streams_end_when_the_service_stops() {
    let (app, state) = service().await;
    let mut stream = Stream::open(&app, "", None).await;
    stream.next().await.unwrap();
    state.closing.begin();
    assert_eq!(stream.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn too_many_streams_are_turned_away_until_one_ends() {
    let (app, _state) = service().await;
    let mut open = Vec::new();
    for _ in 0..256 {
        open.push(Stream::open(&app, "", None).await);
    }
    let request = || Request::get("/api/v1/feedback/live").body(Body::empty()).unwrap();
    assert_eq!(app.clone().oneshot(request()).await.unwrap().status(), 503);
    open.pop();
    assert_eq!(app.clone().oneshot(request()).await.unwrap().status(), 200);
}

#[tokio::test]
async fn pages_are_told_what_to_offer() {
    let config =
        FeedbackConfig { categories: vec![Category::new(" off topic ").unwrap()], ..FeedbackConfig::default() };
    let app = feedback::router(ApiState::new(Arc::new(MemoryStore::new())), config);
    let request = Request::get("/api/v1/feedback/config").body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    let body: Json = serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.unwrap()).unwrap();
    assert_eq!(body["categories"], json!(["off topic"]));
    assert_eq!(body["dimensions"][0], json!({"name": "accuracy", "min": 1, "max": 5}));
}

//! The analytics API over the in-memory store, as a client sees it.

#![expect(clippy::unwrap_used, reason = "a test that fails must stop")]

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use candor_http::{ApiState, analytics};
use candor_model::{
    AssessmentBody, DurationMs, ExperimentId, Source, SourceType, TimestampMs, TraceId, TraceInfo, Value,
};
use candor_store::{ManualClock, MemoryStore, NewAssessment, NewExperiment, TrackingStore, TrackingStoreExt};
use serde_json::{Value as Json, json};
use tower::ServiceExt;

const NOW: TimestampMs = TimestampMs::from_millis(1_767_323_045_000);
const HOUR: i64 = 3_600_000;

/// Experiment 0 with four traces of 1, 2, 30 and 40 hours ago; a second one named `shop` with none.
///
/// Judged now: the first by two people (👍, 👍 after 👎) and a model (👎), with two ratings of
/// accuracy; the third by one person (👎).
async fn app() -> Router {
    let store = MemoryStore::new();
    for (byte, hours) in [(1, 1), (2, 2), (3, 30), (4, 40)] {
        let time = NOW.minus(DurationMs::from_millis(hours * HOUR));
        store.start_trace(TraceInfo::new(trace(byte), ExperimentId::DEFAULT, time)).await.unwrap();
    }
    for (byte, name, source, value) in [
        (1, "user_feedback", human("u-1"), Value::Bool(true)),
        (1, "user_feedback", human("u-2"), Value::Bool(false)),
        (1, "user_feedback", human("u-2"), Value::Bool(true)),
        (1, "user_feedback", model(), Value::Bool(false)),
        (1, "user_accuracy", human("u-1"), Value::try_from(0.75).unwrap()),
        (1, "user_accuracy", human("u-2"), Value::try_from(0.5).unwrap()),
        (3, "user_feedback", human("u-1"), Value::Bool(false)),
    ] {
        let body = AssessmentBody::feedback(value);
        let mut verdict = NewAssessment::new(trace(byte), name.parse().unwrap(), source, body, NOW);
        verdict.supersede = true;
        store.log_assessment(verdict).await.unwrap();
    }
    let name = "shop".parse().unwrap();
    let new = NewExperiment { name, artifact_location: None, tags: Default::default(), creation_time: NOW };
    store.create_experiment(new).await.unwrap();
    analytics::router(ApiState { clock: Arc::new(ManualClock::new(NOW)), ..ApiState::new(Arc::new(store)) })
}

fn trace(byte: u8) -> TraceId {
    TraceId::from_bytes([byte; 16])
}

fn human(id: &str) -> Source {
    Source::human(id).unwrap()
}

fn model() -> Source {
    Source { source_type: SourceType::LlmJudge, source_id: Some("gpt".parse().unwrap()) }
}

async fn get(app: &Router, path: &str) -> (u16, Json) {
    let response = app.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn the_summary_says_what_it_counted() {
    let (status, body) = get(&app().await, "/api/v1/analytics/summary?experiment=Default&hours=24").await;
    assert_eq!(status, 200);
    assert_eq!(
        body,
        json!({
            "query": {
                "experiment_id": "0", "from": "2026-01-01T03:04:05Z", "until": null,
                "axis": "trace", "sources": ["HUMAN"],
            },
            "total_traces": 2, "traces_with_feedback": 1, "feedback_rate_percent": 50.0,
            "positive": 2, "negative": 0, "positive_rate_percent": 100.0,
        })
    );
}

#[tokio::test]
async fn everything_is_counted_when_nothing_is_said() {
    let (_, body) = get(&app().await, "/api/v1/analytics/summary").await;
    assert_eq!(body["query"]["experiment_id"], Json::Null);
    assert_eq!((&body["total_traces"], &body["traces_with_feedback"]), (&json!(4), &json!(2)));
    assert_eq!((&body["positive"], &body["negative"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn period_axis_and_sources_can_be_chosen() {
    let app = app().await;
    let counts = async |query: &str| {
        let (status, body) = get(&app, &format!("/api/v1/analytics/summary?{query}")).await;
        assert_eq!(status, 200, "{body}");
        ["total_traces", "traces_with_feedback", "positive", "negative"].map(|field| body[field].as_u64().unwrap())
    };
    assert_eq!(counts("hours=2&experiment_id=0").await, [2, 1, 2, 0]);
    assert_eq!(counts("hours=2&axis=feedback").await, [2, 2, 2, 1]);
    assert_eq!(counts("source=LLM_JUDGE").await, [4, 1, 0, 1]);
    assert_eq!(counts("source=human,llm_judge").await, [4, 2, 2, 2]);
    assert_eq!(counts("until=2026-01-01T03:04:05Z").await, [2, 1, 0, 1]);
    assert_eq!(counts("from=2026-01-01T00:00:00Z&until=2026-01-03T00:00:00%2B01:00").await, [2, 1, 2, 0]);
    assert_eq!(counts("experiment=shop").await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn ratings_have_a_row_per_dimension() {
    let app = app().await;
    let (status, body) = get(&app, "/api/v1/analytics/ratings?experiment_id=0").await;
    assert_eq!(status, 200);
    assert_eq!(
        body["dimensions"],
        json!([{"dimension": "accuracy", "name": "user_accuracy", "mean": 0.625, "count": 2}])
    );
    assert_eq!(body["query"]["axis"], "trace");
    let (_, body) = get(&app, "/api/v1/analytics/ratings?experiment=shop").await;
    assert_eq!(body["dimensions"], json!([]));
}

#[tokio::test]
async fn no_traces_have_no_rate() {
    let (_, body) = get(&app().await, "/api/v1/analytics/summary?experiment=shop").await;
    assert_eq!((&body["feedback_rate_percent"], &body["positive_rate_percent"]), (&Json::Null, &Json::Null));
}

#[tokio::test]
async fn bad_questions_are_refused_by_name() {
    let app = app().await;
    for (query, field) in [
        ("hours=0", "hours"),
        ("hours=x", "hours"),
        ("hours=1.5", "hours"),
        ("hours=24&from=2026-01-01T00:00:00Z", "hours"),
        ("from=yesterday", "from"),
        ("from=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "until"),
        ("axis=time", "axis"),
        ("source=", "source"),
        ("source=HUMAN,ROBOT", "source"),
        ("experiment_id=abc", "experiment_id"),
        ("experiment=", "experiment"),
        ("experiment=a&experiment_id=0", "experiment_id"),
        ("experimnt=Default", "experimnt"),
    ] {
        for route in ["summary", "ratings"] {
            let (status, body) = get(&app, &format!("/api/v1/analytics/{route}?{query}")).await;
            assert_eq!((status, &body["field"]), (422, &json!(field)), "{query}: {body}");
        }
    }
}

#[tokio::test]
async fn an_unknown_experiment_is_not_found() {
    let app = app().await;
    for query in ["experiment=nowhere", "experiment_id=77"] {
        let (status, body) = get(&app, &format!("/api/v1/analytics/summary?{query}")).await;
        assert_eq!((status, &body["code"]), (404, &json!("experiment_not_found")), "{body}");
    }
}

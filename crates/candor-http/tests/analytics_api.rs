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
        verdict.rationale = (byte == 3).then(|| "way off, so far".to_owned());
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
            "positive_rate_interval": body["positive_rate_interval"],
            "previous": {
                "from": "2025-12-31T03:04:05Z", "until": "2026-01-01T03:04:05Z",
                "total_traces": 2, "traces_with_feedback": 1, "feedback_rate_percent": 50.0,
                "positive": 0, "negative": 1, "positive_rate_percent": 0.0,
                "positive_rate_interval": body["previous"]["positive_rate_interval"],
            },
        })
    );
    // 2 of 2 and 0 of 1, mirror images of n / (n + z²).
    let close = |value: &Json, expected: f64| (value.as_f64().unwrap() - expected).abs() < 0.005;
    assert!(close(&body["positive_rate_interval"]["low_percent"], 34.24), "{body}");
    assert!(close(&body["previous"]["positive_rate_interval"]["high_percent"], 79.35), "{body}");
}

#[tokio::test]
async fn a_period_without_a_beginning_has_none_before() {
    let app = app().await;
    let (_, body) = get(&app, "/api/v1/analytics/summary?until=2026-01-02T00:00:00Z").await;
    assert_eq!(body["previous"], Json::Null);
    let (_, body) = get(&app, "/api/v1/analytics/ratings?hours=24").await;
    assert_eq!(body["previous"]["dimensions"], json!([]));
}

#[tokio::test]
async fn a_series_has_every_day_of_its_zone() {
    let app = app().await;
    let query = "bucket=day&time_zone=Asia/Tokyo&hours=48";
    let (status, body) = get(&app, &format!("/api/v1/analytics/series?{query}")).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!((&body["query"]["bucket"], &body["query"]["time_zone"]), (&json!("day"), &json!("Asia/Tokyo")));
    let days: Vec<(&str, u64, u64)> = body["buckets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| {
            (day["start"].as_str().unwrap(), day["total_traces"].as_u64().unwrap(), day["positive"].as_u64().unwrap())
        })
        .collect();
    let expected = [
        ("2025-12-31T00:00:00+09:00", 1, 0), // 40 hours ago, at 20:04 in Tokyo
        ("2026-01-01T00:00:00+09:00", 1, 0),
        ("2026-01-02T00:00:00+09:00", 2, 2),
    ];
    assert_eq!(days, expected);
    assert_eq!(body["buckets"][2]["dimensions"][0]["mean"], 0.625);
    let (_, hours) = get(&app, "/api/v1/analytics/series?bucket=hour&hours=2&axis=feedback").await;
    assert_eq!(hours["buckets"].as_array().unwrap().len(), 3, "{hours}");
}

#[tokio::test]
async fn segments_values_and_comments_are_those_of_the_period() {
    let app = app().await;
    let (status, body) = get(&app, "/api/v1/analytics/segments?by=source").await;
    assert_eq!(status, 200, "{body}");
    let rows: Vec<(&str, u64, u64)> = body["segments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (row["segment"].as_str().unwrap(), row["positive"].as_u64().unwrap(), row["verdicts"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(rows, [("u-1", 1, 2), ("u-2", 1, 1)]);
    assert_eq!(body["segments_total"], 2);
    let (_, body) = get(&app, "/api/v1/analytics/segments?by=source&max_results=1&order=most&hours=24").await;
    assert_eq!((&body["segments"][0]["segment"], &body["segments_total"]), (&json!("u-1"), &json!(2)));
    assert_eq!(body["segments"][0]["previous"]["negative"], 1);

    let (_, body) = get(&app, "/api/v1/analytics/values?name=user_feedback").await;
    assert_eq!(body["values"], json!([{"value": true, "count": 2}, {"value": false, "count": 1}]));

    let (status, body) = get(&app, "/api/v1/analytics/comments?q=far%20OFF").await;
    assert_eq!(status, 200, "{body}");
    let comment = &body["comments"][0];
    assert_eq!(
        (&comment["feedback"]["rationale"], body["comments"].as_array().unwrap().len()),
        (&json!("way off, so far"), 1)
    );
    assert_eq!(comment["trace"]["request_time"], "2025-12-31T21:04:05Z");
    let (_, none) = get(&app, "/api/v1/analytics/comments?q=far&verdict=positive").await;
    assert_eq!(none["comments"], json!([]));
}

#[tokio::test]
async fn routes_name_what_they_need() {
    let app = app().await;
    for (path, field) in [
        ("series?hours=24", "bucket"),
        ("series?bucket=week&hours=24", "bucket"),
        ("series?bucket=day", "from"),
        ("series?bucket=hour&hours=876600", "bucket"),
        ("series?bucket=day&hours=24&time_zone=Atlantis", "time_zone"),
        ("segments", "by"),
        ("segments?by=tag:", "by"),
        ("segments?by=user&order=best", "order"),
        ("values", "name"),
        ("values?name=a&max_results=501", "max_results"),
        ("comments?verdict=bad", "verdict"),
        ("comments?page_token=x", "page_token"),
    ] {
        let (status, body) = get(&app, &format!("/api/v1/analytics/{path}")).await;
        assert_eq!((status, &body["field"]), (422, &json!(field)), "{path}: {body}");
    }
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
        json!([{
            "dimension": "accuracy", "name": "user_accuracy", "mean": 0.625, "count": 2,
            "distribution": [{"low": 0.5, "high": 0.5, "count": 1}, {"low": 0.75, "high": 0.75, "count": 1}],
        }])
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

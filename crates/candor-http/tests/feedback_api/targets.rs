use candor_http::feedback::FeedbackConfig;
use candor_model::{
    AnyValue, Attributes, ExperimentId, Span, SpanId, SpanKind, SpanStatus, TimestampMs, TraceInfo, UnixNanos,
};
use candor_store::{NewExperiment, SpanBatch, SpanGroup, TrackingStore, TrackingStoreExt};
use serde_json::{Value as Json, json};

use crate::support::{App, NOW, trace_id};

const PATH: &str = "/api/v1/feedback";

fn by(field: &str, value: &str) -> Json {
    json!({"name": "n", "value": true, field: value})
}

/// A span of trace `n` whose id is made of `n` and whose completion is `resp-n`.
async fn land_span(app: &App, n: u8) {
    let span = Span {
        trace_id: trace_id(n),
        span_id: SpanId::from_bytes([n; 8]),
        parent_id: None,
        name: "chat".into(),
        kind: SpanKind::Internal,
        start: UnixNanos::from_nanos(1),
        end: Some(UnixNanos::from_nanos(2)),
        status: SpanStatus::default(),
        attributes: [("gen_ai.response.id", AnyValue::from(format!("resp-{n}").as_str()))].into_iter().collect(),
        events: Vec::new(),
        links: Vec::new(),
    };
    let groups = vec![SpanGroup { resource: Attributes::default(), spans: vec![span] }];
    app.store.log_spans(SpanBatch { experiment_id: ExperimentId::DEFAULT, groups }).await.unwrap();
}

#[tokio::test]
async fn any_id_that_the_app_has_will_do() {
    let app = App::with_trace().await;
    land_span(&app, 1).await;
    for body in [
        by("trace_id", &trace_id(1).to_string()),
        by("trace_id", &"01".repeat(16)),
        by("client_request_id", "req-1"),
        by("session_id", "chat"),
        by("response_id", "resp-1"),
    ] {
        let reply = app.post(PATH, body.clone()).await;
        assert_eq!(reply.status, 201, "{body} {}", reply.body);
        assert_eq!((&reply.body["trace_id"], &reply.body["span_id"]), (&json!(trace_id(1).to_string()), &Json::Null));
    }
    let reply = app.post(PATH, by("span_id", &"01".repeat(8))).await;
    assert_eq!(
        (&reply.body["trace_id"], &reply.body["span_id"]),
        (&json!(trace_id(1).to_string()), &json!("01".repeat(8)))
    );
}

#[tokio::test]
async fn a_span_beside_a_trace_id_need_not_have_landed() {
    let app = App::with_trace().await;
    let mut body = by("trace_id", &trace_id(1).to_string());
    body["span_id"] = json!("B7AD6B7169203331");
    let reply = app.post(PATH, body).await;
    assert_eq!((reply.status.as_u16(), &reply.body["span_id"]), (201, &json!("b7ad6b7169203331")));
}

#[tokio::test]
async fn verdicts_wait_by_span_and_response_too() {
    let app = App::new();
    for body in [by("span_id", &"01".repeat(8)), by("response_id", "resp-1")] {
        assert_eq!(app.post(PATH, body).await.status, 202);
    }
    land_span(&app, 1).await;
    let spans: Vec<_> = app.verdicts(1).await.into_iter().map(|one| one.span_id).collect();
    assert_eq!(spans, [Some(SpanId::from_bytes([1; 8])), None]);
}

#[tokio::test]
async fn a_session_of_several_answers_is_ambiguous() {
    let app = App::with_trace().await;
    app.land(2).await;
    let reply = app.post(PATH, by("session_id", "chat")).await;
    reply.refused(409, "");
    assert_eq!(reply.body["candidates"].as_array().unwrap().len(), 2);
    assert_eq!(app.written().await, 0);
    let mut body = by("session_id", "chat");
    body["client_request_id"] = json!("req-2");
    assert_eq!(app.post(PATH, body).await.body["trace_id"], trace_id(2).to_string());
}

#[tokio::test]
async fn the_newest_trace_of_a_client_request_id_is_meant() {
    let app = App::with_trace().await;
    let mut newer = TraceInfo::new(trace_id(2), ExperimentId::DEFAULT, TimestampMs::from_millis(NOW.as_millis() + 1));
    newer.client_request_id = Some("req-1".parse().unwrap());
    app.store.start_trace(newer).await.unwrap();
    assert_eq!(app.post(PATH, by("client_request_id", "req-1")).await.body["trace_id"], trace_id(2).to_string());
}

#[tokio::test]
async fn ids_are_looked_up_in_the_experiment_asked_for() {
    let app = App::with_trace().await;
    let new = NewExperiment {
        name: "shop".parse().unwrap(),
        artifact_location: None,
        tags: Default::default(),
        creation_time: NOW,
    };
    let shop = app.store.create_experiment(new).await.unwrap();
    for (field, value, status) in [
        ("experiment", "Default", 201),
        ("experiment_id", "0", 201),
        ("experiment", "shop", 202),
        ("experiment_id", &shop.to_string(), 202),
        ("experiment", "nowhere", 404),
        ("experiment_id", "77", 404),
    ] {
        let mut body = by("client_request_id", "req-1");
        body[field] = json!(value);
        let reply = app.post(PATH, body).await;
        assert_eq!(reply.status, status, "{field} {value}: {}", reply.body);
    }
    let mut both = by("client_request_id", "req-1");
    both["experiment"] = json!("shop");
    both["experiment_id"] = json!("0");
    app.post(PATH, both).await.refused(422, "experiment_id");

    // A deployment that is confined to one experiment finds trace ids anywhere all the same.
    let confined = App::with(FeedbackConfig { experiment: Some(shop), ..FeedbackConfig::default() });
    confined.land(1).await;
    assert_eq!(confined.post(PATH, by("client_request_id", "req-1")).await.status, 202);
    assert_eq!(confined.post(PATH, by("trace_id", &trace_id(1).to_string())).await.status, 201);
}

#[tokio::test]
async fn the_history_of_an_unknown_answer_is_not_found() {
    let app = App::with_trace().await;
    app.get(&format!("{PATH}?client_request_id=req-9")).await.refused(404, "");
    app.get(PATH).await.refused(422, "trace_id");
    app.get(&format!("{PATH}?trace=x")).await.refused(422, "trace");
}

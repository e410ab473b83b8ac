use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use candor_http::ApiState;
use candor_http::feedback::{self, FeedbackConfig};
use candor_store::{Capabilities, Gaps, MockTrackingStore, StoreError, WhenMissing};

use crate::support::{Reply, call, trace_id};

async fn thumb(store: MockTrackingStore) -> Reply {
    let router = feedback::router(ApiState::new(Arc::new(store)), FeedbackConfig::default());
    let request =
        Request::post(format!("/feedback?trace_id={}", trace_id(1))).header("Content-Type", "application/json");
    call(&router, request.body(Body::from(r#"{"is_correct": true}"#)).unwrap()).await
}

fn store(holds_feedback: bool) -> MockTrackingStore {
    let mut store = MockTrackingStore::new();
    store.expect_capabilities().return_const(Capabilities {
        backend: "mock",
        durable: true,
        holds_feedback,
        gaps: Gaps::default(),
    });
    store
}

#[tokio::test]
async fn overload_is_503_with_a_time_to_wait() {
    let mut store = store(true);
    store.expect_log_assessments().return_once(|_| {
        Err(StoreError::Overloaded { backend: "mock", waiting: 4096, retry_after: Duration::from_millis(1500) })
    });
    let reply = thumb(store).await;
    reply.refused(503, "");
    assert_eq!(
        (reply.body["code"].as_str(), &reply.headers["retry-after"]),
        (Some("overloaded"), &"1".parse().unwrap())
    );
}

#[tokio::test]
async fn an_outage_is_503_and_tells_nothing_of_the_inside() {
    let mut store = store(true);
    store
        .expect_log_assessments()
        .return_once(|_| Err(StoreError::Unavailable { backend: "mock", source: "secret host".into() }));
    let reply = thumb(store).await;
    reply.refused(503, "");
    assert!(reply.headers.contains_key("retry-after"));
    assert!(!reply.body.to_string().contains("secret"));
}

#[tokio::test]
async fn a_store_that_cannot_hold_is_never_asked_to() {
    let mut store = store(false);
    store
        .expect_log_assessments()
        .withf(|items| items[0].when_missing == WhenMissing::Fail)
        .return_once(|items| Ok(items.into_iter().map(|item| Err(StoreError::NotFound(item.target.into()))).collect()));
    let reply = thumb(store).await;
    assert_eq!((reply.status.as_u16(), reply.body["status"].as_str()), (404, Some("error")));
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_a_fault_of_the_server() {
    let mut store = store(true);
    store.expect_log_assessments().return_once(|_| Ok(Vec::new()));
    thumb(store).await.refused(500, "");
}

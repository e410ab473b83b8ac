//! An app that takes feedback with Candor's router and keeps its traces wherever it likes.
//!
//! Only the feedback API is mounted, over a store that is no database but a mock: what an app's own
//! tests do. Run it with `cargo run --package candor-http --example feedback_only`.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::routing::get;
use candor_http::ApiState;
use candor_http::feedback::{self, FeedbackConfig};
use candor_model::TraceId;
use candor_store::{Capabilities, Gaps, Logged, MockTrackingStore};
use tower::ServiceExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = app(store_that_knows("tr-4bf92f3577b34da6a3ce929d0e0e4736".parse()?));

    let request = Request::post("/feedback?trace_id=tr-4bf92f3577b34da6a3ce929d0e0e4736&user_id=u-1")
        .header("Content-Type", "application/json")
        .body(Body::from(r#"{"is_correct": true, "comment": "to the point"}"#))?;
    let response = app.oneshot(request).await?;

    println!("{}", response.status());
    let body = to_bytes(response.into_body(), 1 << 20).await?;
    println!("{}", String::from_utf8_lossy(&body));
    Ok(())
}

/// The app: a route of its own beside the feedback API.
fn app(store: MockTrackingStore) -> Router {
    let state = ApiState::new(Arc::new(store));
    Router::new().route("/hello", get(async || "hello")).merge(feedback::router(state, FeedbackConfig::default()))
}

/// A store that accepts every verdict for one trace.
fn store_that_knows(trace_id: TraceId) -> MockTrackingStore {
    let mut store = MockTrackingStore::new();
    let capabilities = Capabilities { backend: "mock", durable: false, holds_feedback: false, gaps: Gaps::default() };
    store.expect_capabilities().return_const(capabilities);
    store.expect_log_assessments().returning(move |items| {
        Ok(items.into_iter().map(|item| Ok(Logged::Created(item.on_trace(trace_id)))).collect())
    });
    store
}

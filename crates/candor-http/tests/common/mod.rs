//! An app over an empty store, called in process.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use candor_http::{ApiState, feedback::FeedbackConfig, server};
use candor_model::TimestampMs;
use candor_store::{ManualClock, MemoryStore};
use serde_json::Value;
use tower::ServiceExt;

/// 2026-11-23T11:30:00Z
pub(crate) const NOW: TimestampMs = TimestampMs::from_millis(1_795_433_400_000);

/// What a request was answered with.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The body, if it is JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// The whole service over an empty memory store; its clock stands at [`NOW`].
pub(crate) fn app() -> Router {
    let state = ApiState { clock: Arc::new(ManualClock::new(NOW)), ..ApiState::new(Arc::new(MemoryStore::new())) };
    server::app(state, FeedbackConfig::default(), server::Limits::default(), Vec::new())
}

pub(crate) async fn send(app: &Router, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Reply {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = app.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Reply { status: parts.status, headers: parts.headers, body }
}

//! An app over a fresh store, and short ways to call it.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use candor_http::ApiState;
use candor_http::feedback::{self, FeedbackConfig};
use candor_model::{Assessment, ExperimentId, TimestampMs, TraceId, TraceInfo};
use candor_store::{ManualClock, MemoryStore, PendingQuery, TrackingStore, TrackingStoreExt};
use serde_json::Value as Json;
use tower::ServiceExt;

pub(crate) const NOW: TimestampMs = TimestampMs::from_millis(1_767_323_045_678);

#[derive(Debug)]
pub(crate) struct App {
    pub(crate) router: Router,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<ManualClock>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Json,
}

impl App {
    pub(crate) fn new() -> Self {
        Self::with(FeedbackConfig::default())
    }

    pub(crate) fn with(config: FeedbackConfig) -> Self {
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(ManualClock::new(NOW));
        let state = ApiState { clock: clock.clone(), ..ApiState::new(store.clone()) };
        Self { router: feedback::router(state, config), store, clock }
    }

    /// With trace 1, whose client request id is `req-1`.
    pub(crate) async fn with_trace() -> Self {
        let app = Self::new();
        app.land(1).await;
        app
    }

    /// Starts trace `n`, whose client request id is `req-n` and whose session is `chat`.
    pub(crate) async fn land(&self, n: u8) {
        let mut info = TraceInfo::new(trace_id(n), ExperimentId::DEFAULT, NOW);
        info.client_request_id = Some(format!("req-{n}").parse().unwrap());
        info.metadata.insert("mlflow.trace.session".into(), "chat".into());
        self.store.start_trace(info).await.unwrap();
    }

    pub(crate) async fn verdicts(&self, n: u8) -> Vec<Assessment> {
        self.store.trace_info(trace_id(n)).await.unwrap().map(|info| info.assessments).unwrap_or_default()
    }

    /// Name, JSON of the value, and validity of the verdicts on trace `n`.
    pub(crate) async fn told(&self, n: u8) -> Vec<(String, String, bool)> {
        let told = |one: &Assessment| (one.name.to_string(), one.body.value().unwrap().json_text(), one.valid);
        self.verdicts(n).await.iter().map(told).collect()
    }

    pub(crate) async fn held(&self) -> usize {
        self.store.pending_feedback(&PendingQuery::all(100)).await.unwrap().items.len()
    }

    /// Verdicts on traces 1 to 3 and on hold.
    pub(crate) async fn written(&self) -> usize {
        let mut written = self.held().await;
        for n in 1..=3 {
            written += self.verdicts(n).await.len();
        }
        written
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        call(&self.router, request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Json) -> Reply {
        self.post_with(path, &[], body).await
    }

    pub(crate) async fn post_with(&self, path: &str, headers: &[(&str, &str)], body: Json) -> Reply {
        let mut all = vec![("Content-Type", "application/json")];
        all.extend(headers);
        self.send("POST", path, &all, body.to_string()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "").await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, &[], "").await
    }

    /// Posts detailed feedback, which has no body.
    pub(crate) async fn rate(&self, query: &str) -> Reply {
        self.send("POST", &format!("/detailed-feedback?{query}"), &[], "").await
    }
}

pub(crate) async fn call(router: &Router, request: Request<Body>) -> Reply {
    let response = router.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Reply { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Json::Null) }
}

pub(crate) fn trace_id(n: u8) -> TraceId {
    TraceId::from_bytes([n; 16])
}

impl Reply {
    /// Asserts a refusal: problem details of that status that name the field.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, field: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert!(self.body["type"].as_str().unwrap().starts_with("urn:candor:problem:"), "{}", self.body);
        if !field.is_empty() {
            let fields: Vec<_> = self.body["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
            assert!(fields.iter().any(|named| *named == field), "{field} in {}", self.body);
            assert!(self.body["detail"].as_str().unwrap().contains(field), "{}", self.body);
        }
    }

    pub(crate) fn replayed(&self) -> bool {
        self.headers.get("Idempotent-Replayed").is_some_and(|flag| flag == "true")
    }

    pub(crate) fn id(&self) -> String {
        self.body["assessment_id"].as_str().unwrap().to_owned()
    }
}

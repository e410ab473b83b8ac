mod chat;
mod fake_model;
mod openai;
mod streaming;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use candor_context::Tracer;
use candor_http::sse::ResumableAnswers;
use candor_model::{Span, Trace};
use candor_store::{MemoryStore, TrackingStore};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{ChatService, Library, OfflineResponder, Responder};

/// How long a reader may be gone.
const PATIENCE: Duration = Duration::from_millis(200);

/// A chat service, and the store that its traces go to.
struct App {
    router: Router,
    tracer: Tracer,
    store: Arc<MemoryStore>,
}

impl App {
    fn with(responder: impl Responder) -> Self {
        let store = Arc::new(MemoryStore::new());
        let dynamic: Arc<dyn TrackingStore> = store.clone();
        let tracer = Tracer::builder(dynamic).service_name("chat").build().unwrap();
        let library = Library::new([("guide.md", "# Verdicts\nA verdict lands on its trace. It is durable.\n")]);
        let service = ChatService::new(tracer.clone(), library, responder);
        let router = service.resumable(ResumableAnswers::new(PATIENCE, 100)).router();
        Self { router, tracer, store }
    }

    fn offline() -> Self {
        Self::with(OfflineResponder::new(Duration::ZERO))
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Response<Body> {
        let mut request = Request::post(path).header("Content-Type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap()
    }

    async fn ask(&self, path: &str, question: &str) -> Response<Body> {
        self.post(path, &[], &json!({"message": question}).to_string()).await
    }

    /// The trace, once it has come to the store.
    async fn trace(&self, id: &Value) -> Trace {
        self.tracer.flush(Duration::from_secs(10)).await.unwrap();
        let id = id.as_str().unwrap().parse().unwrap();
        self.store.get_traces(&[id], true).await.unwrap().pop().expect("the trace has been exported")
    }
}

async fn text_of(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

async fn json_of(response: Response<Body>) -> Value {
    serde_json::from_str(&text_of(response).await).unwrap()
}

fn events_of(text: &str) -> Vec<Value> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("data: "));
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn joined(events: &[Value]) -> String {
    events.iter().filter_map(|event| event["content"].as_str()).collect()
}

fn span<'a>(trace: &'a Trace, span_type: &str) -> &'a Span {
    let mut found = trace.spans.iter().filter(|span| span.span_type() == Some(span_type));
    found.next().unwrap_or_else(|| panic!("no span of type {span_type}: {:?}", trace.spans))
}

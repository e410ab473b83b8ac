use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use candor_filter::TraceFilter;
use candor_model::{StatusCode as SpanStatus, Trace, TraceId, TraceState, keys};
use candor_store::{MemoryStore, TrackingStore};
use http::HeaderValue;
use http_body::Frame;
use http_body_util::BodyExt;
use proptest::prelude::*;
use tower::ServiceExt;

use super::*;
use crate::{FutureExt, current_span, current_trace_id, span};

struct App {
    router: Router,
    tracer: Tracer,
    store: Arc<MemoryStore>,
}

impl App {
    fn new(settings: fn(TraceLayer) -> TraceLayer) -> Self {
        let store = Arc::new(MemoryStore::new());
        let tracer = Tracer::builder(store.clone()).build().unwrap();
        let router = Router::new()
            .route("/chat", post(chat))
            .route("/ids", get(async |ids: axum::Extension<RequestIds>| format!("{:?}", ids.client_request_id)))
            .route("/broken", get(async || StatusCode::BAD_GATEWAY))
            .route("/panic", get(async || -> &'static str { panic!("out of cheese") }))
            .route("/slow", get(async || std::future::pending::<()>().await))
            .route("/endless", get(endless));
        let router = router.layer(settings(TraceLayer::new(tracer.clone())));
        Self { router, tracer, store }
    }

    /// Sends a request and reads the answer to its end; the trace's id as the header says it.
    async fn send(&self, request: Request<Body>) -> TraceId {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let id = response.headers()[TRACE_ID_HEADER].to_str().unwrap().parse().unwrap();
        response.into_body().collect().await.unwrap();
        id
    }

    async fn trace(&self, id: TraceId) -> Trace {
        self.tracer.flush(Duration::from_secs(10)).await.unwrap();
        self.store.get_traces(&[id], true).await.unwrap().pop().expect("the trace is exported")
    }

    async fn only_trace(&self) -> Trace {
        self.tracer.flush(Duration::from_secs(10)).await.unwrap();
        let query = candor_store::TraceQuery {
            experiments: vec![candor_model::ExperimentId::DEFAULT],
            filter: TraceFilter::parse("").unwrap(),
            order_by: Vec::new(),
            max_results: 2,
            page_token: None,
        };
        let found = self.store.search_traces(&query).await.unwrap().items;
        assert_eq!(found.len(), 1);
        self.trace(found[0].trace_id).await
    }
}

async fn chat() -> String {
    current_span().set_inputs("hello");
    async {}.in_span(span("search", crate::SpanType::Retriever)).await;
    current_trace_id().unwrap().to_string()
}

async fn endless() -> Body {
    Body::new(OneTokenThenSilence { sent: false })
}

struct OneTokenThenSilence {
    sent: bool,
}

impl http_body::Body for OneTokenThenSilence {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if std::mem::replace(&mut self.sent, true) {
            return Poll::Pending;
        }
        current_span().add_event("token", [("text", "a")]);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"a")))))
    }
}

fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let builder = Request::builder().method(method).uri(path);
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    builder.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn a_request_becomes_a_trace_with_the_ids_of_its_headers() {
    let app = App::new(|layer| layer);
    let headers =
        [("X-Client-Request-ID", "req-1"), ("X-Request-ID", "other"), ("X-Session-ID", "s-1"), ("X-User-ID", "ada")];
    let id = app.send(request("POST", "/chat?secret=1", &headers)).await;
    let trace = app.trace(id).await;
    assert_eq!(trace.info.name(), Some("POST /chat"));
    assert_eq!(trace.info.state, TraceState::Ok);
    assert_eq!(trace.info.client_request_id, Some("req-1".parse().unwrap()));
    assert_eq!(trace.info.session(), Some("s-1"));
    assert_eq!(trace.info.metadata.get(keys::USER).map(String::as_str), Some("ada"));
    assert_eq!(trace.info.request_preview.as_deref(), Some("\"hello\""));
    let [root, search] = trace.spans.as_slice() else { panic!("{:?}", trace.spans) };
    assert_eq!(search.parent_id, Some(root.span_id));
    assert_eq!(search.span_type(), Some("RETRIEVER"));
    assert_eq!(root.attributes.get("http.response.status_code"), Some(&candor_model::AnyValue::Int(200)));
}

#[tokio::test]
async fn the_callers_trace_is_continued() {
    let app = App::new(|layer| layer);
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let id = app.send(request("POST", "/chat", &[("traceparent", parent)])).await;
    assert_eq!(id.to_string(), "tr-4bf92f3577b34da6a3ce929d0e0e4736");
    let trace = app.trace(id).await;
    let server = trace.spans.iter().find(|span| span.name == "POST /chat").unwrap();
    assert_eq!(server.parent_id, Some("00f067aa0ba902b7".parse().unwrap()));
    assert_eq!(trace.info.state, TraceState::InProgress, "the root is the caller's to end");
}

#[tokio::test]
async fn strangers_traces_are_linked_rather_than_continued() {
    let app = App::new(|layer| layer.continue_traces(false).identity_headers(false));
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let id = app.send(request("POST", "/chat", &[("traceparent", parent), ("x-user-id", "root")])).await;
    let trace = app.trace(id).await;
    let root = &trace.spans[0];
    assert!(root.is_root());
    assert_eq!(root.links[0].trace_id.to_string(), "tr-4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(trace.info.metadata.get(keys::USER), None);
}

#[tokio::test]
async fn hostile_headers_are_passed_over() {
    let app = App::new(|layer| layer);
    let long = "x".repeat(60_000);
    let headers = [
        ("traceparent", "00-zz"),
        ("tracestate", &long),
        ("baggage", &long),
        ("x-request-id", &long),
        ("x-session-id", "  "),
        ("x-user-id", "a"),
        ("x-user-id", "b"),
    ];
    let id = app.send(request("POST", "/chat", &headers)).await;
    let trace = app.trace(id).await;
    assert!(trace.spans[0].is_root());
    assert_eq!(trace.info.client_request_id, None);
    assert_eq!(trace.info.session(), None);
    assert_eq!(trace.info.metadata.get(keys::USER), None);
}

#[tokio::test]
async fn handlers_find_the_ids_in_the_extensions() {
    let app = App::new(|layer| layer);
    let response = app.router.clone().oneshot(request("GET", "/ids", &[("x-request-id", "r-7")])).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "Some(ClientRequestId(\"r-7\"))");
}

#[tokio::test]
async fn a_server_error_is_an_error_of_the_trace() {
    let app = App::new(|layer| layer);
    let id = app.send(request("GET", "/broken", &[])).await;
    assert_eq!(app.trace(id).await.info.state, TraceState::Error);
}

#[tokio::test]
async fn a_panic_is_recorded_and_goes_on() {
    let app = App::new(|layer| layer);
    let call = tokio::spawn(app.router.clone().oneshot(request("GET", "/panic", &[])));
    assert!(call.await.unwrap_err().is_panic());
    let trace = app.only_trace().await;
    assert_eq!(trace.spans[0].status.message, "out of cheese");
    assert_eq!(trace.spans[0].events[0].attributes.get_str("exception.type"), Some("panic"));
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_cancels_the_span() {
    let app = App::new(|layer| layer);
    let call = app.router.clone().oneshot(request("GET", "/slow", &[]));
    assert!(tokio::time::timeout(Duration::from_millis(20), call).await.is_err());
    let trace = app.only_trace().await;
    assert_eq!(trace.spans[0].status.message, "cancelled");
}

#[tokio::test]
async fn a_client_that_leaves_within_the_body_cancels_the_span_with_what_was_sent() {
    let app = App::new(|layer| layer);
    let response = app.router.clone().oneshot(request("GET", "/endless", &[])).await.unwrap();
    let mut body = response.into_body();
    assert!(body.frame().await.is_some());
    drop(body);
    let trace = app.only_trace().await;
    assert_eq!((trace.spans[0].status.code, trace.spans[0].status.message.as_str()), (SpanStatus::Error, "cancelled"));
    assert_eq!(trace.spans[0].events[0].name, "token");
}

#[tokio::test]
async fn requests_that_nobody_wants_traced_get_no_span() {
    let app = App::new(|layer| layer.only(|parts| parts.uri.path() != "/ids"));
    let response = app.router.clone().oneshot(request("HEAD", "/ids", &[])).await.unwrap();
    assert!(!response.headers().contains_key(TRACE_ID_HEADER));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_the_headers_hold_the_request_is_answered_and_traced(
        values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 7)
    ) {
        let names =
            ["traceparent", "tracestate", "baggage", "x-client-request-id", "x-request-id", "x-session-id", "x-user-id"];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let app = App::new(|layer| layer);
            let mut request = request("POST", "/chat", &[]);
            for (name, value) in names.into_iter().zip(values) {
                if let Ok(value) = HeaderValue::from_bytes(&value) {
                    request.headers_mut().insert(name, value);
                }
            }
            let id = app.send(request).await;
            assert_eq!(app.trace(id).await.spans.len(), 2);
        });
    }
}

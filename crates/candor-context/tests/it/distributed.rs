//! Two services over a real socket.

use axum::Router;
use axum::routing::get;
use candor_context::propagation::Baggage;
use candor_context::{
    FutureExt, Span, SpanType, TraceLayer, TraceUpdate, TracedRequest, Tracer, current_span, current_trace_id, span,
    update_current_trace,
};
use candor_model::{SpanKind, StatusCode, TraceId};
use tokio::net::TcpListener;

use crate::support::{Service, named};

/// Serves `router` with a tracer of its own on the same store; its address.
async fn serve(router: Router, front: &Service) -> (String, Tracer) {
    let tracer = Tracer::builder(front.store.clone()).service_name("back").build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = router.layer(TraceLayer::new(tracer.clone()));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, tracer)
}

async fn search() -> String {
    update_current_trace(TraceUpdate::new().session("s-back").tag("index", "v2"));
    async {}.in_span(span("lookup", SpanType::Retriever)).await;
    current_trace_id().unwrap().to_string()
}

fn root(service: &Service) -> (Span, TraceId) {
    let root = service.tracer.span("answer", SpanType::Chain);
    let id = root.trace_id().unwrap();
    (root, id)
}

#[tokio::test]
async fn a_call_of_another_service_is_one_trace() {
    let front = Service::new();
    let (url, back) = serve(Router::new().route("/search", get(search)), &front).await;
    let (root, id) = root(&front);
    let call = async {
        let request = reqwest::Client::new().get(format!("{url}/search"));
        request.send_traced().await.unwrap().text().await.unwrap()
    };
    assert_eq!(call.in_span(root).await, id.to_string());
    back.flush(crate::support::DEADLINE).await.unwrap();
    let trace = front.trace(id).await;
    let client = named(&trace, "GET 127.0.0.1");
    assert_eq!((client.kind, client.parent_id), (SpanKind::Client, Some(named(&trace, "answer").span_id)));
    let server = named(&trace, "GET /search");
    assert_eq!((server.kind, server.parent_id), (SpanKind::Server, Some(client.span_id)));
    assert_eq!(named(&trace, "lookup").parent_id, Some(server.span_id));
    // What the service that was called says of the trace, where the caller said nothing.
    assert_eq!(trace.info.session(), Some("s-back"));
    assert_eq!(trace.info.tags.get("index").map(String::as_str), Some("v2"));
}

#[tokio::test]
async fn baggage_travels_along() {
    let front = Service::new();
    let echo = get(async || current_span().baggage().get("tier").unwrap_or_default().to_owned());
    let (url, _back) = serve(Router::new().route("/", echo), &front).await;
    let baggage = Baggage::from_iter([("tier", "gold & more"), ("no token", "x")]);
    assert_eq!(baggage.iter().len(), 1);
    let root = front.tracer.span_builder("answer", SpanType::Chain).baggage(&baggage).start();
    let call = async { reqwest::Client::new().get(url).send_traced().await.unwrap().text().await.unwrap() };
    assert_eq!(call.in_span(root).await, "gold & more");
}

#[tokio::test]
async fn the_current_span_can_be_sent_along_without_another() {
    let front = Service::new();
    let (url, back) = serve(Router::new().route("/search", get(search)), &front).await;
    let (root, id) = root(&front);
    let call = async {
        let request = reqwest::Client::new().get(format!("{url}/search")).with_trace_context();
        request.send().await.unwrap();
        current_span().span_id()
    };
    let caller = call.in_span(root).await;
    back.shutdown(crate::support::DEADLINE).await.unwrap();
    assert_eq!(named(&front.trace(id).await, "GET /search").parent_id, caller);
}

#[tokio::test]
async fn a_call_that_fails_is_an_error_of_its_span() {
    let front = Service::new();
    let (url, _back) = serve(Router::new(), &front).await;
    let (root, id) = root(&front);
    let calls = async {
        let client = reqwest::Client::new();
        assert_eq!(client.get(format!("{url}/nowhere")).send_traced().await.unwrap().status(), 404);
        assert!(client.post("http://127.0.0.1:1/").send_traced().await.is_err());
    };
    calls.in_span(root).await;
    let trace = front.trace(id).await;
    assert_eq!(named(&trace, "GET 127.0.0.1").status.code, StatusCode::Error);
    assert_eq!(named(&trace, "POST 127.0.0.1").events[0].name, "exception");
}

//! Thousands of requests at once: no span under the wrong trace, no id in the wrong task.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::Request;
use axum::routing::get;
use candor_context::{
    FutureExt, RequestIds, SpanType, TRACE_ID_HEADER, TraceLayer, current_span, current_trace_id, span, spawn,
};
use candor_model::{Trace, TraceId};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::support::{Service, named};

const REQUESTS: usize = 4000;

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn every_span_of_every_request_is_in_its_own_trace() {
    let service = Service::with(|builder| builder.queue_spans(10 * REQUESTS));
    let router = Router::new().route("/{request}", get(answer)).layer(TraceLayer::new(service.tracer.clone()));
    let calls: Vec<_> = (0..REQUESTS).map(|n| tokio::spawn(call(router.clone(), n))).collect();
    let mut ids = BTreeMap::new();
    for (n, call) in calls.into_iter().enumerate() {
        ids.insert(call.await.unwrap(), n);
    }
    assert_eq!(ids.len(), REQUESTS, "each request has a trace of its own");

    let traces = service.traces().await;
    assert_eq!(traces.len(), REQUESTS);
    for trace in &traces {
        check(trace, &format!("r-{}", ids[&trace.info.trace_id]));
    }
    let counts = service.tracer.counts();
    assert_eq!((counts.exported, counts.dropped), (4 * REQUESTS as u64, 0));
}

async fn call(router: Router, n: usize) -> TraceId {
    let request = Request::builder().uri(format!("/r-{n}")).header("x-request-id", format!("r-{n}"));
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let id: TraceId = response.headers()[TRACE_ID_HEADER].to_str().unwrap().parse().unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, id.to_string());
    assert_eq!(current_trace_id(), None);
    id
}

async fn answer(Path(request): Path<String>, ids: axum::Extension<RequestIds>) -> String {
    let trace_id = ids.trace_id;
    let here = || assert_eq!(current_trace_id(), trace_id);
    current_span().set_attribute("request", &request);
    let name = request.clone();
    let task = spawn(
        async move {
            tokio::task::yield_now().await;
            current_span().set_attribute("request", &name);
            async { current_span().set_attribute("request", &name) }.in_span(span("model", SpanType::Llm)).await;
            assert_eq!(current_trace_id(), trace_id);
        }
        .in_span(span("task", SpanType::Task)),
    );
    here();
    for _ in 0..3 {
        tokio::task::yield_now().await;
        here();
    }
    async {
        tokio::task::yield_now().await;
        current_span().set_attribute("request", &request);
    }
    .in_span(span("search", SpanType::Retriever))
    .await;
    task.await.unwrap();
    // A task that was not told of the span must not see it.
    assert_eq!(tokio::spawn(async { current_trace_id() }).await.unwrap(), None);
    here();
    current_trace_id().unwrap().to_string()
}

fn check(trace: &Trace, request: &str) {
    assert_eq!(trace.info.client_request_id.as_ref().map(|id| id.as_str()), Some(request));
    assert_eq!(trace.spans.len(), 4);
    for span in &trace.spans {
        assert_eq!(span.attributes.get_str("request"), Some(request), "{} of {request}", span.name);
    }
    let root = named(trace, &format!("GET /{request}"));
    assert!(root.is_root());
    assert_eq!(named(trace, "search").parent_id, Some(root.span_id));
    assert_eq!(named(trace, "task").parent_id, Some(root.span_id));
    assert_eq!(named(trace, "model").parent_id, Some(named(trace, "task").span_id));
}

//! Export to an OTLP endpoint; that a Candor server understands it is shown end to end.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use candor_context::{ContextError, SpanType, TraceUpdate, Tracer};
use candor_store::decorators::RetryPolicy;
use tokio::net::TcpListener;

use crate::support::DEADLINE;

#[tokio::test]
async fn batches_are_sent_to_the_endpoint_again_until_it_takes_them() {
    let received: Arc<Mutex<Vec<(HeaderMap, Bytes)>>> = Arc::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let record = received.clone();
    let take = move |headers: HeaderMap, body: Bytes| async move {
        let mut received = record.lock().unwrap();
        received.push((headers, body));
        if received.len() == 1 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
    };
    let router = Router::new().route("/v1/traces", post(take));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

    let tracer = Tracer::otlp_builder(endpoint).experiment("7".parse().unwrap()).service_name("shop").build().unwrap();
    let span = tracer.span("answer", SpanType::Chain);
    let update = TraceUpdate::new().session("s-1").tag("tier", "gold");
    tracer.update_trace(span.trace_id().unwrap(), update);
    span.end();
    tracer.flush(DEADLINE).await.unwrap();

    assert_eq!(tracer.counts().exported, 1);
    let received = received.lock().unwrap();
    let [first, second] = received.as_slice() else { panic!("{} requests", received.len()) };
    assert_eq!(first.1, second.1);
    assert_eq!(second.0["x-mlflow-experiment-id"], "7");
    assert_eq!(second.0["content-type"], "application/x-protobuf");
    let holds = |text: &str| second.1.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    for text in ["answer", "mlflow.spanType", "session.id", "mlflow.traceTag.tier", "gold", "service.name", "shop"] {
        assert!(holds(text), "{text}");
    }
}

#[tokio::test]
async fn spans_that_the_endpoint_never_takes_are_counted() {
    let mut policy = RetryPolicy::default();
    policy.repetitions = 0;
    let tracer = Tracer::otlp_builder("http://127.0.0.1:1/v1/traces").retry(policy).build().unwrap();
    tracer.span("answer", SpanType::Chain).end();
    tracer.flush(DEADLINE).await.unwrap();
    assert_eq!((tracer.counts().exported, tracer.counts().failed), (0, 1));
}

#[tokio::test]
async fn an_endpoint_that_is_no_url_is_refused() {
    let error = Tracer::otlp_builder("not a url").build().unwrap_err();
    assert!(matches!(error, ContextError::Otlp { .. }), "{error:?}");
}

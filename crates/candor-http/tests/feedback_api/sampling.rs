//! A verdict on an answer whose trace sampling did not choose.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use candor_context::{Sampling, SpanType, TraceUpdate, Tracer};
use candor_http::ApiState;
use candor_http::feedback::{self, FeedbackConfig};
use candor_store::{MemoryStore, TrackingStore};

use crate::support::call;

#[tokio::test]
async fn a_verdict_keeps_its_trace_and_is_on_it_at_once() {
    let store = Arc::new(MemoryStore::new());
    let tracer = Tracer::builder(store.clone()).sampling(Sampling::FeedbackAware(0.0)).build().unwrap();
    let state = ApiState::new(tracer.judged_store(store.clone()));
    let router = feedback::router(state, FeedbackConfig { strict: true, ..FeedbackConfig::default() });
    let mut ids = Vec::new();
    for request in ["req-1", "req-2", "req-3"] {
        let span = tracer.span("answer", SpanType::Chain);
        let id = span.trace_id().unwrap();
        tracer.update_trace(id, TraceUpdate::new().client_request_id(request.parse().unwrap()));
        ids.push(id);
    }

    for by in [format!("trace_id={}", ids[0]), "client_request_id=req-2".to_owned()] {
        let request = Request::post(format!("/feedback?{by}&user_id=ada")).header("Content-Type", "application/json");
        let reply = call(&router, request.body(Body::from(r#"{"is_correct": true}"#)).unwrap()).await;
        assert_eq!((reply.status.as_u16(), reply.body["status"].as_str()), (200, Some("success")), "{by}");
    }
    let kept = store.get_traces(&ids, true).await.unwrap();
    assert_eq!(kept.iter().map(|trace| trace.info.trace_id).collect::<Vec<_>>(), ids[..2]);
    assert!(kept.iter().all(|trace| trace.spans.len() == 1 && trace.info.assessments.len() == 1));
}

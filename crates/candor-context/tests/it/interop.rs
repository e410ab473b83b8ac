//! Other libraries' spans beside ours.

use candor_context::{FutureExt, SpanType, current_trace_id, span};
use candor_model::{StatusCode, TraceId};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, TraceContextExt, Tracer as _, TracerProvider};
use tracing::Instrument;
use tracing_subscriber::layer::SubscriberExt;

use crate::support::{Service, named};

#[tokio::test]
async fn spans_of_the_tracing_crate_land_in_the_same_trace() {
    let service = Service::new();
    let bridge = tracing_opentelemetry::layer().with_tracer(service.tracer.otel_provider().tracer("app"));
    let _default = tracing::subscriber::set_default(tracing_subscriber::registry().with(bridge));

    let work = async {
        async {
            tracing::info!("looking");
            async {}.in_span(span("search", SpanType::Retriever)).await;
        }
        .instrument(tracing::info_span!("handler", user = "ada"))
        .await;
        current_trace_id()
    };
    let id = work.in_span(service.tracer.span("answer", SpanType::Chain)).await.unwrap();

    let trace = service.trace(id).await;
    let handler = named(&trace, "handler");
    assert_eq!(handler.parent_id, Some(named(&trace, "answer").span_id));
    assert_eq!(handler.attributes.get_str("user"), Some("ada"));
    assert_eq!(handler.events[0].name, "looking");
    assert_eq!(handler.status.code, StatusCode::Unset, "only our own spans say that they went well");
    assert_eq!(named(&trace, "search").parent_id, Some(handler.span_id));
}

#[tokio::test]
async fn a_trace_may_begin_with_a_span_of_the_tracing_crate() {
    let service = Service::new();
    service.tracer.install().unwrap();
    assert!(service.tracer.install().is_err());
    let bridge = tracing_opentelemetry::layer().with_tracer(service.tracer.otel_provider().tracer("app"));
    let _default = tracing::subscriber::set_default(tracing_subscriber::registry().with(bridge));
    let id = tracing::info_span!("request").in_scope(|| {
        span("search", SpanType::Retriever)
            .in_scope(|| candor_context::update_current_trace(candor_context::TraceUpdate::new().session("s")).unwrap())
    });
    let trace = service.trace(id).await;
    assert_eq!(named(&trace, "search").parent_id, Some(named(&trace, "request").span_id));
    assert_eq!(trace.info.session(), Some("s"));
}

#[tokio::test]
async fn spans_of_opentelemetrys_api_land_in_the_same_trace() {
    let service = Service::new();
    service.tracer.install().unwrap();
    let root = service.tracer.span("answer", SpanType::Chain);
    let id = root.trace_id().unwrap();
    let foreign = root.enter(|| {
        let mut span = opentelemetry::global::tracer("library").start("query");
        span.set_attribute(KeyValue::new("gen_ai.operation.name", "chat"));
        span.set_attribute(KeyValue::new("gen_ai.usage.input_tokens", 7));
        span.span_context().span_id()
    });
    assert_eq!(root.otel_context().span().span_context().trace_id().to_bytes(), *id.as_bytes());
    root.end();
    let trace = service.trace(id).await;
    let query = named(&trace, "query");
    assert_eq!(*query.span_id.as_bytes(), foreign.to_bytes());
    assert_eq!(query.parent_id, Some(named(&trace, "answer").span_id));
    assert_eq!(query.span_type(), Some("CHAT_MODEL"), "GenAI attributes are read as MLflow's");
    assert_eq!(TraceId::from_bytes(*id.as_bytes()), trace.info.trace_id);
    let usage = r#"{"input_tokens": 7, "output_tokens": 0, "total_tokens": 7}"#;
    assert_eq!(trace.info.metadata.get(candor_model::keys::TOKEN_USAGE).map(String::as_str), Some(usage));
}

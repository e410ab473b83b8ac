use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use candor_context::{
    Evaluation, FutureExt, SpanType, TraceUpdate, current_span, current_trace_id, span, spawn, spawn_blocking,
    update_current_trace,
};
use candor_model::{AnyValue, SourceType, SpanKind, StatusCode, TraceState, keys};
use serde_json::json;

use crate::support::{Service, named};

#[tokio::test(flavor = "multi_thread")]
async fn spans_nest_across_await_and_tasks() {
    let service = Service::new();
    let work = async {
        tokio::task::yield_now().await;
        async { tokio::time::sleep(Duration::from_millis(1)).await }.in_span(span("search", SpanType::Retriever)).await;
        let task = spawn(async { async {}.in_span(span("model", SpanType::ChatModel)).await });
        let blocking = spawn_blocking(|| span("parse", SpanType::Parser).in_scope(current_trace_id));
        task.await.unwrap();
        assert_eq!(blocking.await.unwrap(), current_trace_id());
        current_trace_id()
    };
    let id = work.in_span(service.tracer.span("answer", SpanType::Agent)).await.unwrap();
    assert_eq!(current_trace_id(), None);

    let trace = service.trace(id).await;
    let root = named(&trace, "answer");
    assert!(root.is_root());
    for (name, span_type) in [("search", "RETRIEVER"), ("model", "CHAT_MODEL"), ("parse", "PARSER")] {
        assert_eq!(named(&trace, name).parent_id, Some(root.span_id), "{name}");
        assert_eq!(named(&trace, name).span_type(), Some(span_type));
    }
    assert_eq!(trace.spans.len(), 4);
}

#[tokio::test]
async fn a_span_can_be_put_under_any_other_or_under_none() {
    let service = Service::new();
    let tracer = &service.tracer;
    let root = tracer.span("root", SpanType::Workflow);
    let ids = root.enter(|| {
        let other = tracer.span_builder("other", SpanType::Task).new_trace().start();
        let below = tracer.span_builder("below", SpanType::Task).parent(&other.handle()).client().start();
        assert_eq!(current_span().span_id(), root.span_id(), "starting a span does not enter it");
        (other.trace_id().unwrap(), below.trace_id().unwrap())
    });
    assert_eq!(ids.0, ids.1);
    assert_ne!(Some(ids.0), root.trace_id());
    let trace = service.trace(ids.0).await;
    assert_eq!(named(&trace, "below").parent_id, Some(named(&trace, "other").span_id));
    assert_eq!(named(&trace, "below").kind, SpanKind::Client);
}

#[tokio::test]
async fn what_is_said_of_a_span_is_read_with_its_structure() {
    let service = Service::new();
    let span = service.tracer.span("model", SpanType::Llm);
    span.set_inputs(json!({"messages": [{"role": "user", "content": "hi"}]}));
    span.set_outputs("hello");
    span.set_attribute("temperature", 0.5);
    span.set_attribute("top_k", 5);
    span.set_attribute("stream", true);
    span.set_attribute("stop", ["a", "b"]);
    span.set_attribute("top_k", 6);
    span.add_event("first token", [("n", 1)]);
    span.set_name("gpt");
    let id = span.trace_id().unwrap();
    span.end();

    let trace = service.trace(id).await;
    let span = named(&trace, "gpt");
    let content = |value: &AnyValue| value.get("messages").map(AnyValue::json_text);
    assert_eq!(span.inputs().and_then(content).as_deref(), Some(r#"[{"content": "hi", "role": "user"}]"#));
    assert_eq!(span.outputs(), Some(&AnyValue::from("hello")));
    assert_eq!(span.attributes.get("temperature"), Some(&AnyValue::Double(0.5)));
    assert_eq!(span.attributes.get("top_k"), Some(&AnyValue::Int(6)));
    assert_eq!(span.attributes.get("stream"), Some(&AnyValue::Bool(true)));
    assert_eq!(span.attributes.get("stop"), Some(&AnyValue::Array(vec!["a".into(), "b".into()])));
    assert_eq!(span.events[0].attributes.get("n"), Some(&AnyValue::Int(1)));
    assert_eq!(span.status.code, StatusCode::Ok);
    assert_eq!(trace.info.request_preview.as_deref(), Some("hi"));
    assert_eq!(trace.info.state, TraceState::Ok);
}

#[tokio::test]
async fn what_is_said_of_the_trace_is_on_the_trace() {
    let service = Service::with(|builder| builder.service_name("shop"));
    let id = service.tracer.span("answer", SpanType::Chain).in_scope(|| {
        let said = TraceUpdate::new()
            .client_request_id("req-1".parse().unwrap())
            .session("s-1")
            .user("ada")
            .tag("tier", "gold")
            .metadata("model", "small");
        update_current_trace(said);
        // From a span below, and later: it replaces what it says.
        span("below", SpanType::Task).in_scope(|| {
            update_current_trace(TraceUpdate::new().user("bob").request_preview("q").response_preview("a"))
        })
    });
    let info = service.trace(id.unwrap()).await.info;
    assert_eq!(info.client_request_id, Some("req-1".parse().unwrap()));
    assert_eq!(info.session(), Some("s-1"));
    assert_eq!(info.metadata.get(keys::USER).map(String::as_str), Some("bob"));
    assert_eq!(info.metadata.get("model").map(String::as_str), Some("small"));
    assert_eq!(info.tags.get("tier").map(String::as_str), Some("gold"));
    assert_eq!(info.tags.get("service.name").map(String::as_str), Some("shop"));
    assert_eq!((info.request_preview.as_deref(), info.response_preview.as_deref()), (Some("q"), Some("a")));
    assert!(info.execution_duration.is_some());
}

#[tokio::test]
async fn errors_are_recorded_with_their_causes() {
    let service = Service::new();
    let span = service.tracer.span("search", SpanType::Retriever);
    let cause = io::Error::new(io::ErrorKind::TimedOut, "index is busy");
    span.record_error(&io::Error::other(cause));
    let id = span.trace_id().unwrap();
    drop(span);
    let trace = service.trace(id).await;
    let span = &trace.spans[0];
    assert_eq!((span.status.code, span.status.message.as_str()), (StatusCode::Error, "index is busy"));
    assert_eq!(span.events[0].name, "exception");
    assert_eq!(span.events[0].attributes.get_str("exception.message"), Some("index is busy"));
    assert_eq!(trace.info.state, TraceState::Error);
}

#[tokio::test]
async fn a_panic_ends_the_spans_that_it_passes_through() {
    let service = Service::new();
    let root = service.tracer.span("answer", SpanType::Chain);
    let id = root.trace_id().unwrap();
    let work = async {
        let held = span("held", SpanType::Task);
        let _ = &held;
        async { panic!("no {}", "cheese") }.in_span(span("below", SpanType::Tool)).await
    };
    let future = Box::pin(work.in_span(root));
    assert!(tokio::spawn(future).await.unwrap_err().is_panic());
    let trace = service.trace(id).await;
    for (name, message) in [("answer", "no cheese"), ("below", "no cheese"), ("held", "panicked")] {
        assert_eq!(
            (named(&trace, name).status.code, named(&trace, name).status.message.as_str()),
            (StatusCode::Error, message)
        );
    }

    let root = service.tracer.span("sync", SpanType::Chain);
    let id = root.trace_id().unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| root.in_scope(|| panic!("again")))).is_err());
    assert_eq!(service.trace(id).await.spans[0].status.message, "again");
}

#[tokio::test]
async fn a_future_that_is_dropped_ends_its_spans_as_cancelled() {
    let service = Service::new();
    let root = service.tracer.span("answer", SpanType::Chain);
    let id = root.trace_id().unwrap();
    let work = async { std::future::pending::<()>().in_span(span("search", SpanType::Retriever)).await }.in_span(root);
    assert!(tokio::time::timeout(Duration::from_millis(10), work).await.is_err());
    let trace = service.trace(id).await;
    assert_eq!(trace.info.state, TraceState::Error);
    for name in ["answer", "search"] {
        assert_eq!(named(&trace, name).status.message, "cancelled");
    }
    // One that was never polled did not happen in part either.
    let root = service.tracer.span("unpolled", SpanType::Chain);
    let id = root.trace_id().unwrap();
    drop(async {}.in_span(root));
    assert_eq!(service.trace(id).await.spans[0].status.message, "cancelled");
}

#[tokio::test]
async fn without_a_tracer_nothing_is_recorded_and_nothing_fails() {
    let span = span("answer", SpanType::Chain);
    assert!(!span.is_recording());
    span.set_inputs("q");
    span.record_failure("e");
    assert_eq!(span.trace_id(), None);
    assert_eq!(async { current_trace_id() }.in_span(span).await, None);
    assert_eq!(update_current_trace(TraceUpdate::new().user("ada")), None);
}

#[tokio::test]
async fn values_that_json_cannot_hold_are_left_out() {
    let service = Service::new();
    let span = service.tracer.span("model", SpanType::Llm);
    span.set_inputs(std::collections::HashMap::from([((1, 2), "no text for a key")]));
    span.set_attribute("nan", f64::NAN);
    let id = span.trace_id().unwrap();
    span.end();
    assert_eq!(service.trace(id).await.spans[0].inputs(), None);
}

#[tokio::test]
async fn an_evaluation_becomes_feedback_on_its_span() {
    let service = Service::new();
    let span = service.tracer.span("model", SpanType::Llm);
    let relevance = Evaluation::score("relevance", 0.5).explanation("half of it").judged_by("judge-1");
    span.add_evaluation(relevance);
    span.add_evaluation(Evaluation::label("tone", "friendly"));
    let (id, span_id) = (span.trace_id().unwrap(), span.span_id());
    span.end();
    let assessments = service.trace(id).await.info.assessments;
    let said: Vec<_> = assessments.iter().map(|it| (it.name.as_str(), it.body.value().unwrap().json_text())).collect();
    assert_eq!(said, [("relevance", "0.5".to_owned()), ("tone", "\"friendly\"".to_owned())]);
    assert_eq!(assessments[0].rationale.as_deref(), Some("half of it"));
    assert_eq!(assessments[0].source.source_type, SourceType::LlmJudge);
    assert_eq!(assessments[1].source.source_type, SourceType::Code);
    assert!(assessments.iter().all(|assessment| assessment.span_id == span_id));
}

//! Spans: what is kept of them, and what they tell of their trace.

use candor_model::{
    AnyValue, Attributes, DurationMs, ExperimentId, Span, SpanEvent, SpanKind, SpanLink, SpanStatus, StatusCode,
    TraceInfo, TraceState, keys,
};

use super::gaps::{gaps, kept_span};
use super::samples::{self, at, nanos_at, span_id, trace_id, with_attributes};
use super::support::{create, found, info, spans, start, trace};
use crate::{DynTrackingStore, ExperimentChange, Missing, SpanBatch, SpanGroup, StoreError};

/// Every part of a span reads back, to the last nanosecond.
pub async fn spans_read_back_whole(store: &DynTrackingStore) {
    let attributes = Attributes::from_iter([
        ("empty", AnyValue::Empty),
        ("text", "é 😀 \"quoted\" \\ \n {\"json\": 1}".into()),
        ("", "no key".into()),
        ("$bytes", "looks like an escape".into()),
        ("flag", AnyValue::Bool(true)),
        ("int", AnyValue::Int(i64::MIN)),
        ("double", AnyValue::Double(5.0)),
        ("tiny", AnyValue::Double(-1e-300)),
        ("infinite", AnyValue::Double(f64::INFINITY)),
        ("bytes", AnyValue::Bytes(vec![0, 255, 1])),
        ("list", AnyValue::Array(vec![AnyValue::Int(1), AnyValue::Empty, AnyValue::Array(Vec::new())])),
        ("map", AnyValue::KvList(vec![("b".into(), AnyValue::Int(1)), ("a".into(), "x".into())])),
    ]);
    let mut span = samples::child(1, 2, 1);
    span.kind = SpanKind::Client;
    span.name = "ask \"it\" 'now' 😀".into();
    span.status = SpanStatus { code: StatusCode::Error, message: "boom\0".into() };
    span.start = candor_model::UnixNanos::from_nanos(1_767_323_045_678_901_234);
    span.end = Some(candor_model::UnixNanos::from_nanos(1_767_323_045_678_901_235));
    span.attributes = attributes.clone();
    span.events = vec![
        SpanEvent { time: nanos_at(3), name: "exception".into(), attributes: attributes.clone() },
        SpanEvent { time: nanos_at(2), name: String::new(), attributes: Attributes::default() },
    ];
    span.links = vec![SpanLink { trace_id: trace_id(8), span_id: span_id(9), attributes }];
    store.log_spans(samples::batch(vec![span.clone()])).await.unwrap();

    span.attributes.insert(keys::SPAN_TRACE_REQUEST_ID, trace_id(1).to_string().as_str().into());
    assert_eq!(spans(store, trace_id(1)).await, [kept_span(span, gaps(store))]);
    assert!(store.get_traces(&[trace_id(1)], false).await.unwrap()[0].spans.is_empty(), "spans only on demand");
}

/// A trace that nobody started is told from its spans.
pub async fn spans_alone_make_a_trace(store: &DynTrackingStore) {
    let root = with_attributes(
        samples::root(1, 10),
        &[
            (keys::SPAN_INPUTS, "hi".into()),
            (keys::SPAN_OUTPUTS, "hello".into()),
            ("session.id", "s-1".into()),
            ("user.id", "ann".into()),
            ("mlflow.traceTag.release", "7".into()),
        ],
    );
    let resource = Attributes::from_iter([("service.name", "shop".into())]);
    let groups = vec![SpanGroup { resource, spans: vec![samples::child(1, 5, 10), root] }];
    store.log_spans(SpanBatch { experiment_id: ExperimentId::DEFAULT, groups }).await.unwrap();

    let read = info(store, trace_id(1)).await;
    assert_eq!((read.experiment_id, read.request_time, read.state), (ExperimentId::DEFAULT, at(5), TraceState::Ok));
    assert_eq!(read.execution_duration, Some(DurationMs::from_millis(105)));
    assert_eq!(read.request_preview.as_deref(), Some("\"hi\""));
    assert_eq!(read.response_preview.as_deref(), Some("\"hello\""));
    assert_eq!((read.session(), read.name()), (Some("s-1"), Some("span-10")));
    assert_eq!(read.metadata[keys::USER], "ann");
    assert_eq!((read.tags["service.name"].as_str(), read.tags["release"].as_str()), ("shop", "7"));
    assert_eq!(read.tags[keys::SPANS_LOCATION], keys::TRACKING_STORE);
    assert_eq!(found(store, "").await, [trace_id(1)]);
}

/// Clients send spans and trace info at the same time; the result is the same either way.
pub async fn spans_and_start_may_come_in_either_order(store: &DynTrackingStore) {
    let said = |n| TraceInfo { request_preview: Some("said".into()), ..samples::trace_of_request(n, "req") };
    let sent = |n| {
        let facts = [("session.id", "s".into()), (keys::SPAN_INPUTS, "x".into()), (keys::SPAN_OUTPUTS, "y".into())];
        samples::batch(vec![with_attributes(samples::root(n, 500), &facts), samples::child(n, 501, 500)])
    };
    start(store, said(1)).await;
    store.log_spans(sent(1)).await.unwrap();
    store.log_spans(sent(2)).await.unwrap();
    start(store, said(2)).await;

    let (a, b) = (trace(store, trace_id(1)).await, trace(store, trace_id(2)).await);
    assert_eq!((a.spans.len(), b.spans.len()), (2, 2));
    let mut b = TraceInfo { trace_id: a.info.trace_id, request_time: a.info.request_time, ..b.info };
    for tag in [keys::TRACE_NAME, keys::ARTIFACT_LOCATION] {
        b.tags.insert(tag.into(), a.info.tags[tag].clone()); // they name the trace itself
    }
    assert_eq!(a.info, b);
    assert_eq!(a.info.request_time, at(1), "the client's word on time stands");
    assert_eq!(a.info.response_preview.as_deref(), Some("\"y\""), "what the client left out is filled in");
}

/// An exporter may send a span again; the later one counts.
pub async fn span_sent_again_replaces_the_first(store: &DynTrackingStore) {
    let first = samples::root(1, 1);
    let second = Span { name: "second".into(), end: Some(nanos_at(900)), ..first.clone() };
    let third = Span { name: "third".into(), ..second.clone() };
    store.log_spans(samples::batch(vec![first])).await.unwrap();
    store.log_spans(samples::batch(vec![second, third])).await.unwrap();
    let read = spans(store, trace_id(1)).await;
    assert_eq!(read.iter().map(|span| span.name.as_str()).collect::<Vec<_>>(), ["third"]);
    assert_eq!(found(store, "span.name = 'third'").await.len(), 1);
    assert!(found(store, "span.name = 'span-1'").await.is_empty());
}

/// The tree can be drawn in the order in which spans stand.
pub async fn spans_stand_roots_first_then_by_start(store: &DynTrackingStore) {
    let early_child = Span { start: nanos_at(-50), ..samples::child(1, 4, 3) };
    let twin = Span { start: nanos_at(5), ..samples::child(1, 2, 3) };
    let sent = vec![samples::child(1, 5, 3), early_child, twin, samples::root(1, 3)];
    store.log_spans(samples::batch(sent)).await.unwrap();
    store.log_spans(samples::batch(vec![samples::root(1, 1)])).await.unwrap();
    let read: Vec<_> = spans(store, trace_id(1)).await.iter().map(|span| span.span_id).collect();
    assert_eq!(read, [1, 3, 4, 2, 5].map(span_id));
}

/// Exporters batch by time, not by trace.
pub async fn one_batch_may_hold_several_traces(store: &DynTrackingStore) {
    let group = |spans| SpanGroup { resource: Attributes::default(), spans };
    let groups = vec![
        group(vec![samples::root(1, 1), samples::child(2, 3, 2)]),
        group(vec![]),
        group(vec![samples::root(2, 2), samples::child(1, 2, 1)]), // span ids are unique per trace only
    ];
    store.log_spans(SpanBatch { experiment_id: ExperimentId::DEFAULT, groups }).await.unwrap();
    for (n, ids) in [(1, [1, 2]), (2, [2, 3])] {
        let read: Vec<_> = spans(store, trace_id(n)).await.iter().map(|span| span.span_id).collect();
        assert_eq!(read, ids.map(span_id));
        assert_eq!(info(store, trace_id(n)).await.state, TraceState::Ok);
    }
    store.log_spans(samples::batch(Vec::new())).await.unwrap();
}

/// A batch of spans is all or nothing.
pub async fn refused_span_batch_writes_nothing(store: &DynTrackingStore) {
    start(store, samples::trace(3)).await;
    let before = trace(store, trace_id(3)).await;
    let long: AnyValue = "s".repeat(251).as_str().into();
    let bad = with_attributes(samples::root(2, 2), &[("session.id", long)]);
    let sent = vec![samples::root(1, 1), samples::root(3, 3), bad];
    let error = store.log_spans(samples::batch(sent)).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid { .. }), "{error:?}");
    assert_eq!(found(store, "").await, [trace_id(3)]);
    assert_eq!(trace(store, trace_id(3)).await, before);

    let unknown = samples::experiment_id(424_242);
    let nowhere = SpanBatch { experiment_id: unknown, ..samples::batch(vec![samples::root(3, 3)]) };
    let error = store.log_spans(nowhere).await.unwrap_err();
    assert!(matches!(&error, StoreError::NotFound(Missing::Experiment(id)) if *id == unknown), "{error:?}");
    assert_eq!(trace(store, trace_id(3)).await, before);
}

/// Exporters cannot be told that an experiment was deleted.
pub async fn deleted_experiment_takes_spans(store: &DynTrackingStore) {
    let id = create(store, samples::experiment("gone")).await;
    store.update_experiment(id, ExperimentChange::Delete, at(1)).await.unwrap();
    store.log_spans(SpanBatch { experiment_id: id, ..samples::batch(vec![samples::root(1, 1)]) }).await.unwrap();
    assert_eq!(info(store, trace_id(1)).await.experiment_id, id);
}

/// Spans of a known trace go to it, whatever experiment the exporter names.
pub async fn spans_leave_a_known_trace_where_it_is(store: &DynTrackingStore) {
    let other = create(store, samples::experiment("other")).await;
    start(store, samples::trace(1)).await;
    store.log_spans(SpanBatch { experiment_id: other, ..samples::batch(vec![samples::root(1, 1)]) }).await.unwrap();
    let read = trace(store, trace_id(1)).await;
    assert_eq!((read.info.experiment_id, read.spans.len()), (ExperimentId::DEFAULT, 1));
    assert!(read.info.tags[keys::ARTIFACT_LOCATION].starts_with("mlflow-artifacts:/0/"));
}

/// Tokens count once per tree branch, across all batches, and a span sent again counts once.
pub async fn token_usage_is_summed_over_all_batches(store: &DynTrackingStore) {
    let used = |count: i64| {
        let usage = vec![("input_tokens".to_owned(), AnyValue::Int(count))];
        [(keys::SPAN_TOKEN_USAGE, AnyValue::KvList(usage))]
    };
    let llm = |n, parent, count| with_attributes(samples::child(1, n, parent), &used(count));
    store.log_spans(samples::batch(vec![llm(3, 2, 60)])).await.unwrap();
    let total = async |expected: &str| {
        let metadata = info(store, trace_id(1)).await.metadata;
        assert_eq!(metadata[keys::TOKEN_USAGE], expected);
    };
    total(r#"{"input_tokens": 60, "output_tokens": 0, "total_tokens": 0}"#).await;
    store.log_spans(samples::batch(vec![llm(4, 1, 7), llm(2, 1, 100)])).await.unwrap();
    total(r#"{"input_tokens": 107, "output_tokens": 0, "total_tokens": 0}"#).await;
    store.log_spans(samples::batch(vec![llm(4, 1, 8), samples::root(1, 1)])).await.unwrap();
    total(r#"{"input_tokens": 108, "output_tokens": 0, "total_tokens": 0}"#).await;
}

/// Sums of costs do not depend on the order in which spans came: they are taken by span id.
pub async fn costs_do_not_depend_on_the_order_of_arrival(store: &DynTrackingStore) {
    let llm = |(n, cost)| {
        let cost = AnyValue::KvList(vec![("total_cost".to_owned(), AnyValue::Double(cost))]);
        samples::batch(vec![with_attributes(samples::child(1, n, 9), &[(keys::SPAN_COST, cost)])])
    };
    for span in [(3, 0.3), (2, 0.2), (1, 0.1)] {
        store.log_spans(llm(span)).await.unwrap();
    }
    let cost = info(store, trace_id(1)).await.metadata[keys::COST].clone();
    let sums = if gaps(store).own_sums { &["0.6000000000000001", "0.6"][..] } else { &["0.6000000000000001"] };
    let expected = |sum| format!(r#"{{"input_cost": 0.0, "output_cost": 0.0, "total_cost": {sum}}}"#);
    assert!(sums.iter().any(|sum| cost == expected(sum)), "{cost}");
}

/// OpenTelemetry's GenAI attributes are read into MLflow's.
pub async fn gen_ai_attributes_are_understood(store: &DynTrackingStore) {
    let facts = [("gen_ai.operation.name", "chat".into()), ("gen_ai.usage.input_tokens", AnyValue::Int(10))];
    store.log_spans(samples::batch(vec![with_attributes(samples::root(1, 1), &facts)])).await.unwrap();
    let read = spans(store, trace_id(1)).await;
    assert_eq!(read[0].span_type(), Some("CHAT_MODEL"));
    assert_eq!(found(store, "span.type = 'CHAT_MODEL'").await, [trace_id(1)]);
    assert!(info(store, trace_id(1)).await.metadata[keys::TOKEN_USAGE].contains("\"input_tokens\": 10"));
}

/// The root tells how a trace went; until it comes, the trace runs.
pub async fn a_trace_without_its_root_is_in_progress(store: &DynTrackingStore) {
    let running = Span { end: None, ..samples::child(1, 2, 1) };
    store.log_spans(samples::batch(vec![running.clone()])).await.unwrap();
    let read = info(store, trace_id(1)).await;
    assert_eq!((read.state, read.execution_duration), (TraceState::InProgress, None));
    assert_eq!(spans(store, trace_id(1)).await[0].end, None);

    let failed = SpanStatus { code: StatusCode::Error, message: "boom".into() };
    store.log_spans(samples::batch(vec![Span { status: failed, ..samples::root(1, 1) }])).await.unwrap();
    assert_eq!(info(store, trace_id(1)).await.state, TraceState::Error);
    assert_eq!(found(store, "status = 'ERROR'").await, [trace_id(1)]);
}

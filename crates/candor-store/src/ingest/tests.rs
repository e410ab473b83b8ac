use candor_model::{ExperimentId, LifecycleStage, SpanId, SpanKind, SpanStatus, TimestampMs, UnixNanos};

use super::*;
use crate::SpanGroup;

const MS: u64 = 1_000_000;

fn experiment() -> Experiment {
    Experiment {
        id: ExperimentId::DEFAULT,
        name: "Default".parse().unwrap(),
        artifact_location: "mlflow-artifacts:/0".into(),
        lifecycle_stage: LifecycleStage::Active,
        creation_time: TimestampMs::default(),
        last_update_time: TimestampMs::default(),
        tags: BTreeMap::new(),
    }
}

fn span(id: u8, parent: Option<u8>, start_ms: u64, end_ms: Option<u64>) -> Span {
    Span {
        trace_id: TraceId::from_bytes([7; 16]),
        span_id: SpanId::from_bytes([id; 8]),
        parent_id: parent.map(|parent| SpanId::from_bytes([parent; 8])),
        name: format!("span-{id}"),
        kind: SpanKind::Internal,
        start: UnixNanos::from_nanos(start_ms * MS),
        end: end_ms.map(|end| UnixNanos::from_nanos(end * MS)),
        status: SpanStatus::default(),
        attributes: Attributes::default(),
        events: Vec::new(),
        links: Vec::new(),
    }
}

fn merge(existing: Option<TraceInfo>, resource: Attributes, spans: Vec<Span>) -> TraceInfo {
    let usage: Vec<SpanUsage> = spans.iter().map(SpanUsage::of).collect();
    let groups = [SpanGroup { resource, spans }];
    let batches = by_trace(&groups);
    assert_eq!(batches.len(), 1);
    merge_spans(existing, &batches[0], &usage, &experiment()).unwrap()
}

fn with(mut span: Span, attributes: &[(&str, AnyValue)]) -> Span {
    for (key, value) in attributes {
        span.attributes.insert(*key, value.clone());
    }
    span
}

#[test]
fn a_trace_that_comes_only_as_spans_gets_its_info() {
    let root = with(
        span(1, None, 1000, Some(2000)),
        &[("mlflow.spanInputs", "hi".into()), ("session.id", "s-1".into()), ("user.id", AnyValue::Int(5))],
    );
    let child = span(2, Some(1), 900, Some(2500));
    let resource = Attributes::from_iter([
        ("service.name", "shop".into()),
        ("telemetry.sdk.name", "x".into()),
        ("bad!key", "x".into()),
    ]);
    let info = merge(None, resource, vec![root, child]);
    assert_eq!(info.request_time.as_millis(), 900);
    assert_eq!(info.execution_duration, Some(DurationMs::from_millis(1600)));
    assert_eq!(info.state, TraceState::Ok);
    assert_eq!(info.request_preview.as_deref(), Some("\"hi\""));
    assert_eq!(info.session(), Some("s-1"));
    assert_eq!(info.metadata[keys::USER], "5");
    assert_eq!(info.name(), Some("span-1"));
    assert_eq!(info.tags["service.name"], "shop");
    assert_eq!(info.tags[keys::SPANS_LOCATION], "TRACKING_STORE");
    assert!(!info.tags.contains_key("telemetry.sdk.name") && !info.tags.contains_key("bad!key"));
    assert!(!info.metadata.contains_key(keys::INFO_FINALIZED));
}

#[test]
fn a_trace_without_root_is_in_progress_until_the_root_comes() {
    let info = merge(None, Attributes::default(), vec![span(2, Some(1), 1000, Some(1500))]);
    assert_eq!(info.state, TraceState::InProgress);
    let mut failed = span(1, None, 500, Some(3000));
    failed.status.code = StatusCode::Error;
    let info = merge(Some(info), Attributes::default(), vec![failed]);
    assert_eq!(info.state, TraceState::Error);
    assert_eq!((info.request_time.as_millis(), info.end_time().as_millis()), (500, 3000));
}

#[test]
fn an_unended_trace_has_no_duration() {
    assert_eq!(merge(None, Attributes::default(), vec![span(1, None, 1000, None)]).execution_duration, None);
}

#[test]
fn what_the_client_said_last_is_not_changed_by_late_spans() {
    let mut said = TraceInfo::new(TraceId::from_bytes([7; 16]), ExperimentId::DEFAULT, TimestampMs::from_millis(5000));
    said.state = TraceState::Ok;
    said.execution_duration = Some(DurationMs::from_millis(100));
    said.request_preview = Some("said".into());
    said.tags.insert(keys::TRACE_NAME.into(), "said".into());
    said.metadata.insert(keys::TOKEN_USAGE.into(), r#"{"input_tokens":3,"bogus":1}"#.into());
    let info = merge_started(None, said, &experiment()).unwrap();
    let usage = AnyValue::KvList(vec![("input_tokens".into(), AnyValue::Int(9))]);
    let root =
        with(span(1, None, 1000, Some(9000)), &[("mlflow.spanInputs", "x".into()), (keys::SPAN_TOKEN_USAGE, usage)]);
    let info = merge(Some(info), Attributes::default(), vec![root]);
    assert_eq!(info.request_time.as_millis(), 5000);
    assert_eq!(info.execution_duration, Some(DurationMs::from_millis(100)));
    assert_eq!(info.request_preview.as_deref(), Some("said"));
    assert_eq!(info.name(), Some("said"));
    assert_eq!(info.metadata[keys::TOKEN_USAGE], r#"{"input_tokens": 3}"#);
}

#[test]
fn the_client_completes_what_spans_told() {
    let derived =
        merge(None, Attributes::default(), vec![with(span(1, None, 1, Some(2)), &[("session.id", "s".into())])]);
    let mut said = TraceInfo::new(derived.trace_id, ExperimentId::DEFAULT, TimestampMs::from_millis(50));
    said.tags.insert(keys::SPANS_LOCATION.into(), "ARTIFACT_REPO".into());
    said.tags.insert(keys::TRACE_NAME.into(), "said".into());
    let info = merge_started(Some(derived), said, &experiment()).unwrap();
    assert_eq!(info.request_time.as_millis(), 50);
    assert_eq!(info.session(), Some("s"));
    assert_eq!(info.name(), Some("said"));
    assert_eq!(info.tags[keys::SPANS_LOCATION], "TRACKING_STORE");
    assert_eq!(info.metadata[keys::INFO_FINALIZED], "true");
}

#[test]
fn tokens_are_summed_over_topmost_spans_only() {
    let used = |total: i64| {
        let count = |key: &str, count| (key.to_owned(), AnyValue::Int(count));
        (keys::SPAN_TOKEN_USAGE, AnyValue::KvList(vec![count("input_tokens", total), count("total_tokens", total)]))
    };
    let spans = vec![
        with(span(1, None, 1, Some(2)), &[]),
        with(span(2, Some(1), 1, Some(2)), &[used(100)]),
        with(span(3, Some(2), 1, Some(2)), &[used(60)]),
        with(span(4, Some(1), 1, Some(2)), &[used(7)]),
    ];
    let info = merge(None, Attributes::default(), spans);
    assert_eq!(info.metadata[keys::TOKEN_USAGE], r#"{"input_tokens": 107, "output_tokens": 0, "total_tokens": 107}"#);
}

#[test]
fn parents_in_a_circle_do_not_hang() {
    let usage = AnyValue::KvList(vec![("input_tokens".into(), AnyValue::Int(1))]);
    let spans =
        vec![with(span(1, Some(2), 1, Some(2)), &[(keys::SPAN_TOKEN_USAGE, usage)]), span(2, Some(1), 1, Some(2))];
    assert!(merge(None, Attributes::default(), spans).metadata[keys::TOKEN_USAGE].contains("\"input_tokens\": 1"));
}

#[test]
fn over_long_session_ids_are_refused() {
    let groups = [SpanGroup {
        resource: Attributes::default(),
        spans: vec![with(span(1, None, 1, Some(2)), &[("session.id", "s".repeat(251).as_str().into())])],
    }];
    let error = merge_spans(None, &by_trace(&groups)[0], &[], &experiment()).unwrap_err();
    assert!(error.to_string().contains("exceeds the maximum length of 250 characters"), "{error}");
}

#[test]
fn gen_ai_attributes_are_read_into_mlflows() {
    let mut chat = with(
        span(1, None, 1, Some(2)),
        &[
            ("gen_ai.operation.name", "chat".into()),
            ("gen_ai.usage.input_tokens", AnyValue::Int(10)),
            ("gen_ai.usage.output_tokens", AnyValue::Int(5)),
            ("gen_ai.request.model", "m-1".into()),
        ],
    );
    complete_span(&mut chat);
    assert_eq!(chat.span_type(), Some("CHAT_MODEL"));
    assert_eq!(chat.attributes.get_str(keys::SPAN_MODEL), Some("m-1"));
    let usage = chat.attributes.get(keys::SPAN_TOKEN_USAGE).unwrap();
    assert_eq!(usage.json_text(), r#"{"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}"#);

    let mut typed =
        with(span(1, None, 1, Some(2)), &[(keys::SPAN_TYPE, "TOOL".into()), ("gen_ai.operation.name", "chat".into())]);
    complete_span(&mut typed);
    assert_eq!(typed.span_type(), Some("TOOL"));
}

#[test]
fn a_span_says_the_client_request_id_until_a_client_does() {
    let request = |text: &str| Attributes::from_iter([(keys::SPAN_CLIENT_REQUEST_ID, AnyValue::from(text))]);
    let below = |text: &str| Span { attributes: request(text), ..span(2, Some(1), 0, Some(1)) };
    let info = merge(None, Attributes::default(), vec![below("req-1")]);
    assert_eq!(info.client_request_id, Some("req-1".parse().unwrap()));
    let info = merge(Some(info), Attributes::default(), vec![below("req-2")]);
    assert_eq!(info.client_request_id, Some("req-1".parse().unwrap()));
    let info = merge(None, Attributes::default(), vec![below(&"x".repeat(251))]);
    assert_eq!(info.client_request_id, None);
}

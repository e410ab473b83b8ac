//! The filter language, field by field.

use candor_model::{
    AnyValue, AssessmentBody, DurationMs, ExperimentId, Source, SourceType, Span, SpanStatus, StatusCode, TraceId,
    TraceInfo, TraceState, Value, keys,
};
use serde_json::json;

use super::samples::{self, START_MS, assessment_id, nanos_at, trace_id, verdict, with_attributes};
use super::support::{all_ids, create, found, log, owned, query, start, start_all};
use crate::{DynTrackingStore, NewAssessment, TagChange, TraceLink, TraceQuery};

/// Times and durations compare as numbers; an unset duration matches nothing.
pub async fn numbers_are_filtered(store: &DynTrackingStore) {
    let lasting =
        |n, ms: Option<i64>| TraceInfo { execution_duration: ms.map(DurationMs::from_millis), ..samples::trace(n) };
    start_all(store, vec![lasting(1, None), lasting(2, Some(0)), lasting(3, Some(50)), lasting(4, Some(-2))]).await;
    let time = |ms: i64| START_MS + ms;
    check(store, &format!("timestamp > {}", time(2)), &[4, 3]).await;
    check(store, &format!("trace.timestamp_ms <= {}.5 AND timestamp_ms != {}", time(3), time(2)), &[3, 1]).await;
    check(store, &format!("attributes.timestamp = {}", time(4)), &[4]).await;
    check(store, "execution_time_ms >= 0", &[3, 2]).await;
    check(store, "execution_time < 1e1", &[4, 2]).await;
    check(store, "execution_time_ms != 50", &[4, 2]).await;
    check(store, &format!("end_time_ms <= {}", time(2)), &[4, 2, 1]).await;
    check(store, &format!("end_time = {}", time(53)), &[3]).await;
    check(store, "timestamp_ms < -1", &[]).await;
}

/// Texts compare by case and character; what is unset matches no comparison, negative ones included.
pub async fn texts_are_filtered(store: &DynTrackingStore) {
    let mut first = samples::trace_of_request(1, "req-1");
    first.state = TraceState::Error;
    first.tags.extend([("env", "prod"), ("a.b", "x"), ("odd key-1", "O'Hara"), ("ünï", "CAFÉ")].map(owned));
    first.metadata.extend([(keys::SOURCE_RUN, "run-1"), ("k", "50%_\\x")].map(owned));
    let mut second = samples::trace_of_request(2, "REQ-2");
    second.tags.remove(keys::TRACE_NAME);
    second.tags.insert("env".into(), "Prod".into());
    second.metadata.insert("k".into(), String::new());
    start_all(store, vec![first, second, samples::trace(3)]).await;
    store.link_traces(&[trace_id(3), trace_id(99)], TraceLink::Run("run-1".into())).await.unwrap();
    let version = |version: &str| TraceLink::PromptVersion { name: "greet".into(), version: version.into() };
    store.link_traces(&[trace_id(2)], version("3")).await.unwrap();

    let third = format!("request_id = '{}'", trace_id(3));
    for (filter, expected) in [
        ("status = 'ERROR'", &[1][..]),
        ("status IN ('OK', 'IN_PROGRESS')", &[3, 2]),
        ("attributes.status LIKE 'E%' AND status ILIKE 'error'", &[1]),
        (&third, &[3]),
        ("client_request_id != 'x'", &[2, 1]),
        ("client_request_id NOT IN ('req-1', 'x')", &[2]),
        ("client_request_id LIKE 'req-%'", &[1]),
        ("client_request_id ILIKE 'req-_'", &[2, 1]),
        ("client_request_id RLIKE '^[A-Z]+-2$'", &[2]),
        ("client_request_id RLIKE '('", &[]),
        ("name = 'trace-1'", &[1]),
        ("name IS NULL", &[2]),
        ("tags.`mlflow.traceName` != 'trace-1'", &[3]),
        ("run_id = 'run-1'", &[3, 1]),
        ("run_id LIKE 'run-%'", &[1]),
        ("run_id IS NULL", &[3, 2]),
        ("prompt = 'greet/3'", &[2]),
        ("prompt = 'greet/4'", &[]),
        ("tags.env = 'prod'", &[1]),
        ("tag.env ILIKE 'PROD'", &[2, 1]),
        ("tags.env IS NULL", &[3]),
        ("tags.env IS NOT NULL AND tags.env != 'prod'", &[2]),
        ("tags.a.b = 'x'", &[1]),
        ("tags.`odd key-1` = \"O'Hara\"", &[1]),
        ("tags.`ünï` LIKE 'CAF_'", &[1]),
        ("tags.`ünï` ILIKE 'cafÉ'", &[1]),
        ("tags.`ünï` ILIKE 'café'", &[]),
        ("metadata.k = ''", &[2]),
        ("metadata.k LIKE '50%_\\x'", &[1]),
        ("request_metadata.k != '' AND metadata.K IS NULL", &[1]),
    ] {
        check(store, filter, expected).await;
    }
    store.update_trace_tag(trace_id(1), TagChange::Delete { key: "env".into() }).await.unwrap();
    check(store, "tags.env IS NULL", &[3, 1]).await;
}

/// All span conditions of a filter hold for one span.
pub async fn spans_are_filtered(store: &DynTrackingStore) {
    let failed = SpanStatus { code: StatusCode::Error, message: "boom".into() };
    let facts = [(keys::SPAN_TYPE, "LLM".into()), ("model", "gpt 'x'".into()), ("n", AnyValue::Int(5))];
    let spans = vec![
        with_attributes(Span { name: "ask".into(), ..samples::root(1, 1) }, &facts),
        Span { name: "retrieve".into(), status: failed, ..samples::child(1, 2, 1) },
        Span { name: "Ask".into(), ..with_attributes(samples::root(2, 3), &[(keys::SPAN_TYPE, "TOOL".into())]) },
    ];
    store.log_spans(samples::batch(spans)).await.unwrap();
    start(store, samples::trace(3)).await;
    for (filter, expected) in [
        ("span.name = 'ask'", &[1][..]),
        ("span.name ILIKE 'ask'", &[2, 1]),
        ("span.name != 'ask'", &[2, 1]),
        ("span.name NOT IN ('ask', 'retrieve')", &[2]),
        ("span.name = 'ask' AND span.status = 'ERROR'", &[]),
        ("span.name = 'retrieve' AND span.status = 'ERROR'", &[1]),
        ("span.status = 'UNSET' AND span.type = 'LLM'", &[1]),
        ("span.type IN ('TOOL', 'LLM')", &[2, 1]),
        ("span.type != 'TOOL'", &[1]),
        ("span.attributes.model LIKE '%x%'", &[1]),
        ("span.attributes.model RLIKE '^gpt'", &[1]),
        ("span.attributes.n LIKE '5'", &[1]),
        ("span.content LIKE '%boom%'", &[1]),
        ("trace.text ILIKE '%BOOM%'", &[1]),
        ("span.content LIKE '%boom%' AND span.type = 'LLM'", &[]),
    ] {
        check(store, filter, expected).await;
    }
}

/// With a lower bound on the time, spans from long before it are not searched.
pub async fn old_spans_are_not_searched(store: &DynTrackingStore) {
    let span = |n, ms| Span { start: nanos_at(ms), ..samples::root(n, n) };
    start_all(store, vec![samples::trace(1), samples::trace(2)]).await;
    store.log_spans(samples::batch(vec![span(1, -9_000), span(2, -44_000)])).await.unwrap();
    check(store, &format!("span.name LIKE 'span%' AND timestamp >= {START_MS}"), &[1]).await;
    check(store, &format!("timestamp > {} AND span.name LIKE 'span%'", START_MS - 1), &[1]).await;
    check(store, &format!("span.name LIKE 'span%' AND timestamp != {START_MS}"), &[2, 1]).await;
    check(store, &format!("timestamp >= {START_MS}"), &[2, 1]).await;
}

/// Values compare as MLflow's JSON texts, and as what a person would write.
pub async fn feedback_is_filtered(store: &DynTrackingStore) {
    let values = [
        json!(true),
        json!("true"),
        json!(5),
        json!("5"),
        json!(4.5),
        json!("é \"x\""),
        json!(["a", "b"]),
        json!(null),
    ];
    for (n, value) in (1..).zip(values) {
        start(store, samples::trace(n)).await;
        log(store, verdict(n, trace_id(n), "ann", Value::try_from(value).unwrap())).await;
    }
    start(store, samples::trace(9)).await;
    let expected = AssessmentBody::Expectation(Value::Int(7));
    log(store, NewAssessment { body: expected, ..verdict(9, trace_id(9), "ann", true) }).await;
    for (filter, expected) in [
        ("feedback.user_feedback = 'true'", &[2, 1][..]),
        ("feedback.user_feedback = '\"true\"'", &[2]),
        ("feedback.user_feedback = '5.0'", &[3]),
        ("feedback.user_feedback = '5'", &[4, 3]),
        ("feedback.user_feedback = 'null'", &[8]),
        ("feedback.user_feedback = '[\"a\", \"b\"]'", &[7]),
        ("feedback.user_feedback != 'true'", &[8, 7, 6, 5, 4, 3]),
        ("feedback.user_feedback >= 4.5", &[5, 3]),
        ("feedback.user_feedback < 5", &[5]),
        ("feedback.user_feedback > -1e9", &[5, 3]),
        ("feedback.user_feedback LIKE '%é%'", &[6]),
        ("feedback.user_feedback ILIKE 'TRUE'", &[2, 1]),
        ("feedback.user_feedback RLIKE '^\\['", &[7]),
        ("feedback.user_feedback IS NOT NULL", &[8, 7, 6, 5, 4, 3, 2, 1]),
        ("feedback.user_feedback IS NULL", &[9]),
        ("feedback.`User_feedback` IS NOT NULL", &[]),
        ("expectation.user_feedback = '7'", &[9]),
        ("expectation.user_feedback > 6 AND feedback.user_feedback IS NULL", &[9]),
    ] {
        check(store, filter, expected).await;
    }
}

/// Each feedback condition may be met by another assessment, and only by a valid one.
pub async fn feedback_conditions_are_independent(store: &DynTrackingStore) {
    start_all(store, vec![samples::trace(1), samples::trace(2)]).await;
    log(store, verdict(1, trace_id(1), "ann", true)).await;
    log(store, verdict(2, trace_id(1), "bob", false)).await;
    log(store, verdict(3, trace_id(2), "ann", true)).await;
    let both = "feedback.user_feedback = 'true' AND feedback.user_feedback = 'false'";
    check(store, both, &[1]).await;
    log(store, NewAssessment { overrides: Some(assessment_id(2)), ..verdict(4, trace_id(1), "bob", true) }).await;
    check(store, both, &[]).await;
    check(store, "feedback.user_feedback = 'true'", &[2, 1]).await;
    assert!(store.delete_assessment(trace_id(1), assessment_id(4)).await.unwrap());
    check(store, both, &[1]).await;
}

/// References to issues are found, overridden ones too.
pub async fn issues_are_filtered(store: &DynTrackingStore) {
    start_all(store, vec![samples::trace(1), samples::trace(2)]).await;
    let issue = NewAssessment {
        name: "iss-1".parse().unwrap(),
        body: AssessmentBody::Issue { name: "Bad tone".into() },
        source: Source { source_type: SourceType::LlmJudge, source_id: None },
        ..verdict(1, trace_id(1), "", true)
    };
    log(store, issue).await;
    log(store, NewAssessment { name: "iss-1".parse().unwrap(), ..verdict(2, trace_id(2), "ann", true) }).await;
    log(store, NewAssessment { overrides: Some(assessment_id(1)), ..verdict(3, trace_id(1), "ann", true) }).await;
    check(store, "issue.id = 'iss-1'", &[1]).await;
    check(store, "issue.id = 'Bad tone'", &[]).await;
    check(store, "feedback.`iss-1` IS NOT NULL", &[2]).await;
}

/// A verdict on a whole session speaks for every trace of it, as far as both are searched.
pub async fn session_verdicts_speak_for_the_session(store: &DynTrackingStore) {
    let other = create(store, samples::experiment("other")).await;
    let elsewhere = TraceInfo { experiment_id: other, ..samples::trace_of_session(4, "s-1") };
    let infos = [(1, "s-1"), (2, "s-1"), (3, "s-2")].map(|(n, session)| samples::trace_of_session(n, session));
    start_all(store, [infos.to_vec(), vec![elsewhere, samples::trace(5)]].concat()).await;
    let about_session = |n, trace| {
        let mut item = verdict(n, trace_id(trace), "ann", Value::Int(5));
        item.metadata.insert(keys::SESSION.into(), "whatever".into());
        item
    };
    log(store, about_session(1, 1)).await;
    log(store, about_session(2, 5)).await; // of a trace without session
    for (filter, expected) in [
        ("feedback.user_feedback = '5'", &[5, 2, 1][..]),
        ("feedback.user_feedback > 4", &[5, 2, 1]),
        ("feedback.user_feedback LIKE '5%'", &[5, 2, 1]),
        ("feedback.user_feedback IS NOT NULL", &[5, 2, 1]),
        ("feedback.user_feedback IS NULL", &[3]),
        ("feedback.user_feedback != '6'", &[5, 2, 1]),
        ("expectation.user_feedback IS NOT NULL", &[]),
    ] {
        check(store, filter, expected).await;
    }
    let in_experiments = |experiments| TraceQuery { experiments, ..query("feedback.user_feedback = '5'") };
    assert_eq!(all_ids(store, in_experiments(vec![other])).await, []);
    let both = all_ids(store, in_experiments(vec![other, ExperimentId::DEFAULT])).await;
    assert_eq!(both, [5, 4, 2, 1].map(trace_id));

    let overriding = NewAssessment { overrides: Some(assessment_id(1)), ..verdict(3, trace_id(1), "ann", true) };
    log(store, overriding).await;
    check(store, "feedback.user_feedback = '5'", &[5]).await;
}

async fn check(store: &DynTrackingStore, filter: &str, expected: &[u32]) {
    let expected: Vec<TraceId> = expected.iter().copied().map(trace_id).collect();
    assert_eq!(found(store, filter).await, expected, "{filter}");
}

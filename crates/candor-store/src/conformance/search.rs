//! Search: filters, order, pages.

use candor_filter::{OrderBy, PageTokenError};
use candor_model::{
    AnyValue, AssessmentBody, DurationMs, ExperimentId, Source, SourceType, Span, SpanStatus, StatusCode, TraceId,
    TraceInfo, TraceState, Value, keys,
};
use serde_json::json;

use super::samples::{self, START_MS, assessment_id, at, nanos_at, trace_id, verdict, with_attributes};
use super::support::{all_ids, create, found, log, query, start, start_all};
use crate::{
    DynTrackingStore, ExperimentChange, NewAssessment, StoreError, TagChange, TraceLink, TraceQuery, TraceSelection,
};

/// Newest first; of the same time, lower ids first.
pub async fn traces_are_listed_newest_first(store: &DynTrackingStore) {
    let tied = |n| TraceInfo { request_time: at(3), ..samples::trace(n) };
    start_all(store, vec![tied(7), samples::trace(1), samples::trace(5), tied(2), tied(9)]).await;
    assert_eq!(found(store, "").await, [5, 2, 7, 9, 1].map(trace_id));
}

/// A search sees the experiments that it names, deleted ones too.
pub async fn search_keeps_to_its_experiments(store: &DynTrackingStore) {
    let other = create(store, samples::experiment("other")).await;
    start_all(store, vec![samples::trace(1), TraceInfo { experiment_id: other, ..samples::trace(2) }]).await;
    store.update_experiment(other, ExperimentChange::Delete, at(1)).await.unwrap();
    let unknown = samples::experiment_id(424_242);
    for (experiments, expected) in [
        (vec![], vec![]),
        (vec![unknown], vec![]),
        (vec![ExperimentId::DEFAULT], vec![1]),
        (vec![unknown, other, other], vec![2]),
        (vec![other, ExperimentId::DEFAULT], vec![2, 1]),
    ] {
        let ids = all_ids(store, TraceQuery { experiments: experiments.clone(), ..query("") }).await;
        assert_eq!(ids, expected.into_iter().map(trace_id).collect::<Vec<_>>(), "{experiments:?}");
    }
}

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

/// A verdict on a whole session speaks for every trace of it, wherever that is.
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
    log(store, about_session(1, 4)).await;
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
    log(store, NewAssessment { overrides: Some(assessment_id(1)), ..verdict(3, trace_id(4), "ann", true) }).await;
    check(store, "feedback.user_feedback IS NOT NULL", &[5]).await;
}

/// Every key sorts; what lacks it comes last in both directions.
pub async fn traces_are_ordered(store: &DynTrackingStore) {
    let other = create(store, samples::experiment("other")).await;
    let mut infos: Vec<TraceInfo> = (1..=4).map(samples::trace).collect();
    infos[0].experiment_id = other;
    infos[0].execution_duration = None;
    infos[1].execution_duration = Some(DurationMs::from_millis(9));
    infos[1].state = TraceState::Error;
    infos[1].tags.extend([("t", "b")].map(owned));
    infos[2].tags.extend([("t", "a")].map(owned));
    infos[2].metadata.extend([(keys::SOURCE_RUN, "r"), (keys::SESSION, "é")].map(owned));
    infos[3].metadata.extend([(keys::SESSION, "z")].map(owned));
    infos[3].tags.remove(keys::TRACE_NAME);
    start_all(store, infos).await;
    for (order, expected) in [
        (vec!["timestamp ASC"], [1, 2, 3, 4]),
        (vec!["execution_time"], [2, 4, 3, 1]),
        (vec!["execution_time_ms DESC"], [4, 3, 2, 1]),
        (vec!["status"], [2, 4, 3, 1]),
        (vec!["request_id DESC"], [4, 3, 2, 1]),
        (vec!["experiment_id desc", "timestamp_ms ASC"], [1, 2, 3, 4]),
        (vec!["name"], [1, 2, 3, 4]),
        (vec!["attributes.name DESC"], [3, 2, 1, 4]),
        (vec!["run_id"], [3, 4, 2, 1]),
        (vec!["tags.t"], [3, 2, 4, 1]),
        (vec!["tags.t DESC"], [2, 3, 4, 1]),
        (vec!["metadata.mlflow.trace.session"], [4, 3, 2, 1]),
        (vec!["metadata.mlflow.trace.session DESC", "status"], [3, 4, 2, 1]),
    ] {
        for size in [1, 3, 100] {
            let query = TraceQuery {
                experiments: vec![ExperimentId::DEFAULT, other],
                order_by: parse_order(&order),
                max_results: size,
                ..query("")
            };
            assert_eq!(all_ids(store, query).await, expected.map(trace_id), "{order:?} in pages of {size}");
        }
    }
}

/// What comes and goes while somebody turns pages neither repeats nor hides what stays.
pub async fn paging_survives_changes(store: &DynTrackingStore) {
    start_all(store, (10..20).map(samples::trace).collect()).await;
    let mut query = TraceQuery { max_results: 3, ..query("") };
    let mut seen: Vec<TraceId> = Vec::new();
    for round in 0.. {
        let page = store.search_traces(&query).await.unwrap();
        seen.extend(page.items.iter().map(|info| info.trace_id));
        let Some(token) = page.next_page_token else { break };
        query.page_token = Some(token);
        let last = *seen.last().unwrap();
        store.delete_traces(ExperimentId::DEFAULT, TraceSelection::Ids(vec![last])).await.unwrap();
        start(store, samples::trace(100 + round)).await;
    }
    assert_eq!(seen, (10..20).rev().map(trace_id).collect::<Vec<_>>());
}

/// A token is refused by any query but its own; the empty one asks for the first page.
pub async fn page_tokens_belong_to_their_query(store: &DynTrackingStore) {
    start_all(store, (1..=3).map(samples::trace).collect()).await;
    let first = || TraceQuery { max_results: 1, ..query("timestamp_ms > 0") };
    let page_token = store.search_traces(&first()).await.unwrap().next_page_token;
    assert!(page_token.is_some());
    for other in [
        TraceQuery { filter: query("timestamp_ms > 1").filter, ..first() },
        TraceQuery { order_by: parse_order(&["timestamp ASC"]), ..first() },
        TraceQuery { experiments: vec![samples::experiment_id(1)], ..first() },
    ] {
        let error = store.search_traces(&TraceQuery { page_token: page_token.clone(), ..other }).await.unwrap_err();
        assert!(matches!(error, StoreError::PageToken(PageTokenError::OtherQuery)), "{error:?}");
    }
    let nonsense = TraceQuery { page_token: Some("not a token".into()), ..first() };
    assert!(matches!(store.search_traces(&nonsense).await, Err(StoreError::PageToken(_))));
    let longer = TraceQuery { page_token, max_results: 100, ..first() };
    assert_eq!(all_ids(store, longer).await, [2, 1].map(trace_id), "the page's length may change");
    let empty = TraceQuery { page_token: Some(String::new()), ..first() };
    assert_eq!(all_ids(store, empty).await.len(), 3);
    let none = TraceQuery { max_results: 0, ..first() };
    assert!(matches!(store.search_traces(&none).await, Err(StoreError::Invalid { field: "max_results", .. })));
}

/// A search answers with what a read answers, save for the spans.
pub async fn found_traces_are_whole(store: &DynTrackingStore) {
    start(store, TraceInfo { request_preview: Some("é".into()), ..samples::trace_of_request(1, "req") }).await;
    store.log_spans(samples::batch(vec![samples::root(1, 1)])).await.unwrap();
    log(store, verdict(1, trace_id(1), "ann", true)).await;
    log(store, NewAssessment { overrides: Some(assessment_id(1)), ..verdict(2, trace_id(1), "bob", true) }).await;
    let page = store.search_traces(&query("")).await.unwrap();
    assert_eq!(page.items, [super::support::info(store, trace_id(1)).await]);
    assert_eq!(page.next_page_token, None, "an exactly full or short last page leads nowhere");
}

async fn check(store: &DynTrackingStore, filter: &str, expected: &[u32]) {
    let expected: Vec<TraceId> = expected.iter().copied().map(trace_id).collect();
    assert_eq!(found(store, filter).await, expected, "{filter}");
}

fn parse_order(items: &[&str]) -> Vec<OrderBy> {
    let items: Vec<String> = items.iter().map(|item| (*item).to_owned()).collect();
    OrderBy::parse_list(&items).unwrap_or_else(|error| panic!("{error}\n{}", error.pointer()))
}

fn owned((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

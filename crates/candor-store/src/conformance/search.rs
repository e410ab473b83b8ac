//! Search: places, order, pages.

use candor_filter::{OrderBy, PageTokenError};
use candor_model::{DurationMs, ExperimentId, TraceId, TraceInfo, TraceState, keys};

use super::samples::{self, assessment_id, at, trace_id, verdict};
use super::support::{all_ids, create, found, info, log, owned, query, start, start_all};
use crate::{DynTrackingStore, ExperimentChange, NewAssessment, StoreError, TraceQuery, TraceSelection};

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
        assert!(round < 10, "pages without end: {seen:?}");
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
    assert_eq!(page.items, [info(store, trace_id(1)).await]);
    assert_eq!(page.next_page_token, None, "an exactly full or short last page leads nowhere");
}

fn parse_order(items: &[&str]) -> Vec<OrderBy> {
    let items: Vec<String> = items.iter().map(|item| (*item).to_owned()).collect();
    OrderBy::parse_list(&items).unwrap_or_else(|error| panic!("{error}\n{}", error.pointer()))
}

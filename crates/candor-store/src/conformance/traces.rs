//! Traces: start, merge, read, tags, deletion, and the assessments that come along.

use std::collections::BTreeMap;

use candor_model::{Assessment, AssessmentBody, ExperimentId, Source, TraceInfo, TraceState, Value, keys};

use super::gaps::gaps;
use super::samples::{self, assessment_id, at, trace_id};
use super::support::{create, found, info, log, logged, owned, start, start_all, trace, valid};
use crate::{
    DynTrackingStore, ExperimentChange, Missing, StoreError, TagChange, Target, TargetRef, TraceLink, TraceSelection,
};

/// Every field of a started trace reads back.
pub async fn started_trace_reads_back_whole(store: &DynTrackingStore) {
    let mut said = samples::trace(1);
    said.client_request_id = Some("req-é'\"".parse().unwrap());
    said.state = TraceState::Error;
    said.request_preview = Some("¿qué? 😀".into());
    said.response_preview = Some(String::new());
    said.metadata = map([("mlflow.trace.user", "u"), ("пусто", ""), ("a'b\"c", "`x`")]);
    said.tags.extend(map([("k", "v"), ("empty", "")]));
    let answer = start(store, said.clone()).await;
    let read = trace(store, said.trace_id).await;
    assert!(read.spans.is_empty());
    assert_eq!(read.info, answer, "the answer is what the next read sees");

    for (key, value) in &said.metadata {
        assert_eq!(read.info.metadata.get(key), Some(value), "{key}");
    }
    for (key, value) in &said.tags {
        assert_eq!(read.info.tags.get(key), Some(value), "{key}");
    }
    assert_eq!(TraceInfo { metadata: said.metadata.clone(), tags: said.tags.clone(), ..read.info }, said);
}

/// Clients upload spans as a file unless the answer says that they are in the store.
pub async fn started_trace_says_where_its_spans_are(store: &DynTrackingStore) {
    let mut said = samples::trace(1);
    said.tags.insert(keys::SPANS_LOCATION.into(), "ARTIFACT_REPO".into());
    said.tags.insert(keys::ARTIFACT_LOCATION.into(), "elsewhere:/1".into());
    let answer = start(store, said).await;
    assert_eq!(answer.tags[keys::SPANS_LOCATION], keys::TRACKING_STORE);
    assert_eq!(answer.tags[keys::ARTIFACT_LOCATION], format!("mlflow-artifacts:/0/traces/{}/artifacts", trace_id(1)));
    assert_eq!(answer.metadata[keys::INFO_FINALIZED], "true");
}

/// A second start overwrites state, times and request id, keeps previews and joins the maps.
pub async fn starting_again_merges(store: &DynTrackingStore) {
    let mut first = samples::trace_of_request(1, "req-1");
    first.request_preview = Some("first".into());
    first.metadata = map([("a", "1"), ("b", "1")]);
    first.tags.insert("t".into(), "1".into());
    start(store, first).await;

    let mut second = TraceInfo::new(trace_id(1), ExperimentId::DEFAULT, at(50));
    second.state = TraceState::InProgress;
    second.response_preview = Some("second".into());
    second.metadata = map([("b", "2"), ("c", "2")]);
    let merged = start(store, second).await;
    assert_eq!((merged.client_request_id.as_ref(), merged.execution_duration), (None, None));
    assert_eq!((merged.request_time, merged.state), (at(50), TraceState::InProgress));
    assert_eq!(merged.request_preview.as_deref(), Some("first"));
    assert_eq!(merged.response_preview.as_deref(), Some("second"));
    for (key, value) in [("a", "1"), ("b", "2"), ("c", "2")] {
        assert_eq!(merged.metadata[key], value);
    }
    assert_eq!((merged.tags["t"].as_str(), merged.name()), ("1", Some("trace-1")));
    assert_eq!(info(store, trace_id(1)).await, merged);
    assert!(found(store, "client_request_id = 'req-1'").await.is_empty());
}

/// A trace goes where its client says, with all that hangs on it.
pub async fn starting_again_moves_the_trace(store: &DynTrackingStore) {
    let other = create(store, samples::experiment("other")).await;
    store.log_spans(samples::batch(vec![samples::root(1, 1)])).await.unwrap();
    log(store, samples::verdict(1, trace_id(1), "ann", true)).await;
    let moved = start(store, TraceInfo { experiment_id: other, ..samples::trace(1) }).await;
    assert_eq!(moved.experiment_id, other);
    assert!(moved.tags[keys::ARTIFACT_LOCATION].starts_with(&format!("mlflow-artifacts:/{other}/")));
    let read = trace(store, trace_id(1)).await;
    assert_eq!((read.spans.len(), read.info.assessments.len()), (1, 1));
    assert!(found(store, "").await.is_empty());
}

/// Each trace of a batch has its own answer.
pub async fn traces_of_a_batch_do_not_fail_each_other(store: &DynTrackingStore) {
    let deleted = create(store, samples::experiment("deleted")).await;
    store.update_experiment(deleted, ExperimentChange::Delete, at(1)).await.unwrap();
    let unknown = samples::experiment_id(424_242);
    let place = |n, experiment_id| TraceInfo { experiment_id, ..samples::trace(n) };
    let infos = vec![place(1, unknown), samples::trace(2), place(3, deleted), samples::trace(4)];
    let answers = store.start_traces(infos).await.unwrap();
    match answers.as_slice() {
        [
            Err(StoreError::NotFound(Missing::Experiment(missing))),
            Ok(second),
            Err(StoreError::ExperimentDeleted { id }),
            Ok(fourth),
        ] => {
            assert_eq!((*missing, *id), (unknown, deleted));
            assert_eq!((second.trace_id, fourth.trace_id), (trace_id(2), trace_id(4)));
        }
        other => panic!("{other:?}"),
    }
    let ids = [1, 2, 3, 4].map(trace_id);
    let there = store.get_traces(&ids, false).await.unwrap();
    assert_eq!(there.iter().map(|trace| trace.info.trace_id).collect::<Vec<_>>(), [ids[1], ids[3]]);
    assert!(store.start_traces(Vec::new()).await.unwrap().is_empty());
}

/// Session ids have 250 characters at most; what is refused leaves no trace.
pub async fn over_long_session_is_refused(store: &DynTrackingStore) {
    start(store, samples::trace_of_session(1, &"é".repeat(250))).await;
    let answers = store.start_traces(vec![samples::trace_of_session(2, &"é".repeat(251))]).await.unwrap();
    assert!(matches!(answers.as_slice(), [Err(StoreError::Invalid { .. })]), "{answers:?}");
    assert_eq!(found(store, "").await, [trace_id(1)]);
}

/// Reads answer in the order asked for, without what does not exist.
pub async fn traces_are_read_in_the_order_asked_for(store: &DynTrackingStore) {
    start_all(store, (1..=3).map(samples::trace).collect()).await;
    let read = async |ids: &[u32]| {
        let ids: Vec<_> = ids.iter().copied().map(trace_id).collect();
        let traces = store.get_traces(&ids, true).await.unwrap();
        traces.into_iter().map(|trace| trace.info.trace_id).collect::<Vec<_>>()
    };
    assert_eq!(read(&[2, 3, 1]).await, [2, 3, 1].map(trace_id));
    assert_eq!(read(&[9, 1, 8]).await, [trace_id(1)]);
    assert_eq!(read(&[1, 2, 1]).await, [2, 1].map(trace_id), "a repeated id counts at its last place");
    assert!(read(&[]).await.is_empty());
}

/// Assessments that come with a trace are logged, and once, however often they come.
pub async fn embedded_assessments_are_logged_once(store: &DynTrackingStore) {
    let mut first = embedded(1, 10);
    first.rationale = Some("first".into());
    first.trace_id = trace_id(9); // the trace that it comes with counts
    first.valid = false; // what callers say of validity does not
    let twin = Assessment { rationale: Some("twin".into()), ..first.clone() };
    let earlier = embedded(2, 5);
    let with = |assessments| TraceInfo { assessments, ..samples::trace(1) };
    let answer = start(store, with(vec![first.clone(), twin.clone(), earlier.clone()])).await;
    let expected = [earlier, Assessment { trace_id: trace_id(1), valid: true, ..first }];
    assert_eq!(answer.assessments, expected);

    let later = embedded(3, 1);
    start(store, with(vec![twin, later.clone()])).await;
    let read = info(store, trace_id(1)).await.assessments;
    assert_eq!(read, [later, expected[0].clone(), expected[1].clone()]);
    start(store, samples::trace(1)).await;
    assert_eq!(info(store, trace_id(1)).await.assessments, read, "a start without assessments keeps them");
}

/// An assessment that comes with its trace overrides like any other, in whatever order they stand.
pub async fn embedded_overrides_count(store: &DynTrackingStore) {
    let old = embedded(1, 1);
    let new = Assessment { overrides: Some(old.id), ..embedded(2, 2) };
    let itself = Assessment { overrides: Some(assessment_id(3)), ..embedded(3, 3) };
    let nothing = Assessment { overrides: Some(assessment_id(99)), ..embedded(4, 4) };
    let assessments = vec![new, itself, nothing, old.clone()];
    start(store, TraceInfo { assessments, ..samples::trace(1) }).await;
    assert_eq!(valid(store, trace_id(1)).await, [2, 3, 4].map(assessment_id));
    assert!(store.delete_assessment(trace_id(1), assessment_id(2)).await.unwrap());
    assert_eq!(valid(store, trace_id(1)).await, [1, 3, 4].map(assessment_id));
    // The assessment that another one has overridden all along arrives only now.
    log(store, samples::verdict(99, trace_id(1), "ann", true)).await;
    assert_eq!(valid(store, trace_id(1)).await, [1, 3, 4].map(assessment_id));
}

/// An id cannot be on two traces; the trace that brings it is refused as a whole.
pub async fn embedded_assessment_of_another_trace_is_refused(store: &DynTrackingStore) {
    start(store, TraceInfo { assessments: vec![embedded(1, 1)], ..samples::trace(1) }).await;
    let thief = TraceInfo { assessments: vec![embedded(2, 2), embedded(1, 1)], ..samples::trace(2) };
    let answers = store.start_traces(vec![thief]).await.unwrap();
    assert!(matches!(answers.as_slice(), [Err(StoreError::AlreadyExists { .. })]), "{answers:?}");
    assert_eq!(found(store, "").await, [trace_id(1)]);
    assert_eq!(logged(store, trace_id(1)).await, [assessment_id(1)]);
    log(store, samples::verdict(2, trace_id(1), "ann", true)).await;
}

/// Tags are set, replaced and removed; the name is a tag.
pub async fn trace_tags_come_and_go(store: &DynTrackingStore) {
    let id = trace_id(1);
    start_all(store, vec![samples::trace(1), samples::trace(2)]).await;
    let set = |key: &str, value: &str| TagChange::Set { key: key.parse().unwrap(), value: value.into() };
    let delete = |key: &str| TagChange::Delete { key: key.into() };
    for change in
        [set("k/é", "1"), set("k/é", "2 😀"), set("gone", ""), delete("gone"), set(keys::TRACE_NAME, "renamed")]
    {
        store.update_trace_tag(id, change).await.unwrap();
    }
    let read = info(store, id).await;
    assert_eq!((read.name(), read.tags["k/é"].as_str()), (Some("renamed"), "2 😀"));
    assert!(!read.tags.contains_key("gone"));
    assert_eq!(found(store, "name = 'renamed' AND tags.`k/é` LIKE '%😀'").await, [id]);
    assert_eq!(info(store, trace_id(2)).await.name(), Some("trace-2"));

    let error = store.update_trace_tag(id, delete("gone")).await.unwrap_err();
    assert!(matches!(&error, StoreError::NotFound(Missing::TraceTag { key, .. }) if key == "gone"), "{error:?}");
    for change in [set("k", "v"), delete("k")] {
        let error = store.update_trace_tag(trace_id(9), change).await.unwrap_err();
        assert!(matches!(&error, StoreError::NotFound(Missing::Trace(id)) if *id == trace_id(9)), "{error:?}");
    }
}

/// After deletion nothing of a trace is found by any way, and its ids are free.
pub async fn deleted_traces_take_everything_with_them(store: &DynTrackingStore) {
    let id = trace_id(1);
    let mut doomed = samples::trace_of_session(1, "s-1");
    doomed.client_request_id = Some("req-1".parse().unwrap());
    start_all(store, vec![doomed, samples::trace_of_session(2, "s-1")]).await;
    store.log_spans(samples::batch(vec![samples::root(1, 7)])).await.unwrap();
    store.link_traces(&[id], TraceLink::Run("run-1".into())).await.unwrap();
    let mut shared = samples::verdict(1, id, "ann", true);
    shared.metadata.insert(keys::SESSION.into(), "s-1".into());
    log(store, shared).await;
    assert_eq!(found(store, "feedback.user_feedback = 'true'").await.len(), 2);

    let deleted = store.delete_traces(ExperimentId::DEFAULT, TraceSelection::Ids(vec![id, id])).await.unwrap();
    assert_eq!(deleted, 1);
    assert!(store.get_traces(&[id], true).await.unwrap().is_empty());
    for filter in
        ["client_request_id = 'req-1'", "feedback.user_feedback = 'true'", "run_id = 'run-1'", "span.name LIKE '%'"]
    {
        assert!(found(store, filter).await.is_empty(), "{filter}");
    }
    for reference in [TargetRef::Trace(id), TargetRef::ClientRequest("req-1".parse().unwrap())] {
        let target = Target { refs: vec![reference], experiment: None };
        assert_eq!(store.resolve_target(&target).await.unwrap(), None, "{target}");
    }
    let fresh = start(store, samples::trace(1)).await;
    assert!(fresh.assessments.is_empty() && fresh.client_request_id.is_none() && fresh.session().is_none());
    assert!(trace(store, id).await.spans.is_empty());
    assert!(found(store, "run_id = 'run-1'").await.is_empty() || gaps(store).lasting_links);
    log(store, samples::verdict(1, trace_id(2), "ann", true)).await;
}

/// Ids of other experiments and unknown ids are passed over and not counted.
pub async fn traces_are_deleted_by_id_within_their_experiment(store: &DynTrackingStore) {
    let other = create(store, samples::experiment("other")).await;
    start_all(
        store,
        vec![samples::trace(1), TraceInfo { experiment_id: other, ..samples::trace(2) }, samples::trace(3)],
    )
    .await;
    let ids = || TraceSelection::Ids([1, 2, 9].map(trace_id).to_vec());
    assert_eq!(store.delete_traces(samples::experiment_id(424_242), ids()).await.unwrap(), 0);
    assert_eq!(store.delete_traces(ExperimentId::DEFAULT, ids()).await.unwrap(), 1);
    assert_eq!(store.delete_traces(ExperimentId::DEFAULT, ids()).await.unwrap(), 0);
    assert_eq!(found(store, "").await, [trace_id(3)]);
    assert_eq!(info(store, trace_id(2)).await.experiment_id, other);
}

/// Deletion by time takes the bound along and begins with the oldest, of the same time with lower ids.
pub async fn oldest_traces_are_deleted_first(store: &DynTrackingStore) {
    let old = |(n, ms)| TraceInfo { request_time: at(ms), ..samples::trace(n) };
    start_all(store, [(1, 40), (2, 60), (3, 20), (4, 10), (5, 20), (6, 50)].map(old).to_vec()).await;
    let until = |ms, max_traces| TraceSelection::Until { max_request_time: at(ms), max_traces };
    assert_eq!(store.delete_traces(ExperimentId::DEFAULT, until(40, Some(2))).await.unwrap(), 2);
    assert_eq!(found(store, "").await, [2, 6, 1, 5].map(trace_id));
    assert_eq!(store.delete_traces(ExperimentId::DEFAULT, until(40, None)).await.unwrap(), 2);
    assert_eq!(store.delete_traces(ExperimentId::DEFAULT, until(40, None)).await.unwrap(), 0);
    assert_eq!(found(store, "").await, [2, 6].map(trace_id));
}

fn map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(owned).collect()
}

fn embedded(n: u32, ms: i64) -> Assessment {
    let body = AssessmentBody::feedback(Value::Bool(true));
    let source = Source::human("ann").unwrap();
    Assessment::new(assessment_id(n), trace_id(1), "user_feedback".parse().unwrap(), source, body, at(ms))
}

//! How a verdict finds its trace.

use candor_model::{AnyValue, ExperimentId, TraceId, TraceInfo, keys};

use super::samples::{self, span_id, trace_id, with_attributes};
use super::support::{by, by_request, create, start, start_all};
use crate::target::{MAX_CANDIDATES, Resolved};
use crate::{DynTrackingStore, StoreError, Target, TargetRef, TraceSelection};

/// A trace is found by its id, its client request id, a span, its session and the provider's id.
pub async fn every_id_finds_its_trace(store: &DynTrackingStore) {
    let mut said = samples::trace_of_session(1, "s-1 é");
    said.client_request_id = Some("req-1".parse().unwrap());
    start_all(store, vec![said, samples::trace(2)]).await;
    let response = [(keys::GEN_AI_RESPONSE_ID, AnyValue::from("chatcmpl-1"))];
    let llm = with_attributes(samples::child(1, 2, 1), &response);
    store.log_spans(samples::batch(vec![samples::root(1, 1), llm, samples::root(2, 3)])).await.unwrap();

    for (reference, span) in [
        (TargetRef::Trace(trace_id(1)), None),
        (TargetRef::ClientRequest("req-1".parse().unwrap()), None),
        (TargetRef::Span(span_id(2)), Some(span_id(2))),
        (TargetRef::Session("s-1 é".into()), None),
        (TargetRef::Response("chatcmpl-1".into()), None),
    ] {
        let expected = Some(Resolved { trace_id: trace_id(1), span_id: span });
        assert_eq!(store.resolve_target(&by(reference.clone())).await.unwrap(), expected, "{reference}");
    }
    for reference in [
        TargetRef::Trace(trace_id(9)),
        TargetRef::ClientRequest("REQ-1".parse().unwrap()),
        TargetRef::Span(span_id(9)),
        TargetRef::Session("s-1".into()),
        TargetRef::Response(String::new()),
    ] {
        assert_eq!(store.resolve_target(&by(reference.clone())).await.unwrap(), None, "{reference}");
    }
}

/// A request id may be used again; the newest trace is meant, of the same time the lower id.
pub async fn newest_trace_of_a_request_is_meant(store: &DynTrackingStore) {
    let newest = |n| TraceInfo { request_time: samples::at(90), ..samples::trace_of_request(n, "req") };
    start_all(store, vec![newest(3), samples::trace_of_request(1, "req"), newest(2)]).await;
    assert_eq!(resolved(store, &by_request("req")).await, Some(trace_id(2)));
    store.delete_traces(ExperimentId::DEFAULT, TraceSelection::Ids(vec![trace_id(2)])).await.unwrap();
    assert_eq!(resolved(store, &by_request("req")).await, Some(trace_id(3)));
}

/// A conversation of several traces does not say which of them is meant.
pub async fn session_of_several_traces_is_ambiguous(store: &DynTrackingStore) {
    start(store, samples::trace_of_session(1, "s")).await;
    let target = by(TargetRef::Session("s".into()));
    assert_eq!(resolved(store, &target).await, Some(trace_id(1)));
    start_all(store, (2..=15).map(|n| samples::trace_of_session(n, "s")).collect()).await;
    let newest_first: Vec<_> = (6..=15).rev().map(trace_id).collect();
    assert_eq!(newest_first.len(), MAX_CANDIDATES);
    assert_eq!(candidates(store, &target).await, newest_first);
}

/// Ids that belong to different traces are refused, in whatever order they stand.
pub async fn ids_together_must_agree(store: &DynTrackingStore) {
    start_all(store, vec![samples::trace_of_request(1, "req-1"), samples::trace_of_request(2, "req-2")]).await;
    let request = |id: &str| TargetRef::ClientRequest(id.parse().unwrap());
    let refs = |refs: &[TargetRef]| Target { refs: refs.to_vec(), experiment: None };
    let agreeing = refs(&[request("req-1"), TargetRef::Trace(trace_id(1))]);
    assert_eq!(resolved(store, &agreeing).await, Some(trace_id(1)));
    let half_known = refs(&[TargetRef::Session("unknown".into()), request("req-1")]);
    assert_eq!(resolved(store, &half_known).await, Some(trace_id(1)), "the trace may get its session yet");
    for clash in [
        refs(&[TargetRef::Trace(trace_id(1)), request("req-2")]),
        refs(&[request("req-2"), TargetRef::Trace(trace_id(1))]),
        refs(&[TargetRef::Trace(trace_id(9)), request("req-1")]),
    ] {
        assert_eq!(candidates(store, &clash).await.len(), 1, "{clash}");
    }
    let nothing = store.resolve_target(&refs(&[])).await.unwrap_err();
    assert!(matches!(nothing, StoreError::Invalid { .. }), "{nothing:?}");
}

/// A target may say where to look; a trace id is found anywhere.
pub async fn target_looks_in_its_experiment(store: &DynTrackingStore) {
    let other = create(store, samples::experiment("other")).await;
    let elsewhere = TraceInfo { experiment_id: other, ..samples::trace_of_request(1, "req") };
    start_all(store, vec![elsewhere, samples::trace_of_request(2, "req")]).await;
    let inside = |experiment| Target { experiment: Some(experiment), ..by_request("req") };
    assert_eq!(resolved(store, &inside(other)).await, Some(trace_id(1)));
    assert_eq!(resolved(store, &inside(ExperimentId::DEFAULT)).await, Some(trace_id(2)));
    assert_eq!(resolved(store, &inside(samples::experiment_id(424_242))).await, None);
    let by_id = Target { experiment: Some(ExperimentId::DEFAULT), ..Target::from(trace_id(1)) };
    assert_eq!(resolved(store, &by_id).await, Some(trace_id(1)));
}

/// What a trace is found by follows what is said of it.
pub async fn targets_follow_changes(store: &DynTrackingStore) {
    start(store, samples::trace_of_request(1, "old")).await;
    start(store, samples::trace_of_request(1, "new")).await;
    assert_eq!(resolved(store, &by_request("old")).await, None);
    assert_eq!(resolved(store, &by_request("new")).await, Some(trace_id(1)));
    let response = |id: &str| [(keys::GEN_AI_RESPONSE_ID, AnyValue::from(id))];
    for id in ["old", "new"] {
        let span = with_attributes(samples::root(1, 1), &response(id));
        store.log_spans(samples::batch(vec![span])).await.unwrap();
    }
    assert_eq!(resolved(store, &by(TargetRef::Response("old".into()))).await, None);
    assert_eq!(resolved(store, &by(TargetRef::Response("new".into()))).await, Some(trace_id(1)));
}

async fn resolved(store: &DynTrackingStore, target: &Target) -> Option<TraceId> {
    store.resolve_target(target).await.unwrap().map(|found| found.trace_id)
}

async fn candidates(store: &DynTrackingStore, target: &Target) -> Vec<TraceId> {
    match store.resolve_target(target).await {
        Err(StoreError::Ambiguous { candidates, .. }) => candidates,
        other => panic!("{target} should be ambiguous: {other:?}"),
    }
}

//! Verdicts that come before their trace. A back end that holds none must say so.

use candor_model::{AnyValue, AssessmentId, ExperimentId, TraceInfo, keys};

use super::samples::{self, assessment_id, at, span_id, superseding, trace_id, verdict, with_attributes};
use super::support::{by, by_request, create, found, info, log, logged, refused, start, start_all, valid};
use crate::{
    DynTrackingStore, ExperimentChange, Logged, NewAssessment, PendingQuery, SpanBatch, StoreError, Target, TargetRef,
    TrackingStoreExt, WhenMissing,
};

/// A verdict on hold is listed, and counts nowhere until its trace lands.
pub async fn verdict_waits_for_its_trace(store: &DynTrackingStore) {
    let mut item = waiting(verdict(1, trace_id(1), "ann", true));
    item.last_update_time = at(500);
    item.rationale = Some("quick 😀".into());
    if !hold(store, item.clone()).await {
        return;
    }
    assert!(store.get_traces(&[trace_id(1)], false).await.unwrap().is_empty());
    let listed = store.pending_feedback(&PendingQuery::all(10)).await.unwrap();
    assert_eq!((listed.items.len(), listed.next_page_token), (1, None));
    assert_eq!((&listed.items[0].item, listed.items[0].received_at), (&item, at(500)));

    start(store, samples::trace(2)).await;
    assert_eq!(on_hold(store).await.len(), 1, "another trace changes nothing");
    let answer = start(store, samples::trace(1)).await;
    assert_eq!(answer.assessments, [item.on_trace(trace_id(1))]);
    assert!(on_hold(store).await.is_empty());
    assert_eq!(found(store, "feedback.user_feedback = 'true'").await, [trace_id(1)]);
    start(store, samples::trace(1)).await;
    assert_eq!(logged(store, trace_id(1)).await, [assessment_id(1)]);
}

/// Holding is for traces that are missing; a trace that is there takes the verdict at once.
pub async fn verdict_does_not_wait_for_a_trace_that_is_there(store: &DynTrackingStore) {
    start(store, samples::trace_of_request(1, "req")).await;
    let item = waiting(verdict(1, by_request("req"), "ann", true));
    assert_eq!(log(store, item).await.trace_id, trace_id(1));
    start(store, samples::trace_of_session(2, "s")).await;
    start(store, samples::trace_of_session(3, "s")).await;
    let item = waiting(verdict(2, by(TargetRef::Session("s".into())), "ann", true));
    assert!(matches!(refused(store, item).await, StoreError::Ambiguous { .. }), "waiting would not help");
    assert!(on_hold(store).await.is_empty());
}

/// Whatever id the app has, it is enough to wait with.
pub async fn waiting_verdicts_are_found_by_every_id(store: &DynTrackingStore) {
    let refs = [
        TargetRef::Trace(trace_id(1)),
        TargetRef::ClientRequest("req".parse().unwrap()),
        TargetRef::Session("s".into()),
        TargetRef::Span(span_id(2)),
        TargetRef::Response("chatcmpl-1".into()),
        TargetRef::Response("chatcmpl-2".into()),
    ];
    for (n, reference) in (1..).zip(refs) {
        if !hold(store, waiting(verdict(n, by(reference), "ann", true))).await {
            return;
        }
    }
    start(store, samples::trace_of_request(1, "req")).await;
    assert_eq!(logged(store, trace_id(1)).await, [1, 2].map(assessment_id));
    let facts = [("session.id", "s".into()), (keys::GEN_AI_RESPONSE_ID, AnyValue::from("chatcmpl-1"))];
    let llm = with_attributes(samples::child(1, 2, 1), &facts);
    store.log_spans(samples::batch(vec![llm])).await.unwrap();
    assert_eq!(logged(store, trace_id(1)).await, [1, 2, 3, 4, 5].map(assessment_id));
    assert_eq!(info(store, trace_id(1)).await.assessments[3].span_id, Some(span_id(2)));
    assert_eq!(on_hold(store).await, [assessment_id(6)]);
}

/// A retry while the verdict waits is the same verdict.
pub async fn retry_while_waiting_is_the_same_verdict(store: &DynTrackingStore) {
    let item = waiting(verdict(1, by_request("req"), "ann", true));
    if !hold(store, item.clone()).await {
        return;
    }
    for when_missing in [WhenMissing::Hold, WhenMissing::Fail] {
        let retry = NewAssessment { when_missing, create_time: at(77), ..verdict(1, by_request("req"), "ann", false) };
        match store.log_assessment(retry).await.unwrap() {
            Logged::Pending(held) => assert_eq!(held.item, item),
            other => panic!("{other:?}"),
        }
    }
    let error = refused(store, waiting(verdict(1, by_request("other"), "ann", true))).await;
    assert!(matches!(error, StoreError::AlreadyExists { .. }), "{error:?}");
    assert_eq!(on_hold(store).await, [assessment_id(1)]);
    start(store, samples::trace_of_request(1, "req")).await;
    let retry = store.log_assessment(item.clone()).await.unwrap();
    assert_eq!(retry, Logged::Existing(item.on_trace(trace_id(1))));
    assert_eq!(logged(store, trace_id(1)).await, [assessment_id(1)]);
}

/// A mind that changed while the trace was under way counts once.
pub async fn waiting_verdicts_are_attached_in_the_order_they_came(store: &DynTrackingStore) {
    for (n, ms) in [(3, 30), (1, 20), (2, 10)] {
        let mut item = waiting(superseding(n, trace_id(1), "ann", n == 2));
        (item.create_time, item.last_update_time) = (at(5), at(ms)); // clocks of several servers differ
        if !hold(store, item).await {
            return;
        }
    }
    store.log_spans(samples::batch(vec![samples::root(1, 1)])).await.unwrap();
    assert_eq!(logged(store, trace_id(1)).await, [3, 1, 2].map(assessment_id));
    assert_eq!(valid(store, trace_id(1)).await, [assessment_id(2)]);
    let overrides: Vec<_> = info(store, trace_id(1)).await.assessments.iter().map(|one| one.overrides).collect();
    assert_eq!(overrides, [None, Some(assessment_id(3)), Some(assessment_id(1))]);
}

/// What cannot be attached stays on hold, and fails neither the trace nor its neighbours.
pub async fn verdict_that_cannot_be_attached_stays_on_hold(store: &DynTrackingStore) {
    let both = |request: &str| Target {
        refs: vec![TargetRef::Trace(trace_id(1)), TargetRef::ClientRequest(request.parse().unwrap())],
        experiment: None,
    };
    let overriding = NewAssessment { overrides: Some(assessment_id(99)), ..verdict(3, trace_id(1), "ann", true) };
    let items = [
        verdict(1, both("other"), "ann", true),
        verdict(2, both("req"), "ann", true),
        overriding,
        verdict(4, trace_id(1), "ann", true),
    ];
    for item in items {
        if !hold(store, waiting(item)).await {
            return;
        }
    }
    start(store, samples::trace_of_request(1, "req")).await;
    assert_eq!(logged(store, trace_id(1)).await, [2, 4].map(assessment_id));
    assert_eq!(on_hold(store).await, [1, 3].map(assessment_id));
    // What the one overrides arrives; the next write to the trace looks again.
    log(store, verdict(99, trace_id(1), "bob", false)).await;
    start(store, samples::trace_of_request(1, "req")).await;
    assert_eq!(on_hold(store).await, [assessment_id(1)]);
    assert_eq!(valid(store, trace_id(1)).await, [2, 3, 4].map(assessment_id));
}

/// Traces of one span batch land together; a session of two of them does not tell which is meant.
pub async fn ambiguous_verdict_stays_on_hold(store: &DynTrackingStore) {
    if !hold(store, waiting(verdict(1, by(TargetRef::Session("s".into())), "ann", true))).await {
        return;
    }
    let of_session = |n| with_attributes(samples::root(n, n), &[("session.id", "s".into())]);
    store.log_spans(samples::batch(vec![of_session(1), of_session(2)])).await.unwrap();
    assert_eq!(on_hold(store).await, [assessment_id(1)]);
    hold(store, waiting(verdict(2, by_request("req"), "ann", true))).await;
    // Traces that are started land one by one, even in one call.
    start_all(store, vec![samples::trace_of_request(3, "req"), samples::trace_of_request(4, "req")]).await;
    assert_eq!(logged(store, trace_id(3)).await, [assessment_id(2)]);
}

/// A verdict that also comes with its trace is one verdict.
pub async fn verdict_that_comes_twice_counts_once(store: &DynTrackingStore) {
    let item = waiting(verdict(1, trace_id(1), "ann", true));
    if !hold(store, item.clone()).await {
        return;
    }
    let twin = item.on_trace(trace_id(1));
    start(store, TraceInfo { assessments: vec![twin], ..samples::trace(1) }).await;
    assert_eq!(logged(store, trace_id(1)).await, [assessment_id(1)]);
    assert!(on_hold(store).await.is_empty());
}

/// A verdict may wait for a trace of one experiment; it is attached when the trace gets there.
pub async fn waiting_verdict_keeps_to_its_experiment(store: &DynTrackingStore) {
    let other = create(store, samples::experiment("other")).await;
    let target = Target { experiment: Some(other), ..by(TargetRef::Span(span_id(1))) };
    if !hold(store, waiting(verdict(1, target, "ann", true))).await {
        return;
    }
    store.log_spans(samples::batch(vec![samples::root(1, 1)])).await.unwrap();
    assert_eq!(on_hold(store).await, [assessment_id(1)]);
    start(store, samples::trace(1)).await;
    assert_eq!(on_hold(store).await, [assessment_id(1)]);
    let moved = start(store, TraceInfo { experiment_id: other, ..samples::trace(1) }).await;
    assert_eq!(moved.assessments.len(), 1);
    assert!(on_hold(store).await.is_empty());
}

/// A trace that is refused takes no verdict.
pub async fn refused_trace_leaves_verdicts_on_hold(store: &DynTrackingStore) {
    if !hold(store, waiting(verdict(1, trace_id(1), "ann", true))).await {
        return;
    }
    let deleted = create(store, samples::experiment("gone")).await;
    store.update_experiment(deleted, ExperimentChange::Delete, at(1)).await.unwrap();
    let answer = store.start_trace(TraceInfo { experiment_id: deleted, ..samples::trace(1) }).await;
    assert!(answer.is_err());
    let nowhere =
        SpanBatch { experiment_id: samples::experiment_id(424_242), ..samples::batch(vec![samples::root(1, 1)]) };
    assert!(store.log_spans(nowhere).await.is_err());
    assert_eq!(on_hold(store).await, [assessment_id(1)]);
    store.log_spans(SpanBatch { experiment_id: deleted, ..samples::batch(vec![samples::root(1, 1)]) }).await.unwrap();
    assert_eq!(logged(store, trace_id(1)).await, [assessment_id(1)]);
}

/// Verdicts on hold are listed oldest first, by period, by id and in pages.
pub async fn waiting_verdicts_are_listed_and_paged(store: &DynTrackingStore) {
    let times = [30, 10, 20, 10, 30, 0];
    for (n, ms) in (1..).zip(times) {
        let item = NewAssessment { last_update_time: at(ms), ..verdict(n, trace_id(n), "ann", true) };
        if !hold(store, waiting(item)).await {
            return;
        }
    }
    let oldest_first = [6, 2, 4, 3, 1, 5].map(assessment_id);
    for size in [1, 2, 3, 5, 6, 7] {
        assert_eq!(listed(store, PendingQuery::all(size)).await, oldest_first, "in pages of {size}");
    }
    let query = PendingQuery::all(1);
    let before = PendingQuery { received_before: Some(at(20)), ..query.clone() };
    assert_eq!(listed(store, before).await, [6, 2, 4].map(assessment_id));
    let from = PendingQuery { received_from: Some(at(20)), ..query.clone() };
    assert_eq!(listed(store, from.clone()).await, [3, 1, 5].map(assessment_id));
    let both = PendingQuery { received_before: Some(at(30)), ..from.clone() };
    assert_eq!(listed(store, both).await, [assessment_id(3)]);
    let one = PendingQuery { id: Some(assessment_id(4)), ..query.clone() };
    assert_eq!(listed(store, one).await, [assessment_id(4)]);
    let none = PendingQuery { id: Some(assessment_id(99)), ..query.clone() };
    assert!(listed(store, none).await.is_empty());

    let page_token = store.pending_feedback(&query).await.unwrap().next_page_token;
    for wrong in [PendingQuery { page_token, ..from }, PendingQuery { page_token: Some("?".into()), ..query.clone() }] {
        assert!(matches!(store.pending_feedback(&wrong).await, Err(StoreError::PageToken(_))));
    }
    let empty = PendingQuery { max_results: 0, ..query };
    assert!(matches!(store.pending_feedback(&empty).await, Err(StoreError::Invalid { .. })));
}

/// Nothing that happens to other traces touches what is on hold.
pub async fn deletion_leaves_verdicts_on_hold(store: &DynTrackingStore) {
    start(store, samples::trace(1)).await;
    if !hold(store, waiting(verdict(1, trace_id(2), "ann", true))).await {
        return;
    }
    assert!(!store.delete_assessment(trace_id(2), assessment_id(1)).await.unwrap());
    let ids = crate::TraceSelection::Ids(vec![trace_id(1), trace_id(2)]);
    store.delete_traces(ExperimentId::DEFAULT, ids).await.unwrap();
    store.update_experiment(ExperimentId::DEFAULT, ExperimentChange::Delete, at(1)).await.unwrap();
    assert_eq!(on_hold(store).await, [assessment_id(1)]);
}

fn waiting(item: NewAssessment) -> NewAssessment {
    NewAssessment { when_missing: WhenMissing::Hold, ..item }
}

/// Logs a verdict that must be put on hold; `false` if the back end rightly refuses, since it holds none.
async fn hold(store: &DynTrackingStore, item: NewAssessment) -> bool {
    let answer = store.log_assessment(item.clone()).await;
    if !store.capabilities().holds_feedback {
        assert!(matches!(answer, Err(StoreError::Unsupported { .. })), "{answer:?}");
        assert!(on_hold(store).await.is_empty());
        return false;
    }
    match answer.unwrap() {
        Logged::Pending(held) => assert_eq!(held.item, item),
        other => panic!("it should wait: {other:?}"),
    }
    true
}

async fn on_hold(store: &DynTrackingStore) -> Vec<AssessmentId> {
    listed(store, PendingQuery::all(100)).await
}

async fn listed(store: &DynTrackingStore, mut query: PendingQuery) -> Vec<AssessmentId> {
    let mut ids = Vec::new();
    loop {
        let page = store.pending_feedback(&query).await.unwrap();
        assert!(page.items.len() <= query.max_results);
        assert!(query.page_token.is_none() || !page.items.is_empty(), "a token leads to an empty page");
        for held in &page.items {
            assert!(!ids.contains(&held.item.id), "{} is shown twice", held.item.id);
            ids.push(held.item.id);
        }
        match page.next_page_token {
            Some(token) => query.page_token = Some(token),
            None => return ids,
        }
    }
}

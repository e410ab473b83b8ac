//! A person's verdict counts once: overrides, natural keys, retractions, retries.

use std::collections::BTreeMap;

use candor_model::{AssessmentBody, Source, SourceType, Value, keys};

use super::gaps::gaps;
use super::samples::{self, assessment_id, at, retraction, span_id, superseding, trace_id, verdict};
use super::support::{by_request, found, info, log, logged, refused, start, start_all, valid};
use crate::{AssessmentUpdate, DynTrackingStore, Logged, Missing, NewAssessment, StoreError, Target, TrackingStoreExt};

/// What is overridden stays in the history and no longer counts.
pub async fn override_invalidates_the_earlier(store: &DynTrackingStore) {
    start(store, samples::trace(1)).await;
    log(store, verdict(1, trace_id(1), "ann", true)).await;
    let item = NewAssessment { overrides: Some(assessment_id(1)), ..verdict(2, trace_id(1), "expert", false) };
    let new = log(store, item).await;
    assert_eq!((new.valid, new.overrides), (true, Some(assessment_id(1))));
    assert_eq!(logged(store, trace_id(1)).await, [1, 2].map(assessment_id));
    assert_eq!(valid(store, trace_id(1)).await, [assessment_id(2)]);
    assert!(!store.get_assessment(trace_id(1), assessment_id(1)).await.unwrap().valid);
    assert!(found(store, "feedback.user_feedback = 'true'").await.is_empty());
    assert_eq!(found(store, "feedback.user_feedback = 'false'").await, [trace_id(1)]);
}

/// What is overridden must exist on the same trace, and cannot be the new one itself.
pub async fn override_of_nothing_is_refused(store: &DynTrackingStore) {
    start_all(store, vec![samples::trace(1), samples::trace(2)]).await;
    log(store, verdict(1, trace_id(1), "ann", true)).await;
    for target in [1, 2, 9] {
        let id = assessment_id(target);
        let item = NewAssessment { overrides: Some(id), ..superseding(2, trace_id(2), "ann", false) };
        let error = refused(store, item).await;
        let expected = Missing::Assessment { id, trace: trace_id(2) };
        assert!(matches!(&error, StoreError::NotFound(missing) if *missing == expected), "{error:?}");
    }
    assert_eq!(valid(store, trace_id(1)).await, [assessment_id(1)]);
    assert!(logged(store, trace_id(2)).await.is_empty());
}

/// An assessment is valid again when the last of those that override it is gone, and not before.
pub async fn validity_follows_the_last_overrider(store: &DynTrackingStore) {
    start(store, samples::trace(1)).await;
    log(store, verdict(1, trace_id(1), "ann", true)).await;
    for (n, target) in [(2, 1), (3, 1), (4, 3)] {
        let item = NewAssessment { overrides: Some(assessment_id(target)), ..verdict(n, trace_id(1), "ann", false) };
        log(store, item).await;
    }
    for (deleted, expected) in [(None, vec![2, 4]), (Some(2), vec![4]), (Some(4), vec![3]), (Some(3), vec![1])] {
        if let Some(n) = deleted {
            assert!(store.delete_assessment(trace_id(1), assessment_id(n)).await.unwrap());
        }
        let expected: Vec<_> = expected.into_iter().map(assessment_id).collect();
        assert_eq!(valid(store, trace_id(1)).await, expected, "after deleting {deleted:?}");
    }
    assert_eq!(found(store, "feedback.user_feedback = 'true'").await, [trace_id(1)]);
}

/// A changed mind counts once, and the history stays.
pub async fn new_verdict_replaces_the_persons_last(store: &DynTrackingStore) {
    start(store, samples::trace(1)).await;
    let first = log(store, superseding(1, trace_id(1), "ann", true)).await;
    assert_eq!((first.valid, first.overrides), (true, None));
    log(store, superseding(2, trace_id(1), "bob", true)).await;
    for (n, overridden) in [(3, 1), (4, 3)] {
        let new = log(store, superseding(n, trace_id(1), "ann", false)).await;
        assert_eq!(new.overrides, Some(assessment_id(overridden)));
    }
    assert_eq!(logged(store, trace_id(1)).await, [1, 2, 3, 4].map(assessment_id));
    assert_eq!(valid(store, trace_id(1)).await, [2, 4].map(assessment_id));
    // Without `supersede` a verdict stands beside the others, as in MLflow.
    assert_eq!(log(store, verdict(5, trace_id(1), "ann", false)).await.overrides, None);
    assert_eq!(valid(store, trace_id(1)).await, [2, 4, 5].map(assessment_id));
}

/// Trace, span, name, source type, source id and kind are the key; one that differs in any is another.
pub async fn verdicts_of_another_key_are_left_alone(store: &DynTrackingStore) {
    start_all(store, vec![samples::trace(1), samples::trace(2)]).await;
    let base = |n| superseding(n, trace_id(1), "ann", true);
    let source = |source_type, id: &str| Source { source_type, source_id: Some(id.parse().unwrap()) };
    let items = vec![
        base(1),
        superseding(2, trace_id(2), "ann", true),
        NewAssessment { span_id: Some(span_id(1)), ..base(3) },
        NewAssessment { span_id: Some(span_id(2)), ..base(4) },
        NewAssessment { name: "User_feedback".parse().unwrap(), ..base(5) },
        NewAssessment { source: source(SourceType::Code, "ann"), ..base(6) },
        NewAssessment { source: source(SourceType::Human, "Ann"), ..base(7) },
        NewAssessment { source: source(SourceType::Human, ""), ..base(8) },
        NewAssessment { body: AssessmentBody::Expectation(Value::Bool(true)), ..base(9) },
    ];
    for item in items {
        let new = log(store, item).await;
        assert_eq!(new.overrides, None, "{new:?}");
    }
    assert_eq!(valid(store, trace_id(1)).await, [1, 3, 4, 5, 6, 7, 8, 9].map(assessment_id));
    let again = log(store, NewAssessment { span_id: Some(span_id(1)), ..base(10) }).await;
    assert_eq!(again.overrides, Some(assessment_id(3)));
    let again = log(store, NewAssessment { source: source(SourceType::Human, ""), ..base(11) }).await;
    assert_eq!(again.overrides, Some(assessment_id(8)), "the empty id is an id");
}

/// Nobody's verdicts are not one person's.
pub async fn anonymous_verdicts_stand_alone(store: &DynTrackingStore) {
    start(store, samples::trace(1)).await;
    let nobody = Source { source_type: SourceType::Human, source_id: None };
    for n in 1..=3 {
        let item = NewAssessment { source: nobody.clone(), ..superseding(n, trace_id(1), "", true) };
        assert_eq!(log(store, item).await.overrides, None);
    }
    assert_eq!(valid(store, trace_id(1)).await.len(), 3);
}

/// A withdrawn verdict counts no more; neither does the withdrawal; a later verdict counts again.
pub async fn retraction_leaves_nothing_valid(store: &DynTrackingStore) {
    start(store, samples::trace(1)).await;
    log(store, superseding(1, trace_id(1), "ann", true)).await;
    let withdrawn = log(store, retraction(2, trace_id(1), "ann")).await;
    assert_eq!((withdrawn.valid, withdrawn.overrides), (false, Some(assessment_id(1))));
    assert!(valid(store, trace_id(1)).await.is_empty());
    assert!(found(store, "feedback.user_feedback IS NOT NULL").await.is_empty());

    let again = log(store, superseding(3, trace_id(1), "ann", false)).await;
    assert_eq!((again.valid, again.overrides), (true, Some(assessment_id(2))));
    assert_eq!(valid(store, trace_id(1)).await, [assessment_id(3)]);
    let of_nothing = log(store, retraction(4, trace_id(1), "bob")).await;
    assert_eq!((of_nothing.valid, of_nothing.overrides), (false, None));
}

/// Deleting a withdrawal undoes it; deleting what replaced a withdrawal does not.
pub async fn deleted_retraction_brings_the_verdict_back(store: &DynTrackingStore) {
    start(store, samples::trace(1)).await;
    log(store, superseding(1, trace_id(1), "ann", true)).await;
    log(store, retraction(2, trace_id(1), "ann")).await;
    log(store, superseding(3, trace_id(1), "ann", false)).await;
    assert!(store.delete_assessment(trace_id(1), assessment_id(3)).await.unwrap());
    assert!(valid(store, trace_id(1)).await.is_empty(), "a retraction is never valid");
    assert!(store.delete_assessment(trace_id(1), assessment_id(2)).await.unwrap());
    assert_eq!(valid(store, trace_id(1)).await, [assessment_id(1)]);
}

/// Metadata may make a verdict a retraction later, and end that again.
pub async fn verdict_may_become_a_retraction(store: &DynTrackingStore) {
    start(store, samples::trace(1)).await;
    log(store, verdict(1, trace_id(1), "ann", true)).await;
    for (flag, is_valid) in [("true", false), ("false", true)] {
        let metadata = BTreeMap::from([(keys::RETRACTED.to_owned(), flag.to_owned())]);
        let update = AssessmentUpdate { metadata, ..Default::default() };
        let read = store.update_assessment(trace_id(1), assessment_id(1), update, at(9)).await.unwrap();
        assert_eq!(read.valid, is_valid);
        assert_eq!(valid(store, trace_id(1)).await.len(), usize::from(is_valid));
        assert_eq!(found(store, "feedback.user_feedback = 'true'").await.len(), usize::from(is_valid));
    }
}

/// Of several verdicts of one key that nobody overrides, the one given last is replaced.
pub async fn newest_verdict_is_told_by_creation_time(store: &DynTrackingStore) {
    start(store, samples::trace(1)).await;
    for (n, ms) in [(1, 30), (2, 10), (3, 30), (4, 20)] {
        log(store, NewAssessment { create_time: at(ms), ..verdict(n, trace_id(1), "ann", true) }).await;
    }
    // It may be older than what it replaces: it was logged later.
    let new = log(store, NewAssessment { create_time: at(0), ..superseding(5, trace_id(1), "ann", false) }).await;
    assert_eq!(new.overrides, Some(assessment_id(3)));
    let next = log(store, superseding(6, trace_id(1), "ann", false)).await;
    assert_eq!(next.overrides, Some(assessment_id(1)));
}

/// Items of one batch see those before them.
pub async fn verdicts_of_one_batch_replace_each_other(store: &DynTrackingStore) {
    start(store, samples::trace(1)).await;
    let items = (1..=3).map(|n| superseding(n, trace_id(1), "ann", n % 2 == 0)).collect();
    let answers = store.log_assessments(items).await.unwrap();
    let overrides: Vec<_> =
        answers.iter().map(|answer| answer.as_ref().unwrap().assessment().unwrap().overrides).collect();
    assert_eq!(overrides, [None, Some(assessment_id(1)), Some(assessment_id(2))]);
    assert_eq!(valid(store, trace_id(1)).await, [assessment_id(3)]);
}

/// Whoever names what is overridden means just that.
pub async fn explicit_override_goes_before_the_natural_key(store: &DynTrackingStore) {
    start(store, samples::trace(1)).await;
    log(store, verdict(1, trace_id(1), "bob", true)).await;
    log(store, superseding(2, trace_id(1), "ann", true)).await;
    let item = NewAssessment { overrides: Some(assessment_id(1)), ..superseding(3, trace_id(1), "ann", false) };
    assert_eq!(log(store, item).await.overrides, Some(assessment_id(1)));
    assert_eq!(valid(store, trace_id(1)).await, [2, 3].map(assessment_id));
}

/// A retry after a lost answer must not count twice.
pub async fn same_id_twice_is_logged_once(store: &DynTrackingStore) {
    start(store, samples::trace(1)).await;
    log(store, superseding(1, trace_id(1), "ann", true)).await;
    let second = log(store, superseding(2, trace_id(1), "ann", false)).await;
    let before = info(store, trace_id(1)).await;
    for value in [false, true] {
        let retry = store.log_assessment(superseding(2, trace_id(1), "ann", value)).await.unwrap();
        assert_eq!(retry, Logged::Existing(second.clone()));
    }
    assert_eq!(info(store, trace_id(1)).await, before);
    match store.log_assessment(superseding(1, trace_id(1), "ann", true)).await.unwrap() {
        Logged::Existing(first) => assert!(!first.valid, "a late retry does not bring the overridden verdict back"),
        other => panic!("{other:?}"),
    }
}

/// An id means one assessment of one trace.
pub async fn id_of_another_trace_is_refused(store: &DynTrackingStore) {
    start_all(store, vec![samples::trace_of_request(1, "req-1"), samples::trace_of_request(2, "req-2")]).await;
    log(store, verdict(1, trace_id(1), "ann", true)).await;
    let by_request = by_request("req-2");
    for target in [Target::from(trace_id(2)), Target::from(trace_id(9)), by_request] {
        let error = refused(store, verdict(1, target.clone(), "ann", true)).await;
        let leads_nowhere = target == trace_id(9).into();
        match error {
            StoreError::AlreadyExists { .. } => {}
            StoreError::NotFound(_) if leads_nowhere && gaps(store).ids_by_trace => {}
            other => panic!("{target}: {other:?}"),
        }
    }
    assert!(logged(store, trace_id(2)).await.is_empty());
}

/// The first call settled which trace was meant, even if the same request id is used again.
pub async fn retry_finds_its_trace_though_a_newer_one_fits(store: &DynTrackingStore) {
    let target = || by_request("req");
    start(store, samples::trace_of_request(1, "req")).await;
    let first = log(store, verdict(1, target(), "ann", true)).await;
    start(store, samples::trace_of_request(2, "req")).await;
    let retry = store.log_assessment(verdict(1, target(), "ann", true)).await.unwrap();
    assert_eq!(retry, Logged::Existing(first));
    assert_eq!(log(store, verdict(2, target(), "ann", true)).await.trace_id, trace_id(2));
}

//! Assessments: what is kept of them, updates, deletion.

use std::collections::BTreeMap;

use candor_model::{AssessmentBody, Feedback, FeedbackError, Source, SourceType, TraceInfo, Value};
use serde_json::json;

use super::gaps::gaps;
use super::samples::{self, assessment_id, at, span_id, trace_id};
use super::support::{info, log, logged, refused, start, start_all};
use crate::{
    AssessmentUpdate, DynTrackingStore, Logged, Missing, NewAssessment, StoreError, Target, TargetRef, TrackingStoreExt,
};

/// Every field of an assessment reads back, alone and with its trace.
pub async fn assessment_reads_back_whole(store: &DynTrackingStore) {
    start(store, samples::trace(1)).await;
    let error = FeedbackError {
        code: "RATE_LIMIT".into(),
        message: Some("slow down 😀".into()),
        stack_trace: Some("line 1\nline 2".into()),
    };
    let mut item = samples::verdict(1, trace_id(1), "judge/é\"'", Value::Null);
    item.body = AssessmentBody::Feedback(Feedback::new(Value::Null, Some(error)));
    item.name = "is \"good\"".parse().unwrap();
    item.source.source_type = SourceType::LlmJudge;
    item.span_id = Some(span_id(7)); // never checked
    item.rationale = Some(String::new());
    item.metadata = BTreeMap::from([("k".to_owned(), "v".to_owned()), (String::new(), "no key".to_owned())]);
    item.last_update_time = at(2);
    let expected = item.clone().on_trace(trace_id(1));
    assert!(expected.valid);
    assert_eq!(log(store, item).await, expected);
    assert_eq!(store.get_assessment(trace_id(1), expected.id).await.unwrap(), expected);
    assert_eq!(info(store, trace_id(1)).await.assessments, [expected]);
}

/// Booleans, numbers, texts, lists and maps come back as they went, and issues and expectations too.
pub async fn every_kind_of_value_survives(store: &DynTrackingStore) {
    start(store, samples::trace(1)).await;
    let values = [
        json!(null),
        json!(true),
        json!(false),
        json!(4.5),
        json!(-0.0),
        json!(1e300),
        json!(""),
        json!("5"),
        json!("null"),
        json!("é😀\"\\\n\u{0}"),
        json!([]),
        json!({}),
        json!(["a", 1.5, null, [true]]),
        json!({"b": {"a": "é"}, "": false}),
    ];
    let mut bodies: Vec<AssessmentBody> =
        values.into_iter().map(|json| AssessmentBody::feedback(Value::try_from(json).unwrap())).collect();
    bodies.push(AssessmentBody::feedback(Value::Int(5))); // a double from here on
    bodies.push(AssessmentBody::Expectation(Value::Int(9_007_199_254_740_993)));
    bodies.push(AssessmentBody::Expectation(Value::try_from(json!({"n": [1, 1.0]})).unwrap()));
    bodies.push(AssessmentBody::Issue { name: "Bad tone 😀".into() });
    let items: Vec<NewAssessment> = (1..)
        .zip(&bodies)
        .map(|(n, body)| NewAssessment { body: body.clone(), ..samples::verdict(n, trace_id(1), "ann", true) })
        .collect();
    for answer in store.log_assessments(items).await.unwrap() {
        answer.unwrap();
    }
    let read: Vec<_> = info(store, trace_id(1)).await.assessments.into_iter().map(|one| one.body).collect();
    assert_eq!(read, bodies);
    for (read, written) in read.iter().zip(&bodies) {
        let text = |body: &AssessmentBody| body.value().map(Value::json_text);
        assert_eq!(text(read), text(written), "-0.0 equals 0.0, but reads otherwise");
    }
    let nothing = AssessmentBody::Expectation(Value::Null);
    let nothing = NewAssessment { body: nothing, ..samples::verdict(99, trace_id(1), "ann", true) };
    match store.log_assessment(nothing).await {
        Ok(logged) => assert_eq!(logged.assessment().unwrap().body, AssessmentBody::Expectation(Value::Null)),
        Err(StoreError::Invalid { .. }) if gaps(store).no_null_expectations => {}
        Err(other) => panic!("{other:?}"),
    }
}

/// A verdict on a trace that does not exist is refused, and names what is missing.
pub async fn unknown_trace_is_refused(store: &DynTrackingStore) {
    start(store, samples::trace(1)).await;
    let error = refused(store, samples::verdict(1, trace_id(9), "ann", true)).await;
    assert!(matches!(&error, StoreError::NotFound(Missing::Trace(id)) if *id == trace_id(9)), "{error:?}");
    let target = Target { refs: vec![TargetRef::ClientRequest("req-9".parse().unwrap())], experiment: None };
    let error = refused(store, samples::verdict(1, target.clone(), "ann", true)).await;
    assert!(matches!(&error, StoreError::NotFound(Missing::Target(named)) if *named == target), "{error:?}");
    let nothing = Target { refs: Vec::new(), experiment: None };
    assert!(matches!(refused(store, samples::verdict(1, nothing, "ann", true)).await, StoreError::Invalid { .. }));
    log(store, samples::verdict(1, trace_id(1), "ann", true)).await;
}

/// Each assessment of a batch has its own answer, in its place.
pub async fn assessments_of_a_batch_do_not_fail_each_other(store: &DynTrackingStore) {
    start(store, samples::trace(1)).await;
    let items = vec![
        samples::verdict(1, trace_id(1), "ann", true),
        samples::verdict(2, trace_id(9), "ann", true),
        NewAssessment { overrides: Some(assessment_id(9)), ..samples::verdict(3, trace_id(1), "ann", true) },
        samples::verdict(1, trace_id(1), "ann", false),
        samples::verdict(5, trace_id(1), "ann", false),
    ];
    let answers = store.log_assessments(items).await.unwrap();
    match answers.as_slice() {
        [
            Ok(Logged::Created(first)),
            Err(StoreError::NotFound(Missing::Trace(_))),
            Err(StoreError::NotFound(Missing::Assessment { .. })),
            Ok(Logged::Existing(again)),
            Ok(Logged::Created(last)),
        ] => {
            assert_eq!(first, again);
            assert_eq!(last.id, assessment_id(5));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(logged(store, trace_id(1)).await, [1, 5].map(assessment_id));
    assert!(store.log_assessments(Vec::new()).await.unwrap().is_empty());
}

/// Oldest first by the time they were given, then as they came.
pub async fn assessments_stand_by_creation_time(store: &DynTrackingStore) {
    start(store, samples::trace(1)).await;
    for (n, ms) in [(5, 20), (4, 10), (3, 10), (2, 30), (1, 10)] {
        let item = NewAssessment { create_time: at(ms), ..samples::verdict(n, trace_id(1), "ann", true) };
        log(store, item).await;
    }
    assert_eq!(logged(store, trace_id(1)).await, [4, 3, 1, 5, 2].map(assessment_id));
    start(store, samples::trace(1)).await;
    assert_eq!(logged(store, trace_id(1)).await, [4, 3, 1, 5, 2].map(assessment_id));
}

/// A verdict that finds its trace by a span is about that span, unless it says otherwise.
pub async fn target_span_becomes_the_assessments_span(store: &DynTrackingStore) {
    store.log_spans(samples::batch(vec![samples::root(1, 1), samples::child(1, 2, 1)])).await.unwrap();
    let target = Target { refs: vec![TargetRef::Span(span_id(2))], experiment: None };
    let found = log(store, samples::verdict(1, target.clone(), "ann", true)).await;
    assert_eq!((found.trace_id, found.span_id), (trace_id(1), Some(span_id(2))));
    let item = NewAssessment { span_id: Some(span_id(1)), ..samples::verdict(2, target, "ann", true) };
    assert_eq!(log(store, item).await.span_id, Some(span_id(1)));
}

/// An update leaves alone what it does not name, and merges metadata key by key.
pub async fn update_changes_only_what_it_names(store: &DynTrackingStore) {
    start_all(store, vec![samples::trace(1), samples::trace(2)]).await;
    let mut item = samples::verdict(1, trace_id(1), "ann", true);
    item.rationale = Some("why".into());
    item.metadata = BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "1".to_owned())]);
    let mut expected = log(store, item).await;
    log(store, samples::verdict(2, trace_id(1), "bob", true)).await;
    let before = info(store, trace_id(1)).await;

    let update = AssessmentUpdate { metadata: BTreeMap::from([("b".into(), "2".into())]), ..Default::default() };
    expected.metadata.insert("b".into(), "2".into());
    let read = store.update_assessment(trace_id(1), expected.id, update, at(50)).await.unwrap();
    assert!(read.last_update_time == at(50) || gaps(store).own_clock);
    expected.last_update_time = read.last_update_time;
    assert_eq!(read, expected);

    let error = FeedbackError { code: "E".into(), ..Default::default() };
    let update = AssessmentUpdate {
        name: Some("other".parse().unwrap()),
        feedback: Some(Feedback::new(Value::from("no"), Some(error))),
        rationale: Some(String::new()),
        ..Default::default()
    };
    expected.name = "other".parse().unwrap();
    expected.body = AssessmentBody::Feedback(update.feedback.clone().unwrap());
    expected.rationale = Some(String::new());
    let read = store.update_assessment(trace_id(1), expected.id, update, at(60)).await.unwrap();
    assert!(read.last_update_time == at(60) || gaps(store).own_clock);
    expected.last_update_time = read.last_update_time;
    assert_eq!(read, expected);
    let all = vec![expected, before.assessments[1].clone()];
    assert_eq!(info(store, trace_id(1)).await, TraceInfo { assessments: all, ..before });
}

/// A feedback cannot become an expectation, and the like.
pub async fn update_of_the_wrong_kind_is_refused(store: &DynTrackingStore) {
    start(store, samples::trace(1)).await;
    let bodies = [
        AssessmentBody::feedback(Value::Bool(true)),
        AssessmentBody::Expectation(Value::Int(1)),
        AssessmentBody::Issue { name: "Bad tone".into() },
    ];
    for (n, body) in (1..).zip(bodies) {
        log(store, NewAssessment { body, ..samples::verdict(n, trace_id(1), "ann", true) }).await;
    }
    let feedback = || AssessmentUpdate { feedback: Some(Feedback::new(Value::Null, None)), ..Default::default() };
    let expectation = || AssessmentUpdate { expectation: Some(Value::Int(2)), ..Default::default() };
    let before = info(store, trace_id(1)).await;
    for (n, mut update) in [(1, expectation()), (2, feedback()), (3, feedback()), (3, expectation())] {
        update.rationale = Some("must not be written".into());
        let error = store.update_assessment(trace_id(1), assessment_id(n), update, at(9)).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid { .. }), "{error:?}");
    }
    assert_eq!(info(store, trace_id(1)).await, before);
    let read = store.update_assessment(trace_id(1), assessment_id(2), expectation(), at(9)).await.unwrap();
    assert_eq!(read.body, AssessmentBody::Expectation(Value::Int(2)));
    let rationale = AssessmentUpdate { rationale: Some("why".into()), ..Default::default() };
    match store.update_assessment(trace_id(1), assessment_id(3), rationale, at(9)).await {
        Ok(read) => assert_eq!(read.rationale.as_deref(), Some("why")),
        Err(StoreError::Unsupported { .. }) if gaps(store).fixed_issues => {}
        Err(other) => panic!("{other:?}"),
    }
}

/// The error says whether the trace or the assessment is missing.
pub async fn missing_trace_and_missing_assessment_are_told_apart(store: &DynTrackingStore) {
    start_all(store, vec![samples::trace(1), samples::trace(2)]).await;
    log(store, samples::verdict(1, trace_id(1), "ann", true)).await;
    let update = AssessmentUpdate::default;
    for (trace, id) in [(1, 9), (2, 1)] {
        let (trace, id) = (trace_id(trace), assessment_id(id));
        let expected = Missing::Assessment { id, trace };
        let read = store.get_assessment(trace, id).await.unwrap_err();
        assert!(matches!(&read, StoreError::NotFound(missing) if *missing == expected), "{read:?}");
        let updated = store.update_assessment(trace, id, update(), at(9)).await.unwrap_err();
        assert!(matches!(&updated, StoreError::NotFound(missing) if *missing == expected), "{updated:?}");
    }
    let read = store.get_assessment(trace_id(9), assessment_id(1)).await.unwrap_err();
    assert!(matches!(read, StoreError::NotFound(Missing::Trace(_))), "{read:?}");
    let updated = store.update_assessment(trace_id(9), assessment_id(1), update(), at(9)).await.unwrap_err();
    assert!(matches!(updated, StoreError::NotFound(Missing::Trace(_))), "{updated:?}");
}

/// Deletion says whether there was something, and frees the id.
pub async fn deleted_assessment_is_gone(store: &DynTrackingStore) {
    start_all(store, vec![samples::trace(1), samples::trace(2)]).await;
    for n in 1..=3 {
        log(store, samples::verdict(n, trace_id(1), "ann", true)).await;
    }
    assert!(!store.delete_assessment(trace_id(2), assessment_id(2)).await.unwrap(), "it is on another trace");
    assert!(!store.delete_assessment(trace_id(9), assessment_id(2)).await.unwrap());
    assert!(store.delete_assessment(trace_id(1), assessment_id(2)).await.unwrap());
    assert!(!store.delete_assessment(trace_id(1), assessment_id(2)).await.unwrap());
    assert_eq!(logged(store, trace_id(1)).await, [1, 3].map(assessment_id));
    let source = Source { source_type: SourceType::Code, source_id: None };
    log(store, NewAssessment { source, ..samples::verdict(2, trace_id(2), "", false) }).await;
}

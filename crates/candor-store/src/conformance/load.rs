//! Many callers at once, many rows, long and odd texts.

use std::collections::HashSet;

use candor_model::{AnyValue, ExperimentId, Span, SpanKind, TraceInfo, Value};

use super::gaps::gaps;
use super::samples::{self, assessment_id, at, superseding, trace_id, verdict, with_attributes};
use super::support::{all_ids, found, in_parallel, info, log, logged, query, spans, start, start_all, valid};
use crate::{DynTrackingStore, Logged, NewAssessment, TraceQuery, TrackingStoreExt};

const WRITERS: usize = 24;

/// However many clicks race, one verdict of a person is valid, and no click is lost.
pub async fn racing_verdicts_leave_exactly_one_valid(store: &DynTrackingStore) {
    start(store, samples::trace(1)).await;
    let answers = in_parallel(WRITERS, async |n| {
        let items = (0..4).map(|k| superseding((n * 4 + k) as u32, trace_id(1), "ann", n % 2 == 0)).collect();
        store.log_assessments(items).await.unwrap()
    });
    assert!(answers.iter().flatten().all(|answer| matches!(answer, Ok(Logged::Created(_)))), "{answers:?}");
    let all = info(store, trace_id(1)).await.assessments;
    assert_eq!(all.len(), WRITERS * 4);
    assert_eq!(valid(store, trace_id(1)).await.len(), 1);
    let overridden: HashSet<_> = all.iter().filter_map(|one| one.overrides).collect();
    assert_eq!(overridden.len(), all.len() - 1, "each replaced another one");
}

/// A click that is sent several times at once is one verdict.
pub async fn racing_retries_are_one_verdict(store: &DynTrackingStore) {
    start(store, samples::trace(1)).await;
    let answers =
        in_parallel(WRITERS, async |_| store.log_assessment(superseding(1, trace_id(1), "ann", true)).await.unwrap());
    let created = answers.iter().filter(|answer| matches!(answer, Logged::Created(_))).count();
    assert_eq!(created, 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.assessment() == answers[0].assessment()), "{answers:?}");
    assert_eq!(valid(store, trace_id(1)).await, [assessment_id(1)]);
}

/// Writers of different traces do not lose each other's writes; each reads its own at once.
pub async fn racing_writers_lose_nothing(store: &DynTrackingStore) {
    in_parallel(WRITERS, async |n| {
        for k in 0..5 {
            let n = (n * 5 + k) as u32;
            start(store, samples::trace(n)).await;
            store.log_spans(samples::batch(vec![samples::root(n, 1), samples::child(n, 2, 1)])).await.unwrap();
            log(store, verdict(n, trace_id(n), "ann", true)).await;
            assert_eq!(logged(store, trace_id(n)).await, [assessment_id(n)]);
            assert_eq!(spans(store, trace_id(n)).await.len(), 2);
        }
    });
    assert_eq!(found(store, "feedback.user_feedback = 'true' AND span.name = 'span-2'").await.len(), WRITERS * 5);
}

/// Writers of one trace do not lose each other's spans either.
pub async fn racing_span_batches_of_one_trace_are_merged(store: &DynTrackingStore) {
    in_parallel(WRITERS, async |n| {
        let id = n as u32 + 2;
        let tag = format!("mlflow.traceTag.k{n}");
        let span = Span { parent_id: None, ..with_attributes(samples::root(1, id), &[(&tag, AnyValue::from("v"))]) };
        store.log_spans(samples::batch(vec![span])).await.unwrap();
    });
    assert_eq!(spans(store, trace_id(1)).await.len(), WRITERS);
    let tags = info(store, trace_id(1)).await.tags;
    assert!((0..WRITERS).all(|n| tags.contains_key(&format!("k{n}"))), "{tags:?}");
}

/// Comments may be long and hold any character; names and ids may use their whole length.
pub async fn long_and_odd_texts_survive(store: &DynTrackingStore) {
    let odd = "NUL \0, quotes ' \" `, backslash \\, %_, \u{202e}rtl, 😀👩‍👩‍👧, ﷽, \u{10ffff}, \r\n\t";
    let long = "ж😀".repeat(15_000); // 90 kB
    let mut said = samples::trace(1);
    said.client_request_id = Some("й".repeat(250).parse().unwrap());
    said.request_preview = Some(long.clone());
    said.metadata.insert(odd.into(), odd.into());
    said.tags.insert("long".into(), long.clone());
    start(store, said.clone()).await;
    let mut item = verdict(1, trace_id(1), &"ю".repeat(250), Value::from(long.as_str()));
    item.name = odd.parse().unwrap();
    item.rationale = Some("я".repeat(50_000));
    item.metadata.insert(odd.into(), long.clone());
    log(store, item.clone()).await;
    let span = Span { name: odd.into(), kind: SpanKind::Producer, ..samples::root(1, 1) };
    let span = with_attributes(span, &[(odd, long.as_str().into())]);
    store.log_spans(samples::batch(vec![span])).await.unwrap();

    let read = info(store, trace_id(1)).await;
    assert_eq!(read.assessments, [item.on_trace(trace_id(1))]);
    assert_eq!((read.client_request_id, read.request_preview), (said.client_request_id, said.request_preview));
    assert_eq!(&read.metadata[odd], odd);
    match gaps(store).cut_texts {
        false => assert_eq!(read.tags["long"], long),
        true => assert_eq!(read.tags["long"], long.chars().take(4096).collect::<String>()),
    }
    let read = spans(store, trace_id(1)).await;
    assert_eq!((read[0].name.as_str(), read[0].attributes.get_str(odd)), (odd, Some(long.as_str())));
}

/// A trace may be judged a thousand times.
pub async fn a_thousand_assessments_on_one_trace(store: &DynTrackingStore) {
    start_all(store, vec![samples::trace(1), samples::trace(2)]).await;
    for chunk in 0..10 {
        let user = |n: u32| format!("user-{}", n % 250);
        let items = (chunk * 100..chunk * 100 + 100)
            .map(|n| NewAssessment { create_time: at(0), ..superseding(n, trace_id(1), &user(n), n % 3 == 0) })
            .collect();
        for answer in store.log_assessments(items).await.unwrap() {
            answer.unwrap();
        }
    }
    assert_eq!(logged(store, trace_id(1)).await, (0..1000).map(assessment_id).collect::<Vec<_>>());
    assert_eq!(valid(store, trace_id(1)).await, (750..1000).map(assessment_id).collect::<Vec<_>>());
    assert_eq!(found(store, "feedback.user_feedback IS NOT NULL").await, [trace_id(1)]);
}

/// Pages show each of many traces once, those of the same millisecond too.
pub async fn pages_cover_every_trace_exactly_once(store: &DynTrackingStore) {
    let spread = |n: u32| TraceInfo { request_time: at(i64::from(n % 7)), ..samples::trace(n) };
    for chunk in 0..12 {
        start_all(store, (chunk * 100..chunk * 100 + 100).map(spread).collect()).await;
    }
    let mut expected: Vec<_> = (0..1200).map(|n| (std::cmp::Reverse(n % 7), trace_id(n))).collect();
    expected.sort();
    let expected: Vec<_> = expected.into_iter().map(|(_, id)| id).collect();
    for size in [7, 100, 500, 1199, 1200] {
        let paged = TraceQuery { max_results: size, ..query("") };
        assert_eq!(all_ids(store, paged).await, expected, "in pages of {size}");
    }
    let some = TraceQuery { experiments: vec![ExperimentId::DEFAULT; 2], max_results: 9, ..query("name LIKE '%-1_5'") };
    assert_eq!(all_ids(store, some).await.len(), 10);
}

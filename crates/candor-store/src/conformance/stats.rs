//! Counting feedback.

use candor_filter::TraceFilter;
use candor_model::{AssessmentBody, ExperimentId, Feedback, FeedbackError, Source, SourceType, TraceInfo, Value, keys};
use serde_json::json;

use super::samples::{self, at, retraction, superseding, trace_id, verdict};
use super::support::{create, log, start_all};
use crate::{
    CommentQuery, DynTrackingStore, FeedbackStats, NameStats, NewAssessment, Overlap, OverlapQuery, Segment,
    SegmentKey, SegmentQuery, SeriesQuery, StatsQuery, StoreError, TimeAxis, TimeRange, TraceLink, Words,
};

/// Only valid feedback with a value counts, by name.
pub async fn stats_count_valid_feedback(store: &DynTrackingStore) {
    start_all(store, (1..=6).map(samples::trace).collect()).await;
    let rating = |n, trace, value: serde_json::Value| NewAssessment {
        name: "rating".parse().unwrap(),
        ..verdict(n, trace_id(trace), "ann", Value::try_from(value).unwrap())
    };
    let failed = Feedback::new(Value::Bool(true), Some(FeedbackError::default()));
    let items = vec![
        superseding(1, trace_id(1), "ann", true),
        superseding(2, trace_id(1), "ann", false),
        superseding(3, trace_id(1), "bob", true),
        superseding(4, trace_id(2), "ann", true),
        retraction(5, trace_id(2), "ann"),
        NewAssessment { body: AssessmentBody::Feedback(failed), ..verdict(6, trace_id(3), "ann", true) },
        verdict(7, trace_id(3), "ann", Value::Null),
        NewAssessment { body: AssessmentBody::Expectation(Value::Bool(true)), ..verdict(8, trace_id(3), "ann", true) },
        rating(9, 4, json!(0.25)),
        rating(10, 4, json!(4)),
        rating(11, 4, json!("5")),
        rating(12, 5, json!([1, 2])),
        rating(13, 5, json!(false)),
    ];
    for answer in store.log_assessments(items).await.unwrap() {
        answer.unwrap();
    }
    let row = |name: &str| NameStats::new(name.parse().unwrap());
    let expected = FeedbackStats {
        traces: 6,
        traces_with_feedback: 3,
        names: vec![
            NameStats { count: 5, negative: 1, numbers: 2, sum: 4.25, ..row("rating") },
            NameStats { count: 2, positive: 1, negative: 1, ..row("user_feedback") },
        ],
    };
    assert_eq!(store.feedback_stats(&everything()).await.unwrap(), expected);
    assert!(store.delete_assessment(trace_id(1), samples::assessment_id(2)).await.unwrap());
    let names = store.feedback_stats(&everything()).await.unwrap().names;
    assert_eq!((names[1].positive, names[1].negative), (2, 0), "what was overridden counts again");
}

/// A period is about the traces' time or about the verdicts'.
pub async fn stats_know_two_time_axes(store: &DynTrackingStore) {
    start_all(store, [10, 20, 30].map(samples::trace).to_vec()).await;
    for (n, trace, ms) in [(1, 10, 25), (2, 10, 35), (3, 20, 20), (4, 30, 40)] {
        log(store, NewAssessment { create_time: at(ms), ..verdict(n, trace_id(trace), "ann", true) }).await;
    }
    for (from, until, axis, expected) in [
        (None, None, TimeAxis::Trace, (3, 3, 4)),
        (None, None, TimeAxis::Feedback, (3, 3, 4)),
        (Some(20), None, TimeAxis::Trace, (2, 2, 2)),
        (Some(20), Some(30), TimeAxis::Trace, (1, 1, 1)),
        (Some(20), Some(30), TimeAxis::Feedback, (1, 2, 2)),
        (Some(25), Some(41), TimeAxis::Feedback, (1, 2, 3)),
        (None, Some(20), TimeAxis::Feedback, (1, 0, 0)),
        (Some(90), None, TimeAxis::Trace, (0, 0, 0)),
        (Some(30), Some(20), TimeAxis::Feedback, (0, 0, 0)),
    ] {
        let range = TimeRange { from: from.map(at), until: until.map(at) };
        let stats = store.feedback_stats(&StatsQuery { range, axis, ..everything() }).await.unwrap();
        let count = stats.names.iter().map(|row| row.count).sum::<u64>();
        assert_eq!((stats.traces, stats.traces_with_feedback, count), expected, "{axis:?} {from:?}..{until:?}");
    }
}

/// End users, judges and programs are never mixed unless asked for; neither are experiments.
pub async fn stats_keep_to_their_sources_and_experiments(store: &DynTrackingStore) {
    let other = create(store, samples::experiment("other")).await;
    start_all(store, vec![samples::trace(1), TraceInfo { experiment_id: other, ..samples::trace(2) }]).await;
    for (n, source_type) in (1..).zip(SourceType::ALL) {
        let source = Source { source_type, source_id: None };
        log(store, NewAssessment { source, ..verdict(n, trace_id(1 + n % 2), "", true) }).await;
    }
    let counts = async |experiments: Option<Vec<_>>, source_types: &[SourceType]| {
        let query = StatsQuery { experiments, source_types: source_types.to_vec(), ..everything() };
        let stats = store.feedback_stats(&query).await.unwrap();
        (stats.traces, stats.traces_with_feedback, stats.names.iter().map(|row| row.count).sum::<u64>())
    };
    use SourceType::{Code, Human, LlmJudge, Unspecified};
    assert_eq!(counts(None, &[Human]).await, (2, 1, 1));
    assert_eq!(counts(None, &[]).await, (2, 0, 0));
    assert_eq!(counts(None, &[LlmJudge, Unspecified, LlmJudge]).await, (2, 1, 2));
    assert_eq!(counts(Some(vec![other, other]), &[Code, LlmJudge]).await, (1, 1, 1));
    assert_eq!(counts(Some(vec![samples::experiment_id(424_242)]), &SourceType::ALL).await, (0, 0, 0));
    assert_eq!(counts(Some(vec![]), &SourceType::ALL).await, (0, 0, 0));
    store.update_experiment(other, crate::ExperimentChange::Delete, at(1)).await.unwrap();
    assert_eq!(counts(None, &SourceType::ALL).await, (2, 2, 4), "deleted experiments count when all do");
}

/// Periods that follow one another count what each would alone, whatever hours they divide.
pub async fn series_equal_their_periods(store: &DynTrackingStore) {
    const HALF_HOUR: i64 = 1_800_000;
    let traces: Vec<TraceInfo> = (0..40_u32)
        .map(|n| TraceInfo { request_time: at(i64::from(n) * HALF_HOUR + i64::from(n % 3)), ..samples::trace(n + 1) })
        .collect();
    start_all(store, traces).await;
    for n in 0..40_u32 {
        let given = i64::from(n * 7 % 40) * HALF_HOUR;
        log(store, NewAssessment { create_time: at(given), ..verdict(n + 1, trace_id(n + 1), "ann", n % 3 > 0) }).await;
    }
    for axis in [TimeAxis::Trace, TimeAxis::Feedback] {
        for bounds in
            [vec![0, 1, HALF_HOUR, 3 * HALF_HOUR, 3 * HALF_HOUR, 11 * HALF_HOUR + 1, 30 * HALF_HOUR], vec![5], vec![]]
        {
            let query = SeriesQuery {
                experiments: None,
                bounds: bounds.into_iter().map(at).collect(),
                axis,
                source_types: vec![SourceType::Human],
            };
            let series = store.feedback_series(&query).await.unwrap();
            assert_eq!(series.len(), query.len());
            for (place, got) in series.iter().enumerate() {
                assert_eq!(*got, store.feedback_stats(&query.period(place)).await.unwrap(), "{axis:?} {place}");
            }
        }
    }
}

/// Values are counted as what they are; long ones together.
pub async fn values_are_counted_by_name(store: &DynTrackingStore) {
    start_all(store, vec![samples::trace(1)]).await;
    let long = "x".repeat(200);
    let given = [
        json!(true),
        json!(false),
        json!(true),
        json!(4),
        json!(4.0),
        json!(-0.0),
        json!("é"),
        json!(["a", 2]),
        json!({"a": 1}),
        json!(long),
    ];
    for (n, value) in (1..).zip(given) {
        log(store, verdict(n, trace_id(1), &format!("u-{n}"), Value::try_from(value).unwrap())).await;
    }
    log(store, NewAssessment { name: "other".parse().unwrap(), ..verdict(50, trace_id(1), "ann", true) }).await;
    for axis in [TimeAxis::Trace, TimeAxis::Feedback] {
        let query = StatsQuery { axis, ..everything() };
        let counts = store.feedback_values(&query).await.unwrap();
        let shown = |name: &str| -> Vec<(Option<String>, u64)> {
            let rows = counts.iter().filter(|row| row.name.as_str() == name);
            rows.map(|row| (row.value.as_ref().map(Value::json_text), row.count)).collect()
        };
        let expected = [
            (None, 2),
            (Some("\"\\u00e9\""), 1),
            (Some("0.0"), 1),
            (Some("4.0"), 2),
            (Some("[\"a\", 2.0]"), 1),
            (Some("false"), 1),
            (Some("true"), 2),
        ];
        assert_eq!(shown("user_feedback"), expected.map(|(text, count)| (text.map(str::to_owned), count)));
        assert_eq!(shown("other").len(), 1);
    }
}

/// Verdicts are divided by what their traces have; a trace counts once in each segment.
pub async fn segments_divide_verdicts(store: &DynTrackingStore) {
    let mut infos: Vec<TraceInfo> = (1..=3).map(samples::trace).collect();
    for (info, channel) in infos.iter_mut().zip(["web", "app", "web"]) {
        info.tags.insert("channel".to_owned(), channel.to_owned());
        info.metadata.insert(keys::USER.to_owned(), format!("user of {channel}"));
    }
    start_all(store, infos).await;
    let model = |n, trace, name: &str| {
        let mut span = samples::root(trace, n);
        span.attributes.insert(keys::SPAN_MODEL, name.into());
        span
    };
    store.log_spans(samples::batch(vec![model(1, 1, "m-1"), model(2, 1, "m-2"), model(3, 1, "m-2")])).await.unwrap();
    store.log_spans(samples::batch(vec![model(4, 2, "m-1")])).await.unwrap();
    store.log_spans(samples::batch(vec![samples::root(2, 4)])).await.unwrap(); // names no model any more
    for (n, trace, user, value) in
        [(1, 1, "ann", true), (2, 1, "bob", false), (3, 2, "ann", false), (4, 3, "ann", true)]
    {
        log(store, verdict(n, trace_id(trace), user, value)).await;
    }
    log(store, verdict(5, trace_id(1), "eve", "text")).await;
    let segments = async |by, min_verdicts, axis| {
        let stats = StatsQuery { axis, ..everything() };
        let query = SegmentQuery { stats, name: "user_feedback".parse().unwrap(), by, min_verdicts };
        let segments = store.feedback_segments(&query).await.unwrap();
        let row = |row: Segment| (row.segment, row.traces, row.positive, row.negative);
        segments.into_iter().map(row).collect::<Vec<_>>()
    };
    let row = |segment: &str, traces, positive, negative| (segment.to_owned(), traces, positive, negative);
    let tag = || SegmentKey::Tag("channel".to_owned());
    for axis in [TimeAxis::Trace, TimeAxis::Feedback] {
        assert_eq!(segments(tag(), 1, axis).await, [row("app", 1, 0, 1), row("web", 2, 2, 1)]);
        assert_eq!(segments(tag(), 2, axis).await, [row("web", 2, 2, 1)]);
        assert_eq!(segments(SegmentKey::User, 2, axis).await, [row("user of web", 2, 2, 1)]);
        assert_eq!(segments(SegmentKey::Session, 1, axis).await, []);
        assert_eq!(segments(SegmentKey::Source, 1, axis).await, [row("ann", 3, 2, 1), row("bob", 1, 0, 1)]);
        assert_eq!(segments(SegmentKey::Model, 1, axis).await, [row("m-1", 1, 1, 1), row("m-2", 1, 1, 1)]);
    }
    let prompt = |version: &str| TraceLink::PromptVersion { name: "qa".to_owned(), version: version.to_owned() };
    store.link_traces(&[1, 2].map(trace_id), prompt("3")).await.unwrap();
    store.link_traces(&[trace_id(3)], prompt("4")).await.unwrap();
    let stats = everything();
    let query = SegmentQuery { stats, name: "user_feedback".parse().unwrap(), by: SegmentKey::Prompt, min_verdicts: 1 };
    match store.feedback_segments(&query).await {
        Err(StoreError::Unsupported { .. }) => {}
        _ => {
            let expected = [row("qa/3", 2, 1, 2), row("qa/4", 1, 1, 0)];
            assert_eq!(segments(SegmentKey::Prompt, 1, TimeAxis::Trace).await, expected);
        }
    }
}

/// Comments come latest first, page by page, as far as they fit.
pub async fn comments_are_paged_latest_first(store: &DynTrackingStore) {
    start_all(store, (1..=9).map(samples::trace).collect()).await;
    for n in 1..=9 {
        let rationale = (n != 4).then(|| if n == 5 { " ".to_owned() } else { format!("Point {n} is über-long") });
        let item = verdict(n, trace_id(n), "ann", n == 3);
        log(store, NewAssessment { rationale, create_time: at(i64::from(n / 2)), ..item }).await;
    }
    log(store, superseding(20, trace_id(9), "ann", false)).await; // 9 is valid no more
    let query = |words: &str| CommentQuery {
        stats: everything(),
        verdict: Some(false),
        name: None,
        words: Words::of(words),
        max_results: 2,
        page_token: None,
    };
    let all = async |mut query: CommentQuery| {
        let mut ids = Vec::new();
        loop {
            let page = store.feedback_comments(&query).await.unwrap();
            ids.extend(page.items.iter().map(|verdict| verdict.id));
            query.page_token = page.next_page_token;
            if query.page_token.is_none() {
                return ids;
            }
        }
    };
    let ids = |numbers: &[u32]| numbers.iter().map(|n| samples::assessment_id(*n)).collect::<Vec<_>>();
    assert_eq!(all(query("")).await, ids(&[8, 7, 6, 2, 1]));
    assert_eq!(all(query("LONG ÜBER")).await, ids(&[8, 7, 6, 2, 1]));
    assert_eq!(all(query("7 point")).await, ids(&[7]));
    assert_eq!(all(query("nobody")).await, ids(&[]));
    assert_eq!(all(CommentQuery { verdict: None, ..query("") }).await, ids(&[8, 7, 6, 3, 2, 1]));
    assert_eq!(all(CommentQuery { name: Some("other".parse().unwrap()), ..query("") }).await, ids(&[]));
    let range = TimeRange { from: Some(at(2)), until: Some(at(7)) };
    let by_trace = StatsQuery { range, ..everything() };
    assert_eq!(all(CommentQuery { stats: by_trace.clone(), ..query("") }).await, ids(&[6, 2]));
    let by_feedback = StatsQuery { axis: TimeAxis::Feedback, ..by_trace };
    assert_eq!(all(CommentQuery { stats: by_feedback, ..query("") }).await, ids(&[8, 7, 6]));
    let token = store.feedback_comments(&query("")).await.unwrap().next_page_token;
    let other = CommentQuery { page_token: token, ..query("long") };
    assert!(matches!(store.feedback_comments(&other).await.unwrap_err(), StoreError::PageToken(_)));
}

/// Feedback is told in the order it came, each once, also when ids and numbers could be used again.
pub async fn feedback_is_told_in_the_order_it_came(store: &DynTrackingStore) {
    let Ok(begin) = store.feedback_since(None, 0).await else {
        return; // the back end says that it cannot tell
    };
    start_all(store, (1..=2).map(samples::trace).collect()).await;
    for (n, ms) in [(3, 90), (1, 10)] {
        log(store, NewAssessment { create_time: at(ms), ..verdict(n, trace_id(1), &format!("u-{n}"), true) }).await;
    }
    let expectation = AssessmentBody::Expectation(Value::Bool(true));
    log(store, NewAssessment { body: expectation, ..verdict(9, trace_id(1), "ann", true) }).await;
    log(store, retraction(2, trace_id(1), "u-3")).await;
    let since = async |after, max| {
        let arrivals = store.feedback_since(Some(after), max).await.unwrap();
        (arrivals.items.into_iter().map(|arrival| arrival.feedback).collect::<Vec<_>>(), arrivals.next)
    };
    let (first, next) = since(begin.next, 2).await;
    assert_eq!(first.iter().map(|feedback| feedback.id).collect::<Vec<_>>(), [3, 1].map(samples::assessment_id));
    assert!(!first[0].valid, "it is shown as it is now");
    let (rest, end) = since(next, 9).await;
    assert_eq!(rest.iter().map(|feedback| feedback.id).collect::<Vec<_>>(), [samples::assessment_id(2)]);
    assert_eq!(since(end, 9).await, (vec![], end));
    // The last one goes, and one of the same id and perhaps of the same place comes.
    assert!(store.delete_assessment(trace_id(1), samples::assessment_id(2)).await.unwrap());
    log(store, verdict(2, trace_id(2), "ann", true)).await;
    let (again, _) = since(end, 9).await;
    assert_eq!(again.iter().map(|feedback| feedback.trace_id).collect::<Vec<_>>(), [trace_id(2)]);
    let late = store.feedback_since(None, 0).await.unwrap();
    assert!(late.items.is_empty() && since(late.next, 9).await.0.is_empty());
    let (whole, _) = since(begin.next, 9).await;
    assert_eq!(whole.len(), 3, "what was deleted does not come");
}

/// Filters overlap in what both find.
pub async fn filters_overlap(store: &DynTrackingStore) {
    start_all(store, (1..=6).map(samples::trace).collect()).await;
    for (n, value) in [(1, true), (2, true), (3, false), (6, true)] {
        log(store, verdict(n, trace_id(n), "ann", value)).await;
    }
    let filter = |text: &str| TraceFilter::parse(text).unwrap();
    let overlap = async |universe: &str, first: &str, second: &str| {
        let experiments = vec![ExperimentId::DEFAULT];
        let query =
            OverlapQuery { experiments, universe: filter(universe), first: filter(first), second: filter(second) };
        let Overlap { total, first, second, both } = store.filter_overlap(&query).await.unwrap();
        (total, first, second, both)
    };
    let early = format!("timestamp_ms < {}", at(3).as_millis());
    assert_eq!(overlap("", &early, "feedback.user_feedback = 'true'").await, (6, 2, 3, 2));
    assert_eq!(overlap(&early, &early, "name = 'trace-6'").await, (2, 2, 1, 0));
    assert_eq!(overlap("", "", "client_request_id = 'nobody'").await, (6, 6, 0, 0));
    let nowhere = OverlapQuery { experiments: vec![], universe: filter(""), first: filter(""), second: filter("") };
    assert_eq!(store.filter_overlap(&nowhere).await.unwrap(), Overlap::default());
}

fn everything() -> StatsQuery {
    StatsQuery {
        experiments: None,
        range: TimeRange::default(),
        axis: TimeAxis::Trace,
        source_types: vec![SourceType::Human],
    }
}

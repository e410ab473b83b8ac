//! Counting feedback.

use candor_model::{AssessmentBody, Feedback, FeedbackError, Source, SourceType, TraceInfo, Value};
use serde_json::json;

use super::samples::{self, at, retraction, superseding, trace_id, verdict};
use super::support::{create, log, start_all};
use crate::{DynTrackingStore, FeedbackStats, NameStats, NewAssessment, StatsQuery, TimeAxis, TimeRange};

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

fn everything() -> StatsQuery {
    StatsQuery {
        experiments: None,
        range: TimeRange::default(),
        axis: TimeAxis::Trace,
        source_types: vec![SourceType::Human],
    }
}

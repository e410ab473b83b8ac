use candor_model::{
    Assessment, AssessmentBody, DurationMs, ExperimentId, Feedback, FeedbackError, Source, SourceType, TimestampMs,
    TraceId, TraceInfo, Value,
};
use candor_store::{
    FeedbackStats, MemoryStore, NameStats, NewAssessment, NewExperiment, TimeAxis, TimeRange, TrackingStore,
    TrackingStoreExt,
};
use serde_json::json;

use super::*;
use crate::{AnalyticsError, RecentTraces, USER_FEEDBACK, recent_traces};

const NOW: TimestampMs = TimestampMs::from_millis(1_767_323_045_678);
const HOUR: DurationMs = DurationMs::from_millis(3_600_000);

fn row(name: &str, count: u64, positive: u64, negative: u64, numbers: u64, sum: f64) -> NameStats {
    NameStats { name: name.parse().unwrap(), count, positive, negative, numbers, sum }
}

fn report_of(stats: &FeedbackStats) -> Report {
    Report { summary: FeedbackSummary::from_stats(stats), ratings: Ratings::from_stats(stats) }
}

#[test]
fn the_report_reads_like_the_guide() {
    let stats = FeedbackStats {
        traces: 5,
        traces_with_feedback: 2,
        names: vec![
            row("quality", 9, 0, 0, 9, 9.0),
            row("user_accuracy", 3, 0, 0, 3, 2.4),
            row("user_feedback", 4, 2, 1, 1, 5.0),
            row("user_mood", 1, 0, 0, 0, 0.0),
            row("user_relevance", 1, 0, 0, 1, 0.6),
        ],
    };
    assert_eq!(
        report_of(&stats).to_string(),
        "Feedback rate: 40.0% (2 out of 5 traces)\n\
         Positive feedback: 66.7% (2 out of 3 verdicts)\n\
         accuracy: 0.80 out of 1.0 (3 ratings)\n\
         relevance: 0.60 out of 1.0 (1 rating)\n"
    );
}

#[test]
fn nothing_counted_is_nothing_divided() {
    let report = report_of(&FeedbackStats::default());
    assert_eq!(report.to_string(), "Feedback rate: no traces\nPositive feedback: no verdicts\n");
    assert_eq!(
        serde_json::to_value(report).unwrap(),
        json!({
            "summary": {
                "total_traces": 0, "traces_with_feedback": 0, "feedback_rate_percent": null,
                "positive": 0, "negative": 0, "positive_rate_percent": null, "positive_rate_interval": null,
            },
            "ratings": {"dimensions": []},
        })
    );
}

#[test]
fn the_json_has_a_row_per_dimension() {
    let names = vec![row("user_accuracy", 2, 0, 0, 2, 1.5)];
    let stats = FeedbackStats { traces: 8, traces_with_feedback: 1, names };
    let json = serde_json::to_value(report_of(&stats)).unwrap();
    assert_eq!(json["summary"]["feedback_rate_percent"], 12.5);
    assert_eq!(
        json["ratings"]["dimensions"],
        json!([{"dimension": "accuracy", "name": "user_accuracy", "mean": 0.75, "count": 2}])
    );
}

#[tokio::test]
async fn a_changed_mind_counts_once_and_judges_count_only_when_asked_for() {
    let store = MemoryStore::new();
    let trace = start(&store, 1, ExperimentId::DEFAULT, NOW).await;
    start(&store, 2, ExperimentId::DEFAULT, NOW).await;
    for value in [false, true] {
        let mut verdict = verdict(trace, USER_FEEDBACK, human("u-1"), Value::Bool(value), NOW);
        verdict.supersede = true;
        store.log_assessment(verdict).await.unwrap();
    }
    let judge = Source { source_type: SourceType::LlmJudge, source_id: Some("gpt".parse().unwrap()) };
    store.log_assessment(verdict(trace, USER_FEEDBACK, judge, Value::Bool(false), NOW)).await.unwrap();

    let people = report(&store, &ReportOptions::default()).await.unwrap().summary;
    assert_eq!((people.positive, people.negative, people.positive_rate_percent), (1, 0, Some(100.0)));
    assert_eq!((people.total_traces, people.traces_with_feedback), (2, 1));

    let everybody = ReportOptions { source_types: SourceType::ALL.to_vec(), ..ReportOptions::default() };
    let everybody = report(&store, &everybody).await.unwrap().summary;
    assert_eq!((everybody.positive, everybody.negative, everybody.positive_rate_percent), (1, 1, Some(50.0)));
}

#[tokio::test]
async fn the_axis_decides_which_time_is_meant() {
    let store = MemoryStore::new();
    let old = start(&store, 1, ExperimentId::DEFAULT, NOW.minus(DurationMs::from_millis(48 * HOUR.as_millis()))).await;
    start(&store, 2, ExperimentId::DEFAULT, NOW).await;
    store.log_assessment(verdict(old, USER_FEEDBACK, human("u"), Value::Bool(true), NOW)).await.unwrap();

    let today = ReportOptions::default().last_hours(24, NOW);
    let by_trace = report(&store, &today).await.unwrap().summary;
    assert_eq!((by_trace.total_traces, by_trace.traces_with_feedback, by_trace.positive), (1, 0, 0));

    let by_feedback = ReportOptions { axis: TimeAxis::Feedback, ..today };
    let by_feedback = report(&store, &by_feedback).await.unwrap().summary;
    assert_eq!((by_feedback.total_traces, by_feedback.traces_with_feedback, by_feedback.positive), (1, 1, 1));
}

#[tokio::test]
async fn reports_equal_a_recount_by_hand() {
    let store = MemoryStore::new();
    let other = store
        .create_experiment(NewExperiment {
            name: "other".parse().unwrap(),
            artifact_location: None,
            tags: Default::default(),
            creation_time: NOW,
        })
        .await
        .unwrap();
    let mut dice = Dice(7);
    for byte in 0..60 {
        let experiment = if dice.roll(3) == 0 { other } else { ExperimentId::DEFAULT };
        let time = NOW.minus(DurationMs::from_millis(HOUR.as_millis() * dice.roll(48)));
        let trace = start(&store, byte, experiment, time).await;
        for _ in 0..dice.roll(6) {
            store.log_assessment(random_verdict(&mut dice, trace, time)).await.unwrap();
        }
    }
    for options in [
        ReportOptions::default(),
        ReportOptions::default().in_experiment(other),
        ReportOptions::default().last_hours(24, NOW),
        ReportOptions { axis: TimeAxis::Feedback, ..ReportOptions::default().last_hours(12, NOW) },
        ReportOptions { source_types: vec![SourceType::LlmJudge], ..ReportOptions::default() },
        ReportOptions {
            range: TimeRange { from: None, until: Some(NOW.minus(HOUR)) },
            source_types: SourceType::ALL.to_vec(),
            ..ReportOptions::default()
        },
    ] {
        let mut traces = Vec::new();
        for experiment in [ExperimentId::DEFAULT, other] {
            if options.experiments.as_ref().is_none_or(|wanted| wanted.contains(&experiment)) {
                let all = RecentTraces { experiment, after: TimestampMs::from_millis(0) };
                traces.extend(all.all(&store).await.unwrap());
            }
        }
        assert_eq!(report(&store, &options).await.unwrap(), recount(&traces, &options), "{options:?}");
    }
}

#[tokio::test]
async fn recent_traces_come_newest_first_from_every_page() {
    let store = MemoryStore::new();
    for byte in 1..=5 {
        let age = DurationMs::from_millis(HOUR.as_millis() * i64::from(byte));
        start(&store, byte, ExperimentId::DEFAULT, NOW.minus(age)).await;
    }
    let name = "Default".parse().unwrap();
    let traces = recent_traces(&store, &name, 4, NOW).await.unwrap();
    let ids: Vec<_> = traces.iter().map(|info| info.trace_id.as_bytes()[0]).collect();
    assert_eq!(ids, [1, 2, 3], "the cut-off itself is outside");

    let recent = RecentTraces::of_last_hours(ExperimentId::DEFAULT, 4, NOW);
    let first = recent.page(&store, 2, None).await.unwrap();
    let rest = recent.page(&store, 2, first.next_page_token).await.unwrap();
    assert_eq!((first.items.len(), rest.items.len(), rest.next_page_token), (2, 1, None));
}

#[tokio::test]
async fn an_unknown_experiment_is_named() {
    let error = recent_traces(&MemoryStore::new(), &"nowhere".parse().unwrap(), 1, NOW).await.unwrap_err();
    assert!(matches!(&error, AnalyticsError::UnknownExperiment(_)));
    assert_eq!(error.to_string(), "experiment nowhere does not exist");
}

/// The definitions of the documentation, written the long way round.
fn recount(traces: &[TraceInfo], options: &ReportOptions) -> Report {
    let counts = |assessment: &Assessment, info: &TraceInfo| {
        let time = if options.axis == TimeAxis::Trace { info.request_time } else { assessment.create_time };
        let AssessmentBody::Feedback(feedback) = &assessment.body else { return false };
        assessment.valid
            && feedback.error().is_none()
            && feedback.value() != &Value::Null
            && options.source_types.contains(&assessment.source.source_type)
            && options.range.contains(time)
    };
    let total_traces = traces.iter().filter(|info| options.range.contains(info.request_time)).count();
    let judged = traces.iter().filter(|info| info.assessments.iter().any(|one| counts(one, info))).count();
    let verdicts: Vec<&Assessment> =
        traces.iter().flat_map(|info| info.assessments.iter().filter(|one| counts(one, info))).collect();
    let saying = |value: bool| {
        let body = AssessmentBody::feedback(Value::Bool(value));
        verdicts.iter().filter(|one| one.name.as_str() == "user_feedback" && one.body == body).count() as u64
    };
    let share = |part: u64, whole: u64| if whole == 0 { None } else { Some(part as f64 * 100.0 / whole as f64) };
    let (positive, negative) = (saying(true), saying(false));
    let dimensions = ["accuracy", "relevance"].into_iter().filter_map(|dimension| {
        let name = format!("user_{dimension}");
        let numbers: Vec<f64> = verdicts
            .iter()
            .filter(|one| one.name.as_str() == name)
            .filter_map(|one| one.body.value().and_then(Value::as_f64))
            .collect();
        let count = numbers.len() as u64;
        // Eighths add up exactly in any order.
        let mean = numbers.iter().sum::<f64>() / count as f64;
        (count > 0).then(|| crate::DimensionRating {
            dimension: dimension.to_owned(),
            name,
            mean,
            count,
            distribution: None,
        })
    });
    Report {
        summary: FeedbackSummary {
            total_traces: total_traces as u64,
            traces_with_feedback: judged as u64,
            feedback_rate_percent: share(judged as u64, total_traces as u64),
            positive,
            negative,
            positive_rate_percent: share(positive, positive + negative),
            positive_rate_interval: crate::Interval::wilson(positive, positive + negative),
        },
        ratings: Ratings { dimensions: dimensions.collect() },
    }
}

fn random_verdict(dice: &mut Dice, trace: TraceId, trace_time: TimestampMs) -> NewAssessment {
    let source = match dice.roll(5) {
        0 => Source { source_type: SourceType::LlmJudge, source_id: Some("gpt".parse().unwrap()) },
        1 => Source { source_type: SourceType::Human, source_id: None },
        user => human(&format!("u-{user}")),
    };
    let (name, value) = match dice.roll(4) {
        0 => ("user_accuracy", Value::try_from(dice.roll(9) as f64 / 8.0).unwrap()),
        1 => ("user_relevance", Value::try_from(dice.roll(9) as f64 / 8.0).unwrap()),
        2 => ("issue", Value::from("too long")),
        _ => (USER_FEEDBACK, Value::Bool(dice.roll(2) == 0)),
    };
    let delay = DurationMs::from_millis(HOUR.as_millis() / 2 * dice.roll(20));
    let mut verdict = verdict(trace, name, source, value, trace_time.plus(delay));
    verdict.supersede = dice.roll(3) > 0;
    if dice.roll(8) == 0 {
        let failed = Feedback::new(Value::Null, Some(FeedbackError { code: "TIMEOUT".into(), ..Default::default() }));
        verdict.body = AssessmentBody::Feedback(failed);
    }
    verdict
}

fn verdict(trace: TraceId, name: &str, source: Source, value: Value, at: TimestampMs) -> NewAssessment {
    NewAssessment::new(trace, name.parse().unwrap(), source, AssessmentBody::feedback(value), at)
}

fn human(id: &str) -> Source {
    Source::human(id).unwrap()
}

async fn start(store: &MemoryStore, byte: u8, experiment: ExperimentId, time: TimestampMs) -> TraceId {
    let trace = TraceId::from_bytes([byte; 16]);
    store.start_trace(TraceInfo::new(trace, experiment, time)).await.unwrap();
    trace
}

/// Pseudo-random numbers that are the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % sides as u64) as i64
    }
}

//! Counts of feedback: in all, over time, by value, by segment.

mod counts;
pub(crate) mod paging;
mod periods;
mod segments;
mod series;
mod values;

use candor_model::{
    Assessment, AssessmentBody, AssessmentName, ExperimentId, SourceType, TimestampMs, TraceInfo, Value,
};

pub use counts::PeriodCounts;
pub(crate) use paging::stats as by_paging;
pub use periods::Periods;
pub use segments::{Segment, SegmentKey, SegmentQuery, Segments};
pub use series::SeriesQuery;
pub use values::{MAX_VALUE_TEXT, ValueCount, ValueCounts, counted_value};

/// Which feedback to count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatsQuery {
    /// The experiments; all when `None`.
    pub experiments: Option<Vec<ExperimentId>>,
    /// The period.
    pub range: TimeRange,
    /// Whose time the period is about, as to feedback; traces are counted by their own time.
    pub axis: TimeAxis,
    /// Whose verdicts.
    pub source_types: Vec<SourceType>,
}

impl StatsQuery {
    /// Whether the verdict is of the kind and of the sources that count, whenever it was given.
    pub fn counts(&self, assessment: &Assessment) -> bool {
        let AssessmentBody::Feedback(feedback) = &assessment.body else { return false };
        assessment.valid
            && feedback.error().is_none()
            && *feedback.value() != Value::Null
            && self.source_types.contains(&assessment.source.source_type)
    }

    /// The verdicts of a trace that count and fall into the period.
    pub fn verdicts<'a>(&'a self, info: &'a TraceInfo) -> impl Iterator<Item = &'a Assessment> {
        info.assessments.iter().filter(|assessment| {
            let time = match self.axis {
                TimeAxis::Trace => info.request_time,
                TimeAxis::Feedback => assessment.create_time,
            };
            self.range.contains(time) && self.counts(assessment)
        })
    }
}

/// A half-open period; an absent end is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct TimeRange {
    /// The first millisecond inside.
    pub from: Option<TimestampMs>,
    /// The first millisecond after.
    pub until: Option<TimestampMs>,
}

impl TimeRange {
    /// Whether `time` lies inside.
    pub fn contains(&self, time: TimestampMs) -> bool {
        self.from.is_none_or(|from| from <= time) && self.until.is_none_or(|until| time < until)
    }

    /// The same as a trace filter.
    pub(crate) fn filter_text(&self) -> String {
        let from = self.from.map(|from| format!("timestamp_ms >= {}", from.as_millis()));
        let until = self.until.map(|until| format!("timestamp_ms < {}", until.as_millis()));
        from.into_iter().chain(until).collect::<Vec<_>>().join(" AND ")
    }
}

/// Whose time decides which period a verdict falls into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum TimeAxis {
    /// The judged trace's request time.
    #[default]
    Trace,
    /// The verdict's own creation time.
    Feedback,
}

/// Counts of valid feedback: no overridden, retracted or errored verdict is in them.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct FeedbackStats {
    /// Traces of the experiments and period.
    pub traces: u64,
    /// Traces that carry at least one of the verdicts counted in [`names`](Self::names).
    pub traces_with_feedback: u64,
    /// One row per assessment name, by name.
    pub names: Vec<NameStats>,
}

/// Counts of the feedback of one name.
#[derive(Clone, Debug, PartialEq)]
pub struct NameStats {
    /// The assessment name.
    pub name: AssessmentName,
    /// Verdicts of any non-null value.
    pub count: u64,
    /// Verdicts `true`.
    pub positive: u64,
    /// Verdicts `false`.
    pub negative: u64,
    /// Verdicts that are numbers.
    pub numbers: u64,
    /// Sum of those numbers.
    pub sum: f64,
}

impl NameStats {
    /// A row that has counted nothing yet.
    pub fn new(name: AssessmentName) -> Self {
        Self { name, count: 0, positive: 0, negative: 0, numbers: 0, sum: 0.0 }
    }
}

impl FeedbackStats {
    /// Counts one trace and its valid feedback; the trace itself must be in the query's experiments.
    pub fn add(&mut self, info: &TraceInfo, query: &StatsQuery) {
        let trace_inside = query.range.contains(info.request_time);
        if trace_inside {
            self.traces += 1;
        }
        let mut counted = false;
        for assessment in query.verdicts(info) {
            self.add_verdict(assessment);
            counted = true;
        }
        if counted {
            self.traces_with_feedback += 1;
        }
    }

    fn add_verdict(&mut self, assessment: &Assessment) {
        let row = match self.names.binary_search_by(|row| row.name.cmp(&assessment.name)) {
            Ok(place) => &mut self.names[place],
            Err(place) => {
                self.names.insert(place, NameStats::new(assessment.name.clone()));
                &mut self.names[place]
            }
        };
        row.count += 1;
        match assessment.body.value() {
            Some(Value::Bool(true)) => row.positive += 1,
            Some(Value::Bool(false)) => row.negative += 1,
            value => {
                if let Some(number) = value.and_then(Value::as_f64) {
                    row.numbers += 1;
                    row.sum += number;
                }
            }
        }
    }
}

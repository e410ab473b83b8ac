use candor_model::{DurationMs, ExperimentId, SourceType, TimestampMs};
use candor_store::{StatsQuery, TimeAxis, TimeRange};

/// What a report is about; everything that people ever said when left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportOptions {
    /// The experiments; all when `None`.
    pub experiments: Option<Vec<ExperimentId>>,
    /// The period.
    pub range: TimeRange,
    /// Whose time decides whether a verdict falls into the period.
    ///
    /// Traces are always counted by their own time. By [`TimeAxis::Feedback`] the period's verdicts
    /// may be on older traces, so the feedback rate can exceed 100 %.
    pub axis: TimeAxis,
    /// Whose verdicts count; people's by default.
    pub source_types: Vec<SourceType>,
}

impl Default for ReportOptions {
    fn default() -> Self {
        Self {
            experiments: None,
            range: TimeRange::default(),
            axis: TimeAxis::default(),
            source_types: vec![SourceType::Human],
        }
    }
}

impl ReportOptions {
    /// Only this experiment.
    #[must_use]
    pub fn in_experiment(mut self, id: ExperimentId) -> Self {
        self.experiments = Some(vec![id]);
        self
    }

    /// Only the last `hours` hours before `now`, open to the future.
    #[must_use]
    pub fn last_hours(mut self, hours: u32, now: TimestampMs) -> Self {
        self.range = TimeRange { from: Some(hours_before(hours, now)), until: None };
        self
    }

    /// The same for the period before: as long as this one, up to where it begins. An open end counts
    /// as `now`; `None` when there is no beginning.
    #[must_use]
    pub fn period_before(&self, now: TimestampMs) -> Option<Self> {
        let from = self.range.from?;
        let length = DurationMs::between(from, self.range.until.unwrap_or(now));
        let range = TimeRange { from: Some(from.minus(length)), until: Some(from) };
        (length.as_millis() > 0).then(|| Self { range, ..self.clone() })
    }

    /// The store's question behind the report.
    pub fn stats_query(&self) -> StatsQuery {
        StatsQuery {
            experiments: self.experiments.clone(),
            range: self.range,
            axis: self.axis,
            source_types: self.source_types.clone(),
        }
    }
}

pub(crate) fn hours_before(hours: u32, now: TimestampMs) -> TimestampMs {
    const MS_PER_HOUR: i64 = 3_600_000;
    now.minus(DurationMs::from_millis(i64::from(hours) * MS_PER_HOUR))
}

use candor_model::{ExperimentId, SourceType, TimestampMs, TraceInfo};

use super::{FeedbackStats, StatsQuery, TimeAxis, TimeRange};

/// Feedback of several periods that follow one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesQuery {
    /// The experiments; all when `None`.
    pub experiments: Option<Vec<ExperimentId>>,
    /// Where the periods begin, in rising order, and where the last one ends: one more than periods.
    pub bounds: Vec<TimestampMs>,
    /// Whose time decides, as in [`StatsQuery::axis`].
    pub axis: TimeAxis,
    /// Whose verdicts.
    pub source_types: Vec<SourceType>,
}

impl SeriesQuery {
    /// The number of periods.
    pub fn len(&self) -> usize {
        self.bounds.len().saturating_sub(1)
    }

    /// Whether there is no period.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The question for one period; an empty one past the last.
    pub fn period(&self, place: usize) -> StatsQuery {
        let from = self.bounds.get(place).copied().unwrap_or_default();
        let until = self.bounds.get(place + 1).copied().unwrap_or(from);
        self.between(Some(from), Some(until))
    }

    /// The question for all periods together.
    pub fn whole(&self) -> StatsQuery {
        let nothing = Some(TimestampMs::default()).filter(|_| self.is_empty());
        self.between(self.bounds.first().copied().or(nothing), self.bounds.last().copied().or(nothing))
    }

    fn between(&self, from: Option<TimestampMs>, until: Option<TimestampMs>) -> StatsQuery {
        StatsQuery {
            experiments: self.experiments.clone(),
            range: TimeRange { from, until },
            axis: self.axis,
            source_types: self.source_types.clone(),
        }
    }

    /// Counts of nothing, one for each period.
    pub fn empty(&self) -> Vec<FeedbackStats> {
        vec![FeedbackStats::default(); self.len()]
    }

    /// Counts one trace of the query's experiments in every period that it or its feedback falls into.
    pub fn add(&self, info: &TraceInfo, series: &mut [FeedbackStats]) {
        let mut places: Vec<usize> = self.place(info.request_time).into_iter().collect();
        if self.axis == TimeAxis::Feedback {
            places.extend(info.assessments.iter().filter_map(|assessment| self.place(assessment.create_time)));
            places.sort_unstable();
            places.dedup();
        }
        for place in places {
            if let Some(stats) = series.get_mut(place) {
                stats.add(info, &self.period(place));
            }
        }
    }

    /// The period that a time falls into.
    pub fn place(&self, time: TimestampMs) -> Option<usize> {
        let begun = self.bounds.partition_point(|bound| *bound <= time);
        (1..self.bounds.len()).contains(&begun).then(|| begun - 1)
    }
}

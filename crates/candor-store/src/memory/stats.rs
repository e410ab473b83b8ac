//! Counting, measuring, and telling what is new.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;

use candor_model::{Assessment, AssessmentId, AssessmentKind, ExperimentId, Trace, TraceInfo};

use super::state::{Record, State, newest_first};
use crate::metrics::{self, MetricPoint, MetricsQuery};
use crate::{
    Arrival, Arrivals, CommentQuery, FeedbackStats, Overlap, OverlapQuery, Page, Result, Segment, SegmentQuery,
    Segments, SeriesQuery, StatsQuery, ValueCount, ValueCounts, comments,
};

/// Assessments in the order in which they came.
#[derive(Default)]
pub(crate) struct ArrivalOrder {
    /// What was deleted since may still stand here.
    by_number: BTreeMap<u64, AssessmentId>,
    numbers: HashMap<AssessmentId, u64>,
    last: u64,
}

impl ArrivalOrder {
    pub(super) fn add(&mut self, id: AssessmentId) {
        self.last += 1;
        self.by_number.insert(self.last, id);
        // An id is free again after it was deleted.
        if let Some(earlier) = self.numbers.insert(id, self.last) {
            self.by_number.remove(&earlier);
        }
    }

    pub(crate) fn in_order(&self) -> impl Iterator<Item = AssessmentId> {
        self.by_number.values().copied()
    }
}

impl State {
    pub(super) fn feedback_stats(&self, query: &StatsQuery) -> FeedbackStats {
        let mut stats = FeedbackStats::default();
        self.infos(query.experiments.as_deref()).into_iter().for_each(|info| stats.add(info, query));
        stats
    }

    pub(super) fn feedback_series(&self, query: &SeriesQuery) -> Vec<FeedbackStats> {
        let mut series = query.empty();
        self.infos(query.experiments.as_deref()).into_iter().for_each(|info| query.add(info, &mut series));
        series
    }

    pub(super) fn feedback_values(&self, query: &StatsQuery) -> Vec<ValueCount> {
        let mut values = ValueCounts::default();
        self.infos(query.experiments.as_deref()).into_iter().for_each(|info| values.add(info, query));
        values.finish()
    }

    pub(super) fn feedback_segments(&self, query: &SegmentQuery) -> Vec<Segment> {
        let mut segments = Segments::default();
        for record in self.records(query.stats.experiments.as_deref()) {
            let prompts = record.prompts.iter().map(|(name, version)| format!("{name}/{version}"));
            segments.add(&record.trace(), prompts, query);
        }
        segments.finish(query.min_verdicts)
    }

    pub(super) fn feedback_comments(&self, query: &CommentQuery) -> Result<Page<Assessment>> {
        let mut found = Vec::new();
        let infos = self.infos(query.stats.experiments.as_deref());
        infos.into_iter().for_each(|info| comments::collect(info, query, &mut found));
        query.page(found)
    }

    pub(super) fn feedback_since(&self, after: Option<u64>, max: usize) -> Arrivals {
        let Some(after) = after else { return Arrivals { items: Vec::new(), next: self.arrivals.last } };
        let later = self.arrivals.by_number.range((Bound::Excluded(after), Bound::Unbounded));
        let arrived = later.filter_map(|(number, id)| {
            let record = self.traces.get(self.assessments.get(id)?)?;
            let feedback = record.info.assessments.iter().find(|feedback| feedback.id == *id)?;
            let feedback = Some(feedback).filter(|feedback| feedback.body.kind() == AssessmentKind::Feedback)?.clone();
            Some(Arrival { number: *number, experiment: record.info.experiment_id, feedback })
        });
        let items: Vec<Arrival> = arrived.take(max).collect();
        let next = items.last().map_or(after, |last| last.number);
        Arrivals { items, next }
    }

    pub(super) fn trace_metrics(&self, query: &MetricsQuery) -> Vec<MetricPoint> {
        let mut aggregator = metrics::Aggregator::new(query);
        for record in self.records(Some(&query.experiments)) {
            let runs: Vec<String> = record.runs.iter().cloned().collect();
            let subject = metrics::Subject { trace: &record.trace(), runs: &runs };
            metrics::observe(subject, query, &mut aggregator);
        }
        aggregator.finish()
    }

    pub(super) fn filter_overlap(&self, query: &OverlapQuery) -> Overlap {
        let experiments: HashSet<ExperimentId> = query.experiments.iter().copied().collect();
        let mut overlap = Overlap::default();
        for record in self.records(Some(&query.experiments)) {
            let fits = |filter| self.matches(filter, record, &experiments);
            let (first, second) = (fits(&query.first), fits(&query.second));
            overlap.total += u64::from(fits(&query.universe));
            overlap.first += u64::from(first);
            overlap.second += u64::from(second);
            overlap.both += u64::from(first && second);
        }
        overlap
    }

    fn records(&self, experiments: Option<&[ExperimentId]>) -> impl Iterator<Item = &Record> {
        let inside = move |record: &&Record| experiments.is_none_or(|ids| ids.contains(&record.info.experiment_id));
        self.traces.values().filter(inside)
    }

    fn infos(&self, experiments: Option<&[ExperimentId]>) -> Vec<&TraceInfo> {
        let mut infos: Vec<&TraceInfo> = self.records(experiments).map(|record| &record.info).collect();
        infos.sort_by_key(|info| newest_first(info)); // sums of doubles depend on the order
        infos
    }
}

impl Record {
    fn trace(&self) -> Trace {
        Trace { info: self.info.clone(), spans: self.ordered_spans() }
    }
}

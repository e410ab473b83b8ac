//! A store in this process's memory.

mod assessments;
mod experiments;
mod pending;
mod search;
mod state;
mod stats;
mod traces;

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use candor_model::{Assessment, AssessmentId, Experiment, ExperimentId, TimestampMs, Trace, TraceId, TraceInfo};

pub(crate) use self::state::State;
use crate::metrics::{MetricPoint, MetricsQuery};
use crate::target::Resolved;
use crate::{
    Arrivals, AssessmentUpdate, Capabilities, CommentQuery, ExperimentChange, ExperimentKey, ExperimentQuery,
    FeedbackStats, Gaps, Logged, NewAssessment, NewExperiment, Overlap, OverlapQuery, Page, PendingFeedback,
    PendingQuery, Result, Segment, SegmentQuery, SeriesQuery, SpanBatch, StatsQuery, StoreError, TagChange, Target,
    TraceLink, TraceQuery, TraceSelection, TrackingStore, ValueCount,
};

const BACKEND: &str = "memory";

/// Keeps everything in this process's memory: the executable specification of [`TrackingStore`].
///
/// Made for tests and demonstrations, and to be read: where the contract's prose leaves a doubt,
/// this store is right, and the conformance suite holds the others to its answers. A search looks
/// at every trace of its experiments.
///
/// ```
/// use candor_model::ExperimentId;
/// use candor_store::{ExperimentKey, MemoryStore, TrackingStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// let default = store.get_experiment(&ExperimentKey::Id(ExperimentId::DEFAULT)).await?;
/// assert_eq!(default.map(|experiment| experiment.name.to_string()).as_deref(), Some("Default"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MemoryStore {
    state: Mutex<State>,
}

impl MemoryStore {
    /// A store that holds nothing but the default experiment.
    pub fn new() -> Self {
        Self { state: Mutex::new(State::new()) }
    }

    /// Every call takes the lock once and never waits while it holds it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl TrackingStore for MemoryStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities { backend: BACKEND, durable: false, holds_feedback: true, gaps: Gaps::default() }
    }

    async fn create_experiment(&self, new: NewExperiment) -> Result<ExperimentId> {
        self.state().create_experiment(new)
    }

    async fn get_experiment(&self, key: &ExperimentKey) -> Result<Option<Experiment>> {
        Ok(self.state().get_experiment(key))
    }

    async fn search_experiments(&self, query: &ExperimentQuery) -> Result<Page<Experiment>> {
        self.state().search_experiments(query)
    }

    async fn update_experiment(&self, id: ExperimentId, change: ExperimentChange, at: TimestampMs) -> Result<()> {
        self.state().update_experiment(id, change, at)
    }

    async fn start_traces(&self, infos: Vec<TraceInfo>) -> Result<Vec<Result<TraceInfo>>> {
        let mut state = self.state();
        Ok(infos.into_iter().map(|info| state.start_trace(info)).collect())
    }

    async fn log_spans(&self, batch: SpanBatch) -> Result<()> {
        self.state().log_spans(batch)
    }

    async fn get_traces(&self, ids: &[TraceId], with_spans: bool) -> Result<Vec<Trace>> {
        Ok(self.state().get_traces(ids, with_spans))
    }

    async fn search_traces(&self, query: &TraceQuery) -> Result<Page<TraceInfo>> {
        self.state().search_traces(query)
    }

    async fn update_trace_tag(&self, id: TraceId, change: TagChange) -> Result<()> {
        self.state().update_trace_tag(id, change)
    }

    async fn delete_traces(&self, experiment: ExperimentId, selection: TraceSelection) -> Result<u64> {
        Ok(self.state().delete_traces(experiment, selection))
    }

    async fn link_traces(&self, ids: &[TraceId], link: TraceLink) -> Result<()> {
        self.state().link_traces(ids, &link);
        Ok(())
    }

    async fn resolve_target(&self, target: &Target) -> Result<Option<Resolved>> {
        self.state().resolve(target)
    }

    async fn log_assessments(&self, items: Vec<NewAssessment>) -> Result<Vec<Result<Logged>>> {
        let mut state = self.state();
        Ok(items.into_iter().map(|item| state.log_assessment(item)).collect())
    }

    async fn update_assessment(
        &self,
        trace: TraceId,
        id: AssessmentId,
        update: AssessmentUpdate,
        at: TimestampMs,
    ) -> Result<Assessment> {
        self.state().update_assessment(trace, id, update, at)
    }

    async fn delete_assessment(&self, trace: TraceId, id: AssessmentId) -> Result<bool> {
        Ok(self.state().delete_assessment(trace, id))
    }

    async fn pending_feedback(&self, query: &PendingQuery) -> Result<Page<PendingFeedback>> {
        self.state().pending.page(query)
    }

    async fn get_assessment(&self, trace: TraceId, id: AssessmentId) -> Result<Assessment> {
        self.state().assessment(trace, id).cloned()
    }

    async fn feedback_stats(&self, query: &StatsQuery) -> Result<FeedbackStats> {
        Ok(self.state().feedback_stats(query))
    }

    async fn feedback_series(&self, query: &SeriesQuery) -> Result<Vec<FeedbackStats>> {
        Ok(self.state().feedback_series(query))
    }

    async fn feedback_values(&self, query: &StatsQuery) -> Result<Vec<ValueCount>> {
        Ok(self.state().feedback_values(query))
    }

    async fn feedback_segments(&self, query: &SegmentQuery) -> Result<Vec<Segment>> {
        Ok(self.state().feedback_segments(query))
    }

    async fn feedback_comments(&self, query: &CommentQuery) -> Result<Page<Assessment>> {
        self.state().feedback_comments(query)
    }

    async fn feedback_since(&self, after: Option<u64>, max: usize) -> Result<Arrivals> {
        Ok(self.state().feedback_since(after, max))
    }

    async fn trace_metrics(&self, query: &MetricsQuery) -> Result<Vec<MetricPoint>> {
        Ok(self.state().trace_metrics(query))
    }

    async fn filter_overlap(&self, query: &OverlapQuery) -> Result<Overlap> {
        Ok(self.state().filter_overlap(query))
    }
}

fn check_page_size(max_results: usize) -> Result<()> {
    match max_results {
        0 => Err(StoreError::Invalid { field: "max_results", reason: "must be positive".to_owned() }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;

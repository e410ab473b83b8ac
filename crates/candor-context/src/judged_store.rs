use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use candor_model::{Assessment, AssessmentId, Experiment, ExperimentId, TimestampMs, Trace, TraceId, TraceInfo};
use candor_store::metrics::{MetricPoint, MetricsQuery};
use candor_store::target::Resolved;
use candor_store::{
    Arrivals, AssessmentUpdate, Capabilities, CommentQuery, ExperimentChange, ExperimentKey, ExperimentQuery,
    FeedbackStats, Logged, NewAssessment, NewExperiment, Overlap, OverlapQuery, Page, PendingFeedback, PendingQuery,
    Result, Segment, SegmentQuery, SeriesQuery, SpanBatch, StatsQuery, TagChange, Target, TraceLink, TraceQuery,
    TraceSelection, TrackingStore, ValueCount,
};

use crate::Tracer;

/// A store that lets a tracer keep every trace that is judged, before the verdict is logged.
#[derive(Debug)]
pub(crate) struct JudgedStore {
    inner: Arc<dyn TrackingStore>,
    tracer: Tracer,
}

impl JudgedStore {
    pub(crate) fn new(inner: Arc<dyn TrackingStore>, tracer: Tracer) -> Self {
        Self { inner, tracer }
    }
}

/// How long a verdict waits for its trace to land; one that may be held lands on it later too.
const DEADLINE: Duration = Duration::from_secs(5);

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl TrackingStore for JudgedStore {
    async fn log_assessments(&self, items: Vec<NewAssessment>) -> Result<Vec<Result<Logged>>> {
        let refs = items.iter().flat_map(|item| item.target.refs.iter().cloned()).collect();
        let judged = Target { refs, experiment: None };
        if let Err(error) = self.tracer.keep_target(&judged, DEADLINE).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a trace may land after its verdict");
        }
        self.inner.log_assessments(items).await
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn create_experiment(&self, new: NewExperiment) -> Result<ExperimentId> {
        self.inner.create_experiment(new).await
    }

    async fn get_experiment(&self, key: &ExperimentKey) -> Result<Option<Experiment>> {
        self.inner.get_experiment(key).await
    }

    async fn search_experiments(&self, query: &ExperimentQuery) -> Result<Page<Experiment>> {
        self.inner.search_experiments(query).await
    }

    async fn update_experiment(&self, id: ExperimentId, change: ExperimentChange, at: TimestampMs) -> Result<()> {
        self.inner.update_experiment(id, change, at).await
    }

    async fn start_traces(&self, infos: Vec<TraceInfo>) -> Result<Vec<Result<TraceInfo>>> {
        self.inner.start_traces(infos).await
    }

    async fn log_spans(&self, batch: SpanBatch) -> Result<()> {
        self.inner.log_spans(batch).await
    }

    async fn get_traces(&self, ids: &[TraceId], with_spans: bool) -> Result<Vec<Trace>> {
        self.inner.get_traces(ids, with_spans).await
    }

    async fn search_traces(&self, query: &TraceQuery) -> Result<Page<TraceInfo>> {
        self.inner.search_traces(query).await
    }

    async fn update_trace_tag(&self, id: TraceId, change: TagChange) -> Result<()> {
        self.inner.update_trace_tag(id, change).await
    }

    async fn delete_traces(&self, experiment: ExperimentId, selection: TraceSelection) -> Result<u64> {
        self.inner.delete_traces(experiment, selection).await
    }

    async fn link_traces(&self, ids: &[TraceId], link: TraceLink) -> Result<()> {
        self.inner.link_traces(ids, link).await
    }

    async fn resolve_target(&self, target: &Target) -> Result<Option<Resolved>> {
        self.inner.resolve_target(target).await
    }

    async fn update_assessment(
        &self,
        trace: TraceId,
        id: AssessmentId,
        update: AssessmentUpdate,
        at: TimestampMs,
    ) -> Result<Assessment> {
        self.inner.update_assessment(trace, id, update, at).await
    }

    async fn delete_assessment(&self, trace: TraceId, id: AssessmentId) -> Result<bool> {
        self.inner.delete_assessment(trace, id).await
    }

    async fn pending_feedback(&self, query: &PendingQuery) -> Result<Page<PendingFeedback>> {
        self.inner.pending_feedback(query).await
    }

    async fn get_assessment(&self, trace: TraceId, id: AssessmentId) -> Result<Assessment> {
        self.inner.get_assessment(trace, id).await
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }

    async fn feedback_stats(&self, query: &StatsQuery) -> Result<FeedbackStats> {
        self.inner.feedback_stats(query).await
    }

    async fn feedback_series(&self, query: &SeriesQuery) -> Result<Vec<FeedbackStats>> {
        self.inner.feedback_series(query).await
    }

    async fn feedback_values(&self, query: &StatsQuery) -> Result<Vec<ValueCount>> {
        self.inner.feedback_values(query).await
    }

    async fn feedback_segments(&self, query: &SegmentQuery) -> Result<Vec<Segment>> {
        self.inner.feedback_segments(query).await
    }

    async fn feedback_comments(&self, query: &CommentQuery) -> Result<Page<Assessment>> {
        self.inner.feedback_comments(query).await
    }

    async fn feedback_since(&self, after: Option<u64>, max: usize) -> Result<Arrivals> {
        self.inner.feedback_since(after, max).await
    }

    async fn feedback_arrived(&self, after: u64) -> Result<()> {
        self.inner.feedback_arrived(after).await
    }

    async fn trace_metrics(&self, query: &MetricsQuery) -> Result<Vec<MetricPoint>> {
        self.inner.trace_metrics(query).await
    }

    async fn filter_overlap(&self, query: &OverlapQuery) -> Result<Overlap> {
        self.inner.filter_overlap(query).await
    }
}

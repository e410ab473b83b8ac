//! The [`TrackingStore`] itself, over MLflow's REST API.
//!
//! Each file holds the calls about one thing; [`api`] alone knows routes. What the server keeps
//! otherwise than the trait wants is put right where it is written or read: see [`keep`] for
//! assessments, [`walk`] for pages, [`search`] for filters.

mod api;
mod assessments;
mod experiments;
mod keep;
mod links;
pub(crate) mod locks;
mod metrics;
mod read;
mod search;
mod spans;
mod stats;
mod targets;
mod traces;
mod walk;

use async_trait::async_trait;
use candor_model::{Assessment, AssessmentId, Experiment, ExperimentId, TimestampMs, Trace, TraceId, TraceInfo};
use candor_store::metrics::{MetricPoint, MetricsQuery};
use candor_store::target::Resolved;
use candor_store::{
    AssessmentUpdate, Capabilities, ExperimentChange, ExperimentKey, ExperimentQuery, FeedbackStats, Gaps, Logged,
    NewAssessment, NewExperiment, Page, PendingFeedback, PendingQuery, Result, SpanBatch, StatsQuery, StoreError,
    TagChange, Target, TraceLink, TraceQuery, TraceSelection, TrackingStore,
};

use crate::MlflowStore;
use crate::error::BACKEND;

#[async_trait]
impl TrackingStore for MlflowStore {
    fn capabilities(&self) -> Capabilities {
        let gaps = Gaps {
            own_clock: true,
            own_sums: true,
            lossy_spans: true,
            cut_texts: true,
            ids_by_trace: true,
            fixed_issues: true,
            no_null_expectations: true,
            lasting_links: true,
        };
        Capabilities { backend: BACKEND, durable: true, holds_feedback: false, gaps }
    }

    async fn create_experiment(&self, new: NewExperiment) -> Result<ExperimentId> {
        self.create(new).await
    }

    async fn get_experiment(&self, key: &ExperimentKey) -> Result<Option<Experiment>> {
        self.experiment(key).await
    }

    async fn search_experiments(&self, query: &ExperimentQuery) -> Result<Page<Experiment>> {
        self.experiments(query).await
    }

    async fn update_experiment(&self, id: ExperimentId, change: ExperimentChange, _at: TimestampMs) -> Result<()> {
        self.change_experiment(id, change).await
    }

    async fn start_traces(&self, infos: Vec<TraceInfo>) -> Result<Vec<Result<TraceInfo>>> {
        Ok(self.start_all(infos).await)
    }

    async fn log_spans(&self, batch: SpanBatch) -> Result<()> {
        self.send_spans(batch).await
    }

    async fn get_traces(&self, ids: &[TraceId], with_spans: bool) -> Result<Vec<Trace>> {
        self.read_traces(ids, with_spans).await
    }

    async fn search_traces(&self, query: &TraceQuery) -> Result<Page<TraceInfo>> {
        self.search_page(query).await
    }

    async fn update_trace_tag(&self, id: TraceId, change: TagChange) -> Result<()> {
        self.change_tag(id, change).await
    }

    async fn delete_traces(&self, experiment: ExperimentId, selection: TraceSelection) -> Result<u64> {
        self.delete(experiment, selection).await
    }

    async fn link_traces(&self, ids: &[TraceId], link: TraceLink) -> Result<()> {
        self.link(ids, link).await
    }

    async fn resolve_target(&self, target: &Target) -> Result<Option<Resolved>> {
        self.resolve(target).await
    }

    async fn log_assessments(&self, items: Vec<NewAssessment>) -> Result<Vec<Result<Logged>>> {
        Ok(self.log_all(items).await)
    }

    async fn update_assessment(
        &self,
        trace: TraceId,
        id: AssessmentId,
        update: AssessmentUpdate,
        at: TimestampMs,
    ) -> Result<Assessment> {
        self.update(trace, id, update, at).await
    }

    async fn delete_assessment(&self, trace: TraceId, id: AssessmentId) -> Result<bool> {
        self.remove_assessment(trace, id).await
    }

    async fn pending_feedback(&self, query: &PendingQuery) -> Result<Page<PendingFeedback>> {
        check_page_size(query.max_results)?;
        if let Some(token) = query.page_token.as_deref() {
            candor_filter::PageToken::decode(token, query.token_id())?;
        }
        Ok(Page::last(Vec::new()))
    }

    async fn feedback_stats(&self, query: &StatsQuery) -> Result<FeedbackStats> {
        self.count_feedback(query).await
    }

    async fn trace_metrics(&self, query: &MetricsQuery) -> Result<Vec<MetricPoint>> {
        match self.measured(query).await? {
            Some(points) => Ok(points),
            None => candor_store::metrics::by_paging(self, query).await,
        }
    }
}

fn check_page_size(max_results: usize) -> Result<()> {
    match max_results {
        0 => Err(StoreError::Invalid { field: "max_results", reason: "must be at least 1".to_owned() }),
        _ => Ok(()),
    }
}

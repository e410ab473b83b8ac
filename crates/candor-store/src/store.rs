use std::fmt;

use async_trait::async_trait;
use candor_model::{Assessment, AssessmentId, Experiment, ExperimentId, TimestampMs, Trace, TraceId, TraceInfo};

use crate::target::Resolved;
use crate::{
    AssessmentUpdate, ExperimentChange, ExperimentKey, ExperimentQuery, FeedbackStats, Logged, Missing, NewAssessment,
    NewExperiment, Page, PendingFeedback, PendingQuery, Result, SpanBatch, StatsQuery, StoreError, TagChange, Target,
    TraceLink, TraceQuery, TraceSelection, stats,
};

/// A store whose type was erased; applications hold it as `Arc<DynTrackingStore>`.
pub type DynTrackingStore = dyn TrackingStore;

/// Keeps experiments, traces, spans and assessments, and answers questions about them.
///
/// # Contract
/// * A call that returns `Ok` is durable as far as [`Capabilities::durable`] says, and the next
///   read by anybody sees it. A call that returns `Err` has written nothing.
/// * A batch of traces or assessments answers item by item; items do not fail each other. A batch
///   of spans is all or nothing.
/// * Every store has the experiment [`ExperimentId::DEFAULT`], named `Default`, from the start.
/// * An assessment is valid when no existing assessment overrides it and it is no retraction;
///   stores keep it so through every write and delete.
/// * Verdicts on hold are attached in the order they came, in the write that lands their trace.
/// * Pages follow the order asked for; following the token neither repeats nor skips a trace that
///   was there at the first page and did not change.
/// * Absence in a read is `Ok(None)` or a missing element, in a write [`StoreError::NotFound`].
/// * Stores read no clock: times come with the call.
#[cfg_attr(feature = "mock", mockall::automock)] // above async_trait, or it sees the rewritten methods
#[async_trait]
pub trait TrackingStore: fmt::Debug + Send + Sync + 'static {
    /// What this back end is and can do.
    fn capabilities(&self) -> Capabilities;

    /// Creates an experiment and returns its id, which no experiment had before.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] when the name is taken.
    async fn create_experiment(&self, new: NewExperiment) -> Result<ExperimentId>;

    /// The experiment, deleted or not.
    async fn get_experiment(&self, key: &ExperimentKey) -> Result<Option<Experiment>>;

    /// The experiments that fit, page by page.
    ///
    /// # Errors
    /// [`StoreError::PageToken`] for a token of another query.
    async fn search_experiments(&self, query: &ExperimentQuery) -> Result<Page<Experiment>>;

    /// Changes an experiment and sets its last update time to `at`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::AlreadyExists`] when a new name is taken;
    /// [`StoreError::ExperimentDeleted`] when a deleted one is renamed or tagged.
    async fn update_experiment(&self, id: ExperimentId, change: ExperimentChange, at: TimestampMs) -> Result<()>;

    /// Writes what is known of traces, or merges it into what the store has, and returns the result.
    ///
    /// [`ingest::merge_started`](crate::ingest::merge_started) holds the rules. Assessments that
    /// come along are logged too, once per id.
    ///
    /// # Errors
    /// Per trace: [`StoreError::NotFound`] or [`StoreError::ExperimentDeleted`] for its experiment,
    /// [`StoreError::Invalid`] for an over-long session id.
    async fn start_traces(&self, infos: Vec<TraceInfo>) -> Result<Vec<Result<TraceInfo>>>;

    /// Writes spans, replacing those of the same id, and derives or completes their traces' info.
    ///
    /// [`ingest::merge_spans`](crate::ingest::merge_spans) holds the rules.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the experiment, [`StoreError::Invalid`] for an over-long
    /// session id.
    async fn log_spans(&self, batch: SpanBatch) -> Result<()>;

    /// The traces among `ids` that exist, in the order asked for; spans only if `with_spans`.
    async fn get_traces(&self, ids: &[TraceId], with_spans: bool) -> Result<Vec<Trace>>;

    /// The traces that fit, page by page, without spans.
    ///
    /// # Errors
    /// [`StoreError::PageToken`] for a token of another query.
    async fn search_traces(&self, query: &TraceQuery) -> Result<Page<TraceInfo>>;

    /// Sets or removes a tag of a trace.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the trace, or for a tag to be removed.
    async fn update_trace_tag(&self, id: TraceId, change: TagChange) -> Result<()>;

    /// Deletes traces with all that hangs on them, and returns how many.
    async fn delete_traces(&self, experiment: ExperimentId, selection: TraceSelection) -> Result<u64>;

    /// Ties traces to a run or a prompt version; unknown traces are passed over.
    async fn link_traces(&self, ids: &[TraceId], link: TraceLink) -> Result<()>;

    /// The trace that the ids mean, as [`target::resolve`](crate::target::resolve) finds it.
    ///
    /// # Errors
    /// [`StoreError::Ambiguous`].
    async fn resolve_target(&self, target: &Target) -> Result<Option<Resolved>>;

    /// Logs assessments, item by item, in order.
    ///
    /// An id that is there already makes the call a retry: see [`Logged::Existing`].
    ///
    /// # Errors
    /// Per item: [`StoreError::NotFound`] for the trace (unless it may wait) or for the assessment
    /// it overrides, [`StoreError::Ambiguous`] for the target, [`StoreError::AlreadyExists`] when
    /// the id belongs to an assessment of another trace.
    async fn log_assessments(&self, items: Vec<NewAssessment>) -> Result<Vec<Result<Logged>>>;

    /// Changes an assessment, sets its last update time to `at`, and returns the result.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for trace or assessment, [`StoreError::Invalid`] when the update
    /// is for another kind of assessment.
    async fn update_assessment(
        &self,
        trace: TraceId,
        id: AssessmentId,
        update: AssessmentUpdate,
        at: TimestampMs,
    ) -> Result<Assessment>;

    /// Deletes an assessment; what it overrode is valid again unless overridden by another.
    ///
    /// Returns whether there was one.
    async fn delete_assessment(&self, trace: TraceId, id: AssessmentId) -> Result<bool>;

    /// Verdicts that wait for their trace, page by page, oldest first.
    async fn pending_feedback(&self, query: &PendingQuery) -> Result<Page<PendingFeedback>>;

    /// One assessment, valid or not.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for trace or assessment.
    async fn get_assessment(&self, trace: TraceId, id: AssessmentId) -> Result<Assessment> {
        let found = self.get_traces(&[trace], false).await?.pop();
        let info = found.ok_or(StoreError::NotFound(Missing::Trace(trace)))?.info;
        let assessment = info.assessments.into_iter().find(|assessment| assessment.id == id);
        assessment.ok_or(StoreError::NotFound(Missing::Assessment { id, trace }))
    }

    /// Counts feedback. The default reads every trace page by page; fast back ends count inside.
    async fn feedback_stats(&self, query: &StatsQuery) -> Result<FeedbackStats> {
        stats::by_paging(self, query).await
    }
}

/// What a back end is and can do; callers and tests ask this instead of guessing from the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The back end's name, e.g. `sqlite`.
    pub backend: &'static str,
    /// Whether an acknowledged write survives the loss of power.
    pub durable: bool,
    /// Whether [`WhenMissing::Hold`](crate::WhenMissing::Hold) works.
    pub holds_feedback: bool,
}

use std::fmt;

use async_trait::async_trait;
use candor_model::{Assessment, AssessmentId, Experiment, ExperimentId, TimestampMs, Trace, TraceId, TraceInfo};

use crate::metrics::{self, MetricPoint, MetricsQuery};
use crate::target::Resolved;
use crate::{
    Arrivals, AssessmentUpdate, CommentQuery, ExperimentChange, ExperimentKey, ExperimentQuery, FeedbackStats, Logged,
    Missing, NewAssessment, NewExperiment, Overlap, OverlapQuery, Page, PendingFeedback, PendingQuery, Result, Segment,
    SegmentQuery, SeriesQuery, SpanBatch, StatsQuery, StoreError, TagChange, Target, TraceLink, TraceQuery,
    TraceSelection, ValueCount, comments, overlap, stats,
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
/// * An assessment is valid when no other existing assessment of its trace overrides it and it is
///   no retraction; stores keep it so through every write, update and delete, whoever overrides
///   (an assessment that came with its trace counts like any other, one that overrides itself
///   does not), and ignore what callers say of validity.
/// * The assessments of a trace stand by creation time, those of the same millisecond in the order
///   they were written.
/// * Verdicts on hold are attached in the order they came, in the write that lands their trace: a
///   write that lands a trace or spans resolves again every target that names one of the ids of
///   [`ids_of`](crate::target::ids_of) (each trace of `start_traces` for itself, the traces of
///   `log_spans` together, after all were written). A verdict that is ambiguous or refused then
///   stays on hold and fails nobody's write; one that is there already because it also came with
///   its trace is dropped. What is on hold has no deadline here: deleting a trace, an experiment
///   or an assessment does not touch it.
/// * `max_results` of 0 is [`StoreError::Invalid`].
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
    /// The default order is newest first, then lower ids; with an order of the caller's, higher ids
    /// break ties.
    ///
    /// # Errors
    /// [`StoreError::PageToken`] for a token of another query.
    async fn search_experiments(&self, query: &ExperimentQuery) -> Result<Page<Experiment>>;

    /// Changes an experiment and sets its last update time to `at`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the experiment (also when a deleted one is deleted or an active
    /// one restored) or for a tag to be removed; [`StoreError::AlreadyExists`] when a new name is
    /// taken by another, deleted or not; [`StoreError::ExperimentDeleted`] when a deleted one is
    /// renamed or its tags are changed, whatever else is wrong.
    async fn update_experiment(&self, id: ExperimentId, change: ExperimentChange, at: TimestampMs) -> Result<()>;

    /// Writes what is known of traces, or merges it into what the store has, and returns the result.
    ///
    /// [`ingest::merge_started`](crate::ingest::merge_started) holds the rules. Assessments that
    /// come along are logged too, once per id: the first of an id stays as it is. Their `trace_id`
    /// is the trace's, whatever they say, and what they override need not exist. They never wait
    /// and never supersede.
    ///
    /// # Errors
    /// Per trace: [`StoreError::NotFound`] or [`StoreError::ExperimentDeleted`] for its experiment,
    /// [`StoreError::AlreadyExists`] when the id of an assessment that comes along belongs to another
    /// trace, [`StoreError::Invalid`] for an over-long session id.
    async fn start_traces(&self, infos: Vec<TraceInfo>) -> Result<Vec<Result<TraceInfo>>>;

    /// Writes spans, replacing those of the same id, and derives or completes their traces' info.
    ///
    /// [`ingest::merge_spans`](crate::ingest::merge_spans) holds the rules. A deleted experiment
    /// takes spans, since exporters cannot be told; of two spans of one id the later stays.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the experiment, even if all traces are known and elsewhere;
    /// [`StoreError::Invalid`] for an over-long session id.
    async fn log_spans(&self, batch: SpanBatch) -> Result<()>;

    /// The traces among `ids` that exist, in the order asked for; spans only if `with_spans`.
    ///
    /// An id that is asked for twice is answered once, at its last place. Spans stand roots first,
    /// then by start, then by id.
    async fn get_traces(&self, ids: &[TraceId], with_spans: bool) -> Result<Vec<Trace>>;

    /// The traces that fit, page by page, without spans.
    ///
    /// Traces of deleted experiments are found too. An assessment with metadata
    /// `mlflow.trace.session` speaks for every trace that has the same session as its own, as far as
    /// both are in the experiments searched. The default order, which also breaks ties, is newest
    /// first, then by trace id.
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
    ///
    /// Of the same request time the lower trace id is the older. An unknown experiment has none.
    /// The ids of the traces and of their assessments are free again.
    async fn delete_traces(&self, experiment: ExperimentId, selection: TraceSelection) -> Result<u64>;

    /// Ties traces to a run or a prompt version; unknown traces are passed over.
    async fn link_traces(&self, ids: &[TraceId], link: TraceLink) -> Result<()>;

    /// The trace that the ids mean, as [`target::resolve`](crate::target::resolve) finds it.
    ///
    /// # Errors
    /// [`StoreError::Ambiguous`]; [`StoreError::Invalid`] for a target without ids.
    async fn resolve_target(&self, target: &Target) -> Result<Option<Resolved>>;

    /// Logs assessments, item by item, in order; an item sees those before it.
    ///
    /// In this order:
    /// 1. An id that is there already makes the item a retry, answered with [`Logged::Existing`]
    ///    as long as its target [may mean](crate::target::may_mean) the assessment's trace: the
    ///    first call settled the trace, so nothing is resolved again and nothing is compared.
    /// 2. The id of a verdict on hold answers [`Logged::Pending`] with that verdict, as long as the
    ///    targets are equal; it is not attached, even if its trace could be found by now.
    /// 3. The target is resolved. No trace: see [`WhenMissing`](crate::WhenMissing).
    /// 4. The span is [`NewAssessment::span_id`], else the one that the target names; it need not
    ///    exist.
    /// 5. What it overrides: [`NewAssessment::overrides`], which must exist on the same trace; else,
    ///    with [`NewAssessment::supersede`], the newest verdict of the same natural key. Whether
    ///    that one is valid already does not matter to an explicit override.
    ///
    /// A verdict on hold goes through steps 3 to 5 when its trace lands.
    ///
    /// # Errors
    /// Per item: [`StoreError::NotFound`] for the trace (unless it may wait) or for the assessment
    /// it overrides, [`StoreError::Ambiguous`] for the target, [`StoreError::AlreadyExists`] when
    /// the id belongs to an assessment of another trace or to a verdict on hold for another target,
    /// [`StoreError::Invalid`] for a target without ids, [`StoreError::Unsupported`] when it would
    /// have to wait and the back end cannot hold it.
    async fn log_assessments(&self, items: Vec<NewAssessment>) -> Result<Vec<Result<Logged>>>;

    /// Changes an assessment, sets its last update time to `at`, and returns the result.
    ///
    /// A new name changes its natural key but overrides nothing; metadata may make it a retraction
    /// or end that, and validity follows.
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
    ///
    /// A back end that holds none answers with an empty page.
    ///
    /// # Errors
    /// [`StoreError::PageToken`] for a token that is not one.
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

    /// Finishes what was accepted and lets go of files and connections; the store is of no use then.
    ///
    /// The default has nothing to finish.
    async fn close(&self) -> Result<()> {
        Ok(())
    }

    /// Counts feedback. The default reads every trace page by page; fast back ends count inside.
    ///
    /// [`FeedbackStats::add`] holds the rules; sums may differ from it in the last digits.
    async fn feedback_stats(&self, query: &StatsQuery) -> Result<FeedbackStats> {
        stats::by_paging(self, query).await
    }

    /// Counts feedback of periods that follow one another: one answer per period.
    ///
    /// Each equals [`feedback_stats`](Self::feedback_stats) of [`SeriesQuery::period`]. The default
    /// reads every trace.
    async fn feedback_series(&self, query: &SeriesQuery) -> Result<Vec<FeedbackStats>> {
        stats::paging::series(self, query).await
    }

    /// Counts feedback by name and value, in the order of [`ValueCounts::finish`](crate::ValueCounts::finish).
    ///
    /// The default reads every trace.
    async fn feedback_values(&self, query: &StatsQuery) -> Result<Vec<ValueCount>> {
        Ok(stats::paging::values(self, query).await?.finish())
    }

    /// Counts verdicts by what their traces have, in the order of that.
    ///
    /// The default reads every trace.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`] for [`SegmentKey::Prompt`](crate::SegmentKey::Prompt) where the
    /// back end cannot tell the versions.
    async fn feedback_segments(&self, query: &SegmentQuery) -> Result<Vec<Segment>> {
        Ok(stats::paging::segments(self, query).await?.finish(query.min_verdicts))
    }

    /// Verdicts that came with a rationale, page by page, the latest first.
    ///
    /// The default reads every trace for each page.
    ///
    /// # Errors
    /// [`StoreError::PageToken`] for a token of another query.
    async fn feedback_comments(&self, query: &CommentQuery) -> Result<Page<Assessment>> {
        comments::by_paging(self, query).await
    }

    /// At most `max` of the feedback that was committed after the one of number `after`; none, but the
    /// number to go on with, when `after` is `None`.
    ///
    /// It is asked often, so it must cost no more than what it returns. Feedback that is deleted
    /// meanwhile does not come.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`] where the back end does not know in which order feedback came, as
    /// in the default.
    async fn feedback_since(&self, after: Option<u64>, max: usize) -> Result<Arrivals> {
        let _ = (after, max);
        let backend = self.capabilities().backend;
        Err(StoreError::Unsupported { backend, operation: "tell in which order feedback arrived" })
    }

    /// Returns once feedback of a higher number than `after` may have come.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`] where the back end is not told, as in the default: ask
    /// [`feedback_since`](Self::feedback_since) every now and then.
    async fn feedback_arrived(&self, after: u64) -> Result<()> {
        let _ = after;
        let backend = self.capabilities().backend;
        Err(StoreError::Unsupported { backend, operation: "tell when feedback arrives" })
    }

    /// Measures traces, spans or assessments; what is measured and how is
    /// [`metrics`](crate::metrics)' to say.
    ///
    /// The default reads every trace.
    async fn trace_metrics(&self, query: &MetricsQuery) -> Result<Vec<MetricPoint>> {
        metrics::by_paging(self, query).await
    }

    /// Counts how far two filters find the same traces.
    ///
    /// The default finds all of them.
    async fn filter_overlap(&self, query: &OverlapQuery) -> Result<Overlap> {
        overlap::by_paging(self, query).await
    }
}

/// What a back end is and can do; callers and tests ask this instead of guessing from the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The back end's name, e.g. `sqlite`.
    pub backend: &'static str,
    /// Whether an acknowledged write survives the loss of power.
    pub durable: bool,
    /// Whether [`WhenMissing::Hold`](crate::WhenMissing::Hold) works; if not, an item that would have
    /// to wait fails with [`StoreError::Unsupported`].
    pub holds_feedback: bool,
    /// Which promises it keeps in part only.
    pub gaps: Gaps,
}

/// Promises of [`TrackingStore`] that a back end keeps in part only; none by default.
///
/// A back end over somebody else's server may not be able to do better. Each field says what holds
/// instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Gaps {
    /// When experiments are created and changed, and when assessments are updated, is told by the
    /// back end's own clock; the times of these calls are ignored.
    pub own_clock: bool,
    /// The tokens and costs of a trace's spans are added up in the back end's own order, so that the
    /// last digits of the sum may differ, and without spans that are their own ancestors.
    pub own_sums: bool,
    /// Spans lose their kind, bytes among their attributes become the text of a Python literal, and
    /// strings that hold JSON become what they hold. A trace of which only running spans are known is
    /// filtered and sorted as if it had ended at the epoch, and of spans of one id in one batch only
    /// the last tells something of the trace.
    pub lossy_spans: bool,
    /// Tags are read back cut to 4096 characters and metadata to 250, keys of both to 250.
    pub cut_texts: bool,
    /// An assessment is found through its trace only: an id that is on a trace which the target does
    /// not lead to is no [`StoreError::AlreadyExists`] while the target leads nowhere, but
    /// [`StoreError::NotFound`].
    pub ids_by_trace: bool,
    /// Expectations of [`Value::Null`](candor_model::Value::Null) are [`StoreError::Invalid`].
    pub no_null_expectations: bool,
    /// Updates of issue references fail with [`StoreError::Unsupported`].
    pub fixed_issues: bool,
    /// Links to runs and prompts outlive their trace: one that is made again with the same id has them.
    pub lasting_links: bool,
}

#[cfg(all(test, feature = "mock"))]
mod tests;

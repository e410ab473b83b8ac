use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use candor_model::{Assessment, AssessmentId, Experiment, ExperimentId, TimestampMs, Trace, TraceId, TraceInfo};

use crate::metrics::{MetricPoint, MetricsQuery};
use crate::target::Resolved;
use crate::{
    Arrivals, AssessmentUpdate, Capabilities, CommentQuery, ExperimentChange, ExperimentKey, ExperimentQuery,
    FeedbackStats, Logged, NewAssessment, NewExperiment, Overlap, OverlapQuery, Page, PendingFeedback, PendingQuery,
    Result, Segment, SegmentQuery, SeriesQuery, SpanBatch, StatsQuery, StoreError, TagChange, Target, TraceLink,
    TraceQuery, TraceSelection, TrackingStore, ValueCount,
};

/// How often and after which pauses a call is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The pause before the first repetition; each further one is about twice as long, with jitter.
    pub first_pause: Duration,
    /// The longest pause. A store that asks for a longer one is not waited for.
    pub longest_pause: Duration,
    /// The most repetitions.
    pub repetitions: usize,
}

impl Default for RetryPolicy {
    /// Five repetitions within some ten seconds.
    fn default() -> Self {
        Self { first_pause: Duration::from_millis(200), longest_pause: Duration::from_secs(10), repetitions: 5 }
    }
}

impl RetryPolicy {
    fn pauses(&self) -> Pauses {
        let builder = ExponentialBuilder::new()
            .with_min_delay(self.first_pause)
            .with_max_delay(self.longest_pause)
            .with_max_times(self.repetitions)
            .with_jitter();
        Pauses { pauses: builder.build(), longest: self.longest_pause }
    }
}

/// Repeats calls that failed for a moment, where repeating cannot do harm.
///
/// Repeated is only what [`is_retryable`](StoreError::is_retryable), after a jittered pause that is
/// no shorter than what the store asks for. An answer may have been lost after the write, so after
/// [`StoreError::Unavailable`] only those calls are repeated that lead to the same state and the
/// same answer when made twice:
///
/// | call | repeated after | because |
/// |---|---|---|
/// | every read | both | it changes nothing |
/// | `start_traces`, `log_spans`, `link_traces` | both | the second merges into the same |
/// | `log_assessments` | both | ids come with the call; the answer may be [`Logged::Existing`] |
/// | `update_assessment`, setting a tag, renaming an experiment | both | the second sets the same |
/// | `create_experiment`, every deletion, restoring | only [`StoreError::Overloaded`] | the second would answer that it is done already |
///
/// In batches, items that failed for a moment are repeated by themselves.
#[derive(Debug)]
pub struct Retrying<S: ?Sized> {
    policy: RetryPolicy,
    inner: Arc<S>,
}

impl<S: TrackingStore + ?Sized> Retrying<S> {
    /// Repeats the calls to `inner`.
    pub fn new(inner: Arc<S>, policy: RetryPolicy) -> Self {
        Self { policy, inner }
    }

    /// Repeats a call that may be made twice.
    async fn repeat<T, F>(&self, call: impl Fn() -> F + Send) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send,
    {
        self.repeat_after(StoreError::is_retryable, call).await
    }

    /// Repeats a call that must not be made twice: only when the store never began it.
    async fn repeat_unless_begun<T, F>(&self, call: impl Fn() -> F + Send) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send,
    {
        self.repeat_after(|error| matches!(error, StoreError::Overloaded { .. }), call).await
    }

    async fn repeat_after<T, F>(
        &self,
        may_repeat: impl Fn(&StoreError) -> bool + Send,
        call: impl Fn() -> F + Send,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send,
    {
        let mut pauses = self.policy.pauses();
        loop {
            let error = match call().await {
                Err(error) if may_repeat(&error) => error,
                answer => return answer,
            };
            if !pauses.pause(asked(&error)).await {
                return Err(error);
            }
        }
    }

    /// Repeats a batch, from the second time on with those items only that failed for a moment.
    async fn repeat_items<I, T, F>(
        &self,
        items: Vec<I>,
        call: impl Fn(Vec<I>) -> F + Send + Sync,
    ) -> Result<Vec<Result<T>>>
    where
        I: Clone + Send + Sync,
        T: Send,
        F: Future<Output = Result<Vec<Result<T>>>> + Send,
    {
        let mut pauses = self.policy.pauses();
        let mut answers = self.repeat(|| call(items.clone())).await?;
        loop {
            let open = |answer: &Result<T>| answer.as_ref().is_err_and(StoreError::is_retryable);
            let places: Vec<usize> = (0..answers.len().min(items.len())).filter(|n| open(&answers[*n])).collect();
            let asked = places.iter().filter_map(|n| answers[*n].as_ref().err()).map(asked).max();
            let Some(asked) = asked else { return Ok(answers) };
            if !pauses.pause(asked).await {
                return Ok(answers);
            }
            // When the whole call fails, the items' own errors stand and the next pause follows.
            if let Ok(again) = call(places.iter().map(|n| items[*n].clone()).collect()).await {
                for (n, answer) in places.into_iter().zip(again) {
                    answers[n] = answer;
                }
            }
        }
    }
}

/// The pauses that are left.
struct Pauses {
    pauses: ExponentialBackoff,
    longest: Duration,
}

impl Pauses {
    /// Waits for the next time, at least as long as the store asks for; `false` when there is none.
    async fn pause(&mut self, asked: Duration) -> bool {
        let Some(own) = self.pauses.next().filter(|_| asked <= self.longest) else { return false };
        tokio::time::sleep(own.max(asked)).await;
        true
    }
}

/// The pause that the store asks for.
fn asked(error: &StoreError) -> Duration {
    match error {
        StoreError::Overloaded { retry_after, .. } => *retry_after,
        _ => Duration::ZERO,
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<S: TrackingStore + ?Sized> TrackingStore for Retrying<S> {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn create_experiment(&self, new: NewExperiment) -> Result<ExperimentId> {
        self.repeat_unless_begun(|| self.inner.create_experiment(new.clone())).await
    }

    async fn get_experiment(&self, key: &ExperimentKey) -> Result<Option<Experiment>> {
        self.repeat(|| self.inner.get_experiment(key)).await
    }

    async fn search_experiments(&self, query: &ExperimentQuery) -> Result<Page<Experiment>> {
        self.repeat(|| self.inner.search_experiments(query)).await
    }

    async fn update_experiment(&self, id: ExperimentId, change: ExperimentChange, at: TimestampMs) -> Result<()> {
        let call = || self.inner.update_experiment(id, change.clone(), at);
        match change {
            ExperimentChange::Rename(_) | ExperimentChange::SetTag { .. } => self.repeat(call).await,
            ExperimentChange::Delete | ExperimentChange::Restore | ExperimentChange::DeleteTag { .. } => {
                self.repeat_unless_begun(call).await
            }
        }
    }

    async fn start_traces(&self, infos: Vec<TraceInfo>) -> Result<Vec<Result<TraceInfo>>> {
        self.repeat_items(infos, |infos| self.inner.start_traces(infos)).await
    }

    async fn log_spans(&self, batch: SpanBatch) -> Result<()> {
        self.repeat(|| self.inner.log_spans(batch.clone())).await
    }

    async fn get_traces(&self, ids: &[TraceId], with_spans: bool) -> Result<Vec<Trace>> {
        self.repeat(|| self.inner.get_traces(ids, with_spans)).await
    }

    async fn search_traces(&self, query: &TraceQuery) -> Result<Page<TraceInfo>> {
        self.repeat(|| self.inner.search_traces(query)).await
    }

    async fn update_trace_tag(&self, id: TraceId, change: TagChange) -> Result<()> {
        let call = || self.inner.update_trace_tag(id, change.clone());
        match change {
            TagChange::Set { .. } => self.repeat(call).await,
            TagChange::Delete { .. } => self.repeat_unless_begun(call).await,
        }
    }

    async fn delete_traces(&self, experiment: ExperimentId, selection: TraceSelection) -> Result<u64> {
        self.repeat_unless_begun(|| self.inner.delete_traces(experiment, selection.clone())).await
    }

    async fn link_traces(&self, ids: &[TraceId], link: TraceLink) -> Result<()> {
        self.repeat(|| self.inner.link_traces(ids, link.clone())).await
    }

    async fn resolve_target(&self, target: &Target) -> Result<Option<Resolved>> {
        self.repeat(|| self.inner.resolve_target(target)).await
    }

    async fn log_assessments(&self, items: Vec<NewAssessment>) -> Result<Vec<Result<Logged>>> {
        self.repeat_items(items, |items| self.inner.log_assessments(items)).await
    }

    async fn update_assessment(
        &self,
        trace: TraceId,
        id: AssessmentId,
        update: AssessmentUpdate,
        at: TimestampMs,
    ) -> Result<Assessment> {
        self.repeat(|| self.inner.update_assessment(trace, id, update.clone(), at)).await
    }

    async fn delete_assessment(&self, trace: TraceId, id: AssessmentId) -> Result<bool> {
        self.repeat_unless_begun(|| self.inner.delete_assessment(trace, id)).await
    }

    async fn pending_feedback(&self, query: &PendingQuery) -> Result<Page<PendingFeedback>> {
        self.repeat(|| self.inner.pending_feedback(query)).await
    }

    async fn get_assessment(&self, trace: TraceId, id: AssessmentId) -> Result<Assessment> {
        self.repeat(|| self.inner.get_assessment(trace, id)).await
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }

    async fn feedback_stats(&self, query: &StatsQuery) -> Result<FeedbackStats> {
        self.repeat(|| self.inner.feedback_stats(query)).await
    }

    async fn feedback_series(&self, query: &SeriesQuery) -> Result<Vec<FeedbackStats>> {
        self.repeat(|| self.inner.feedback_series(query)).await
    }

    async fn feedback_values(&self, query: &StatsQuery) -> Result<Vec<ValueCount>> {
        self.repeat(|| self.inner.feedback_values(query)).await
    }

    async fn feedback_segments(&self, query: &SegmentQuery) -> Result<Vec<Segment>> {
        self.repeat(|| self.inner.feedback_segments(query)).await
    }

    async fn feedback_comments(&self, query: &CommentQuery) -> Result<Page<Assessment>> {
        self.repeat(|| self.inner.feedback_comments(query)).await
    }

    async fn feedback_since(&self, after: Option<u64>, max: usize) -> Result<Arrivals> {
        self.repeat(|| self.inner.feedback_since(after, max)).await
    }

    async fn feedback_arrived(&self, after: u64) -> Result<()> {
        self.inner.feedback_arrived(after).await
    }

    async fn trace_metrics(&self, query: &MetricsQuery) -> Result<Vec<MetricPoint>> {
        self.repeat(|| self.inner.trace_metrics(query)).await
    }

    async fn filter_overlap(&self, query: &OverlapQuery) -> Result<Overlap> {
        self.repeat(|| self.inner.filter_overlap(query)).await
    }
}

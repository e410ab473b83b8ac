//! Stores around a store: each adds one thing and is a [`TrackingStore`](crate::TrackingStore) itself.
//!
//! | decorator | feature | adds |
//! |---|---|---|
//! | [`Retrying`] | `retry` | repeats what failed for a moment, where repeating cannot do harm |
//! | [`Metered`] | `metrics` | counts and times every call |
//! | [`Gated`] | `gate` | lets calls through once a check has passed |
//! | [`Faulty`] | `faults` | fails on purpose, for tests |
//!
//! A decorator holds an `Arc` of what it decorates, of a known type or of
//! [`DynTrackingStore`](crate::DynTrackingStore), so that decorators can be stacked in any order.

#[cfg(feature = "faults")]
mod faulty;
#[cfg(feature = "gate")]
mod gated;
#[cfg(feature = "metrics")]
mod metered;
mod operation;
#[cfg(feature = "retry")]
mod retrying;

#[cfg(feature = "faults")]
pub use faulty::{Fault, Faulty};
#[cfg(feature = "gate")]
pub use gated::{Gate, Gated};
#[cfg(feature = "metrics")]
pub use metered::{Metered, names};
pub use operation::Operation;
#[cfg(feature = "retry")]
pub use retrying::{RetryPolicy, Retrying};

/// Implements [`TrackingStore`](crate::TrackingStore) for a decorator that treats all calls alike.
///
/// The decorator has a field `inner` and two methods, which take the inner call as a future that
/// has not begun: `call`, and `batch` for calls that answer item by item.
#[cfg(any(feature = "metrics", feature = "faults", feature = "gate"))]
macro_rules! around_every_call {
    ($decorator:ident) => {
        #[deny(clippy::missing_trait_methods)]
        #[async_trait::async_trait]
        impl<S: $crate::TrackingStore + ?Sized> $crate::TrackingStore for $decorator<S> {
            fn capabilities(&self) -> $crate::Capabilities {
                self.inner.capabilities()
            }

            async fn create_experiment(
                &self,
                new: $crate::NewExperiment,
            ) -> $crate::Result<candor_model::ExperimentId> {
                self.call(Operation::CreateExperiment, self.inner.create_experiment(new)).await
            }

            async fn get_experiment(
                &self,
                key: &$crate::ExperimentKey,
            ) -> $crate::Result<Option<candor_model::Experiment>> {
                self.call(Operation::GetExperiment, self.inner.get_experiment(key)).await
            }

            async fn search_experiments(
                &self,
                query: &$crate::ExperimentQuery,
            ) -> $crate::Result<$crate::Page<candor_model::Experiment>> {
                self.call(Operation::SearchExperiments, self.inner.search_experiments(query)).await
            }

            async fn update_experiment(
                &self,
                id: candor_model::ExperimentId,
                change: $crate::ExperimentChange,
                at: candor_model::TimestampMs,
            ) -> $crate::Result<()> {
                self.call(Operation::UpdateExperiment, self.inner.update_experiment(id, change, at)).await
            }

            async fn start_traces(
                &self,
                infos: Vec<candor_model::TraceInfo>,
            ) -> $crate::Result<Vec<$crate::Result<candor_model::TraceInfo>>> {
                self.batch(Operation::StartTraces, self.inner.start_traces(infos)).await
            }

            async fn log_spans(&self, batch: $crate::SpanBatch) -> $crate::Result<()> {
                self.call(Operation::LogSpans, self.inner.log_spans(batch)).await
            }

            async fn get_traces(
                &self,
                ids: &[candor_model::TraceId],
                with_spans: bool,
            ) -> $crate::Result<Vec<candor_model::Trace>> {
                self.call(Operation::GetTraces, self.inner.get_traces(ids, with_spans)).await
            }

            async fn search_traces(
                &self,
                query: &$crate::TraceQuery,
            ) -> $crate::Result<$crate::Page<candor_model::TraceInfo>> {
                self.call(Operation::SearchTraces, self.inner.search_traces(query)).await
            }

            async fn update_trace_tag(
                &self,
                id: candor_model::TraceId,
                change: $crate::TagChange,
            ) -> $crate::Result<()> {
                self.call(Operation::UpdateTraceTag, self.inner.update_trace_tag(id, change)).await
            }

            async fn delete_traces(
                &self,
                experiment: candor_model::ExperimentId,
                selection: $crate::TraceSelection,
            ) -> $crate::Result<u64> {
                self.call(Operation::DeleteTraces, self.inner.delete_traces(experiment, selection)).await
            }

            async fn link_traces(&self, ids: &[candor_model::TraceId], link: $crate::TraceLink) -> $crate::Result<()> {
                self.call(Operation::LinkTraces, self.inner.link_traces(ids, link)).await
            }

            async fn resolve_target(
                &self,
                target: &$crate::Target,
            ) -> $crate::Result<Option<$crate::target::Resolved>> {
                self.call(Operation::ResolveTarget, self.inner.resolve_target(target)).await
            }

            async fn log_assessments(
                &self,
                items: Vec<$crate::NewAssessment>,
            ) -> $crate::Result<Vec<$crate::Result<$crate::Logged>>> {
                self.batch(Operation::LogAssessments, self.inner.log_assessments(items)).await
            }

            async fn update_assessment(
                &self,
                trace: candor_model::TraceId,
                id: candor_model::AssessmentId,
                update: $crate::AssessmentUpdate,
                at: candor_model::TimestampMs,
            ) -> $crate::Result<candor_model::Assessment> {
                self.call(Operation::UpdateAssessment, self.inner.update_assessment(trace, id, update, at)).await
            }

            async fn delete_assessment(
                &self,
                trace: candor_model::TraceId,
                id: candor_model::AssessmentId,
            ) -> $crate::Result<bool> {
                self.call(Operation::DeleteAssessment, self.inner.delete_assessment(trace, id)).await
            }

            async fn pending_feedback(
                &self,
                query: &$crate::PendingQuery,
            ) -> $crate::Result<$crate::Page<$crate::PendingFeedback>> {
                self.call(Operation::PendingFeedback, self.inner.pending_feedback(query)).await
            }

            async fn get_assessment(
                &self,
                trace: candor_model::TraceId,
                id: candor_model::AssessmentId,
            ) -> $crate::Result<candor_model::Assessment> {
                self.call(Operation::GetAssessment, self.inner.get_assessment(trace, id)).await
            }

            async fn close(&self) -> $crate::Result<()> {
                self.inner.close().await
            }

            async fn feedback_stats(&self, query: &$crate::StatsQuery) -> $crate::Result<$crate::FeedbackStats> {
                self.call(Operation::FeedbackStats, self.inner.feedback_stats(query)).await
            }

            async fn feedback_series(&self, query: &$crate::SeriesQuery) -> $crate::Result<Vec<$crate::FeedbackStats>> {
                self.call(Operation::FeedbackSeries, self.inner.feedback_series(query)).await
            }

            async fn feedback_values(&self, query: &$crate::StatsQuery) -> $crate::Result<Vec<$crate::ValueCount>> {
                self.call(Operation::FeedbackValues, self.inner.feedback_values(query)).await
            }

            async fn feedback_segments(&self, query: &$crate::SegmentQuery) -> $crate::Result<Vec<$crate::Segment>> {
                self.call(Operation::FeedbackSegments, self.inner.feedback_segments(query)).await
            }

            async fn feedback_comments(
                &self,
                query: &$crate::CommentQuery,
            ) -> $crate::Result<$crate::Page<candor_model::Assessment>> {
                self.call(Operation::FeedbackComments, self.inner.feedback_comments(query)).await
            }

            async fn feedback_since(&self, after: Option<u64>, max: usize) -> $crate::Result<$crate::Arrivals> {
                self.call(Operation::FeedbackSince, self.inner.feedback_since(after, max)).await
            }

            // Waiting is no work: it is neither measured nor made to fail.
            async fn feedback_arrived(&self, after: u64) -> $crate::Result<()> {
                self.inner.feedback_arrived(after).await
            }

            async fn trace_metrics(
                &self,
                query: &$crate::metrics::MetricsQuery,
            ) -> $crate::Result<Vec<$crate::metrics::MetricPoint>> {
                self.call(Operation::TraceMetrics, self.inner.trace_metrics(query)).await
            }

            async fn filter_overlap(&self, query: &$crate::OverlapQuery) -> $crate::Result<$crate::Overlap> {
                self.call(Operation::FilterOverlap, self.inner.filter_overlap(query)).await
            }
        }
    };
}
#[cfg(any(feature = "metrics", feature = "faults", feature = "gate"))]
use around_every_call;

#[cfg(test)]
#[cfg(all(feature = "conformance", feature = "retry", feature = "metrics", feature = "faults", feature = "gate"))]
mod tests;

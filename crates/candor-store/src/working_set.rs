//! A part of a store in memory: what a batch of writes reads and changes.

use candor_model::{Assessment, AssessmentId, Experiment, ExperimentId, Span, SpanId, TimestampMs, TraceId, TraceInfo};

use crate::memory::State;
use crate::{
    AssessmentUpdate, ExperimentChange, ExperimentQuery, Logged, NewAssessment, Page, PendingFeedback, Result,
    SpanBatch,
};

/// Traces, and what hangs on them, taken out of a store for a batch of writes.
///
/// For back ends to which each statement is a journey: they load what the batch may touch, let
/// [`MemoryStore`](crate::MemoryStore)'s own code decide what becomes of it, and write what has
/// changed. The answers are right as long as the set holds, of the whole store,
/// * the experiments that are named, and those of the traces,
/// * the traces that are named, with all of their assessments,
/// * for a trace that gets spans or is started: its other spans, at least their ids, their token
///   counts and costs, and their `gen_ai.response.id`,
/// * for each id that a target names: its newest [`MAX_CANDIDATES`](crate::target::MAX_CANDIDATES)
///   carriers, each with the span that carries it,
/// * the traces of assessments and the verdicts on hold whose ids are used again,
/// * the verdicts on hold for a trace that lands, and what their targets need in turn.
///
/// ```
/// use candor_model::{Experiment, ExperimentId, LifecycleStage, TimestampMs, TraceInfo};
/// use candor_store::WorkingSet;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut set = WorkingSet::default();
/// let trace = TraceInfo::new("tr-4bf92f3577b34da6a3ce929d0e0e4736".parse()?, ExperimentId::DEFAULT, TimestampMs::from_millis(5));
/// assert!(set.start_trace(trace.clone()).is_err(), "nobody has put the experiment in");
/// set.put_trace(trace.clone(), []);
/// assert_eq!(set.info(trace.trace_id), Some(&trace));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct WorkingSet(State);

impl WorkingSet {
    /// Puts an experiment in.
    pub fn put_experiment(&mut self, experiment: Experiment) {
        self.0.experiment_names.insert(experiment.name.clone(), experiment.id);
        self.0.experiments.insert(experiment.id, experiment);
    }

    /// An experiment as it is by now.
    pub fn experiment(&self, id: ExperimentId) -> Option<&Experiment> {
        self.0.experiments.get(&id)
    }

    /// As [`TrackingStore::update_experiment`](crate::TrackingStore::update_experiment), with the one
    /// that has the new name, if there is such, in the set.
    ///
    /// # Errors
    /// Those of `update_experiment`.
    pub fn update_experiment(&mut self, id: ExperimentId, change: ExperimentChange, at: TimestampMs) -> Result<()> {
        self.0.update_experiment(id, change, at)
    }

    /// As [`TrackingStore::search_experiments`](crate::TrackingStore::search_experiments), with all of
    /// them in the set.
    ///
    /// # Errors
    /// Those of `search_experiments`.
    pub fn search_experiments(&self, query: &ExperimentQuery) -> Result<Page<Experiment>> {
        self.0.search_experiments(query)
    }

    /// Puts a trace in as the store has it, its assessments in their order.
    pub fn put_trace(&mut self, info: TraceInfo, spans: impl IntoIterator<Item = Span>) {
        for assessment in &info.assessments {
            self.0.assessments.insert(assessment.id, info.trace_id);
        }
        self.0.put(info, spans);
    }

    /// Puts a verdict on hold in; `number` tells its place in the order of arrival.
    pub fn put_pending(&mut self, held: PendingFeedback, number: i64) {
        self.0.pending.put(held, number);
    }

    /// As [`TrackingStore::start_traces`](crate::TrackingStore::start_traces), for one.
    ///
    /// # Errors
    /// Those of `start_traces`.
    pub fn start_trace(&mut self, info: TraceInfo) -> Result<TraceInfo> {
        self.0.start_trace(info)
    }

    /// As [`TrackingStore::log_spans`](crate::TrackingStore::log_spans).
    ///
    /// # Errors
    /// Those of `log_spans`.
    pub fn log_spans(&mut self, batch: SpanBatch) -> Result<()> {
        self.0.log_spans(batch)
    }

    /// As [`TrackingStore::log_assessments`](crate::TrackingStore::log_assessments), for one.
    ///
    /// # Errors
    /// Those of `log_assessments`.
    pub fn log_assessment(&mut self, item: NewAssessment) -> Result<Logged> {
        self.0.log_assessment(item)
    }

    /// As [`TrackingStore::update_assessment`](crate::TrackingStore::update_assessment).
    ///
    /// # Errors
    /// Those of `update_assessment`.
    pub fn update_assessment(
        &mut self,
        trace: TraceId,
        id: AssessmentId,
        update: AssessmentUpdate,
        at: TimestampMs,
    ) -> Result<Assessment> {
        self.0.update_assessment(trace, id, update, at)
    }

    /// As [`TrackingStore::delete_assessment`](crate::TrackingStore::delete_assessment).
    pub fn delete_assessment(&mut self, trace: TraceId, id: AssessmentId) -> bool {
        self.0.delete_assessment(trace, id)
    }

    /// What is known of a trace by now.
    pub fn info(&self, id: TraceId) -> Option<&TraceInfo> {
        self.0.traces.get(&id).map(|record| &record.info)
    }

    /// The traces in the set, by id.
    pub fn traces(&self) -> impl Iterator<Item = &TraceInfo> {
        self.0.traces.values().map(|record| &record.info)
    }

    /// A trace's spans, by id; those that were put in are as they were then.
    pub fn spans(&self, id: TraceId) -> impl Iterator<Item = &Span> {
        self.0.traces.get(&id).into_iter().flat_map(|record| record.spans.values())
    }

    /// One of them.
    pub fn span(&self, trace: TraceId, id: SpanId) -> Option<&Span> {
        self.0.traces.get(&trace)?.spans.get(&id)
    }

    /// Assessments that were logged since the set was made, in that order, deleted ones too.
    pub fn logged(&self) -> impl Iterator<Item = AssessmentId> {
        self.0.arrivals.in_order()
    }

    /// The verdicts that are on hold by now, in the order of their numbers.
    pub fn pending(&self) -> Vec<(i64, &PendingFeedback)> {
        self.0.pending.in_order()
    }
}

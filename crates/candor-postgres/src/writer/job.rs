use std::collections::{BTreeSet, HashSet};

use candor_model::{
    Assessment, AssessmentId, ExperimentId, SourceId, SourceType, SpanId, TimestampMs, TraceId, TraceInfo,
};
use candor_store::target::ids_of;
use candor_store::{
    AssessmentUpdate, Logged, NewAssessment, Result, SpanBatch, StoreError, TargetRef, WhenMissing, WorkingSet,
};
use tokio::sync::oneshot;

use crate::convert::month;
use crate::targets::Wanted;

/// A call and the way back to its caller.
#[derive(Debug)]
pub(crate) enum Job {
    Start(Work<Vec<TraceInfo>, Vec<Result<TraceInfo>>>),
    Spans(Work<SpanBatch, ()>),
    Log(Work<Vec<NewAssessment>, Vec<Result<Logged>>>),
    Update(Box<Work<(TraceId, AssessmentId, AssessmentUpdate, TimestampMs), Assessment>>),
    Delete(Work<(TraceId, AssessmentId), bool>),
}

/// What is to be done, and for whom; done again when another transaction was in the way.
#[derive(Debug)]
pub(crate) struct Work<I, T> {
    input: I,
    result: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<I, T> Work<I, T> {
    pub(crate) fn new(input: I, reply: oneshot::Sender<Result<T>>) -> Self {
        Self { input, result: None, reply }
    }

    fn answer(self, lost: Option<StoreError>) {
        let answer = match (lost, self.result) {
            (Some(error), _) => Err(error),
            (None, Some(result)) => result,
            (None, None) => Err(crate::error::closed()),
        };
        // The caller may have gone away; its write stands.
        let _ = self.reply.send(answer);
    }
}

/// What jobs must find in the working set.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// Traces that are started or get spans.
    pub(super) landing: BTreeSet<TraceId>,
    /// Traces that are judged.
    pub(super) judged: BTreeSet<TraceId>,
    /// Traces whose assessments are changed.
    pub(super) edited: BTreeSet<TraceId>,
    /// Ids that targets name, save for trace ids.
    pub(super) refs: Vec<Wanted>,
    /// Those of verdicts that may be put on hold.
    pub(super) may_wait: bool,
    /// Ids of assessments that may be there already.
    pub(super) assessments: BTreeSet<AssessmentId>,
    /// Ids of those that are to be there, to be replaced.
    pub(super) replaced: BTreeSet<AssessmentId>,
    /// Who may replace a verdict of theirs on the trace that an id means.
    pub(super) judges: Vec<(Wanted, SourceId)>,
    /// What verdicts come from.
    pub(super) source_types: BTreeSet<SourceType>,
    pub(super) experiments: BTreeSet<ExperimentId>,
    /// Months that traces may begin in.
    pub(super) months: BTreeSet<i32>,
}

/// What jobs have brought.
#[derive(Debug, Default)]
pub(super) struct Come {
    pub(super) spans: HashSet<(TraceId, SpanId)>,
    /// The ids by which verdicts on hold may have named what has landed; not asked for when `None`.
    pub(super) landed: Option<HashSet<TargetRef>>,
}

impl Needs {
    /// The traces that are named.
    pub(super) fn traces(&self) -> impl Iterator<Item = TraceId> {
        self.landing.iter().chain(&self.judged).chain(&self.edited).copied()
    }

    /// Adds what the verdict needs, whether it is new or was on hold.
    pub(super) fn add_verdict(&mut self, item: &NewAssessment) {
        self.assessments.insert(item.id);
        self.replaced.extend(item.overrides);
        self.source_types.insert(item.source.source_type);
        for id in &item.target.refs {
            let wanted = (id.clone(), item.target.experiment);
            let judge = item.source.source_id.iter().filter(|_| item.supersede).cloned();
            self.judges.extend(judge.map(|source| (wanted.clone(), source)));
            match id {
                TargetRef::Trace(id) => drop(self.judged.insert(*id)),
                _ => self.refs.push(wanted),
            }
        }
    }
}

impl Job {
    /// How much of a batch it takes up, in rows.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Start(work) => work.input.len(),
            Self::Spans(work) => work.input.groups.iter().map(|group| group.spans.len()).sum(),
            Self::Log(work) => work.input.len(),
            Self::Update(_) | Self::Delete(_) => 1,
        }
    }

    /// Whether it brings traces or spans.
    pub(super) const fn lands(&self) -> bool {
        matches!(self, Self::Start(_) | Self::Spans(_))
    }

    pub(super) fn add_needs(&self, needs: &mut Needs) {
        match self {
            Self::Start(work) => {
                for info in &work.input {
                    needs.landing.insert(info.trace_id);
                    needs.months.insert(month(info.request_time));
                    needs.experiments.insert(info.experiment_id);
                    needs.assessments.extend(info.assessments.iter().map(|assessment| assessment.id));
                }
            }
            Self::Spans(work) => {
                needs.experiments.insert(work.input.experiment_id);
                for span in work.input.groups.iter().flat_map(|group| &group.spans) {
                    needs.landing.insert(span.trace_id);
                    needs.months.insert(month(span.start.to_millis()));
                }
            }
            Self::Log(work) => {
                for item in &work.input {
                    needs.add_verdict(item);
                    needs.may_wait |= item.when_missing == WhenMissing::Hold;
                }
            }
            Self::Update(work) => drop(needs.edited.insert(work.input.0)),
            Self::Delete(work) => drop(needs.edited.insert(work.input.0)),
        }
    }

    /// Does the work in memory, and notes what has come.
    pub(super) fn apply(&mut self, set: &mut WorkingSet, come: &mut Come) {
        match self {
            Self::Start(work) => {
                let mut started = Vec::with_capacity(work.input.len());
                for info in &work.input {
                    let result = set.start_trace(info.clone());
                    if let (Some(landed), Ok(info)) = (&mut come.landed, &result) {
                        landed.extend(ids_of(info, set.spans(info.trace_id)));
                    }
                    started.push(result);
                }
                work.result = Some(Ok(started));
            }
            Self::Spans(work) => {
                let result = set.log_spans(work.input.clone());
                let is_done = result.is_ok();
                work.result = Some(result);
                if is_done {
                    for span in work.input.groups.iter().flat_map(|group| &group.spans) {
                        come.spans.insert((span.trace_id, span.span_id));
                        if let (Some(landed), Some(info)) = (&mut come.landed, set.info(span.trace_id)) {
                            landed.extend(ids_of(info, set.span(span.trace_id, span.span_id)));
                        }
                    }
                }
            }
            Self::Log(work) => {
                let logged = work.input.iter().map(|item| set.log_assessment(item.clone())).collect();
                work.result = Some(Ok(logged));
            }
            Self::Update(work) => {
                let (trace, id, update, at) = work.input.clone();
                work.result = Some(set.update_assessment(trace, id, update, at));
            }
            Self::Delete(work) => {
                let (trace, id) = work.input;
                work.result = Some(Ok(set.delete_assessment(trace, id)));
            }
        }
    }

    /// Tells the caller: the result, or why the transaction was lost.
    pub(super) fn answer(self, lost: Option<StoreError>) {
        match self {
            Self::Start(work) => work.answer(lost),
            Self::Spans(work) => work.answer(lost),
            Self::Log(work) => work.answer(lost),
            Self::Update(work) => work.answer(lost),
            Self::Delete(work) => work.answer(lost),
        }
    }
}

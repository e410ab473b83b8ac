//! Writing what the target lacks.

use std::collections::{BTreeMap, HashMap, HashSet};

use candor_model::{
    Assessment, AssessmentBody, Attributes, Experiment, ExperimentId, Span, Trace, TraceId, TraceInfo, TraceState,
};
use candor_store::{AssessmentUpdate, DynTrackingStore, Result, SpanBatch, SpanGroup, StoreError, TagChange};

use crate::compare::{differences, is_own_tag, same_assessment};
use crate::experiments::{close_twin, open_twin};
use crate::transfer::page_of_ids;
use crate::{Progress, Transfer, TransferError, pending};

/// The refusals that are told one by one.
const TOLD: usize = 100;

/// What a copy has done.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Copied {
    /// Experiments gone through.
    pub experiments: u64,
    /// Traces written, new ones and changed ones.
    pub written: u64,
    /// Traces that the target had already, equal in every field.
    pub unchanged: u64,
    /// Traces that the target would not take.
    pub refused: u64,
    /// The first hundred of them, with the reason.
    pub refusals: Vec<Refusal>,
    /// Verdicts on hold that were handed over.
    pub pending: u64,
    /// Verdicts on hold that stay in the source alone, since the target holds none.
    pub pending_left: u64,
}

/// A trace that the target would not take, and why.
#[derive(Debug)]
pub struct Refusal {
    /// The trace.
    pub trace_id: TraceId,
    /// The reason; running the transfer again meets it again.
    pub error: StoreError,
}

impl Transfer<'_> {
    /// Writes everything that the target lacks or has otherwise; what it has besides is left alone.
    ///
    /// `told` hears of every page. Traces that the target refuses do not stop the others.
    ///
    /// # Errors
    /// When a side fails, or the source lacks an experiment that was asked for. What is written stays.
    pub async fn copy(&self, mut told: impl FnMut(&Progress) + Send) -> Result<Copied, TransferError> {
        let sources = self.sources().await?;
        let mut progress = Counter { total: self.count(&sources).await?, done: 0 };
        let mut copied = Copied::default();
        let mut twins = BTreeMap::new();
        for source in &sources {
            let twin = open_twin(self.to, source).await.map_err(TransferError::Target)?;
            twins.insert(source.id, twin);
            let mut token = None;
            loop {
                let page = page_of_ids(self.from, source, token).await.map_err(TransferError::Source)?;
                self.copy_page(&page.items, twin, &mut copied).await?;
                told(&progress.advance(source, page.items.len()));
                token = page.next_page_token;
                if token.is_none() {
                    break;
                }
            }
            close_twin(self.to, source, twin).await.map_err(TransferError::Target)?;
            copied.experiments += 1;
        }
        pending::copy(self, &twins, &mut copied).await?;
        Ok(copied)
    }

    async fn copy_page(&self, ids: &[TraceId], twin: ExperimentId, copied: &mut Copied) -> Result<(), TransferError> {
        let (sources, targets) = self.both_sides(ids).await?;
        let is_equal = |source: &Trace| {
            let target = targets.get(&source.info.trace_id);
            target.is_some_and(|target| target.info.experiment_id == twin && differences(source, target).is_empty())
        };
        let (equal, stale): (Vec<_>, Vec<_>) = sources.into_iter().partition(is_equal);
        copied.unchanged += equal.len() as u64;

        let mut writer = Writer { to: self.to, twin, copied };
        for trace in writer.write(stale, &targets).await.map_err(TransferError::Target)? {
            if let Some(target) = targets.get(&trace.trace_id) {
                writer.update_assessments(&trace, target).await.map_err(TransferError::Target)?;
            }
        }
        Ok(())
    }
}

/// Counts traces for [`Progress`].
pub(crate) struct Counter {
    pub(crate) total: u64,
    pub(crate) done: u64,
}

impl Counter {
    pub(crate) fn advance(&mut self, experiment: &Experiment, traces: usize) -> Progress {
        self.done += traces as u64;
        Progress {
            experiment: experiment.name.clone(),
            traces_total: self.total.max(self.done), // some may have come since it was counted
            traces_done: self.done,
        }
    }
}

struct Writer<'a> {
    to: &'a DynTrackingStore,
    twin: ExperimentId,
    copied: &'a mut Copied,
}

impl Writer<'_> {
    /// Writes traces and returns the infos, as the source has them, of those that were taken.
    async fn write(&mut self, traces: Vec<Trace>, targets: &HashMap<TraceId, Trace>) -> Result<Vec<TraceInfo>> {
        // A new trace takes its assessments along when it is started, which saves a remote target a
        // call for each. What spans would change of a started trace is written after them instead.
        let (new, other): (Vec<_>, Vec<_>) = traces.into_iter().partition(|trace| {
            let settled = matches!(trace.info.state, TraceState::Ok | TraceState::Error);
            settled && trace.info.name().is_some() && !targets.contains_key(&trace.info.trace_id)
        });
        let mut taken = self.start_first(new).await?;
        taken.extend(self.spans_first(other).await?);
        Ok(taken)
    }

    async fn start_first(&mut self, traces: Vec<Trace>) -> Result<Vec<TraceInfo>> {
        let (infos, spans) = parts(traces);
        let mut taken = self.start(infos).await?;
        let started: HashSet<TraceId> = taken.iter().map(|info| info.trace_id).collect();
        let spans = spans.into_iter().filter(|spans| started.contains(&spans[0].trace_id)).collect();
        for (id, error) in self.log_all_spans(spans).await? {
            taken.retain(|info| info.trace_id != id);
            self.copied.written -= 1;
            self.refuse(id, error);
        }
        Ok(taken)
    }

    async fn spans_first(&mut self, traces: Vec<Trace>) -> Result<Vec<TraceInfo>> {
        let (mut infos, spans) = parts(traces);
        for (id, error) in self.log_all_spans(spans).await? {
            infos.retain(|info| info.trace_id != id);
            self.refuse(id, error);
        }
        self.start(infos).await
    }

    /// Writes the spans of several traces, and returns those that were refused with the reasons.
    async fn log_all_spans(&self, spans: Vec<Vec<Span>>) -> Result<Vec<(TraceId, StoreError)>> {
        match self.log_spans(spans.concat()).await {
            Ok(()) => return Ok(Vec::new()),
            Err(error) => drop(fatal_or_own(error)?), // one trace spoils the batch: find out which
        }
        let mut refused = Vec::new();
        for of_trace in spans {
            let id = of_trace[0].trace_id;
            if let Err(error) = self.log_spans(of_trace).await {
                refused.push((id, fatal_or_own(error)?));
            }
        }
        Ok(refused)
    }

    async fn log_spans(&self, spans: Vec<Span>) -> Result<()> {
        if spans.is_empty() {
            return Ok(());
        }
        let group = SpanGroup { resource: Attributes::default(), spans };
        self.to.log_spans(SpanBatch { experiment_id: self.twin, groups: vec![group] }).await
    }

    async fn start(&mut self, infos: Vec<TraceInfo>) -> Result<Vec<TraceInfo>> {
        if infos.is_empty() {
            return Ok(infos);
        }
        let moved = infos.iter().map(|info| TraceInfo { experiment_id: self.twin, ..info.clone() });
        let answers = self.to.start_traces(moved.collect()).await?;
        let mut taken = Vec::with_capacity(infos.len());
        for (info, answer) in infos.into_iter().zip(answers) {
            match answer {
                Ok(written) => {
                    self.remove_tags(&info, &written).await?;
                    self.copied.written += 1;
                    taken.push(info);
                }
                Err(error) => self.refuse(info.trace_id, fatal_or_own(error)?),
            }
        }
        Ok(taken)
    }

    /// Removes the tags that the source no longer has, or that the target made of the spans.
    async fn remove_tags(&self, source: &TraceInfo, written: &TraceInfo) -> Result<()> {
        for key in written.tags.keys().filter(|key| !source.tags.contains_key(*key) && !is_own_tag(key)) {
            self.to.update_trace_tag(source.trace_id, TagChange::Delete { key: key.clone() }).await?;
        }
        Ok(())
    }

    /// Brings assessments up to date that the target had before; new ones came with their trace.
    async fn update_assessments(&self, source: &TraceInfo, target: &Trace) -> Result<()> {
        let known: HashMap<_, _> = target.info.assessments.iter().map(|item| (item.id, item)).collect();
        for item in &source.assessments {
            if known.get(&item.id).is_some_and(|old| !same_assessment(item, old)) {
                let (trace, at) = (source.trace_id, item.last_update_time);
                self.to.update_assessment(trace, item.id, as_update(item), at).await?;
            }
        }
        Ok(())
    }

    fn refuse(&mut self, trace_id: TraceId, error: StoreError) {
        self.copied.refused += 1;
        if self.copied.refusals.len() < TOLD {
            self.copied.refusals.push(Refusal { trace_id, error });
        }
    }
}

/// The infos, and the spans of the traces that have any.
fn parts(traces: Vec<Trace>) -> (Vec<TraceInfo>, Vec<Vec<Span>>) {
    let (infos, spans): (Vec<_>, Vec<_>) = traces.into_iter().map(|trace| (trace.info, trace.spans)).unzip();
    (infos, spans.into_iter().filter(|spans: &Vec<Span>| !spans.is_empty()).collect())
}

fn as_update(assessment: &Assessment) -> AssessmentUpdate {
    let mut update = AssessmentUpdate {
        name: Some(assessment.name.clone()),
        rationale: assessment.rationale.clone(),
        metadata: assessment.metadata.clone(),
        ..AssessmentUpdate::default()
    };
    match &assessment.body {
        AssessmentBody::Feedback(feedback) => update.feedback = Some(feedback.clone()),
        AssessmentBody::Expectation(value) => update.expectation = Some(value.clone()),
        AssessmentBody::Issue { .. } => {}
    }
    update
}

/// Lets an error of the back end end the transfer, and keeps one that is about the trace alone.
fn fatal_or_own(error: StoreError) -> Result<StoreError> {
    match error {
        StoreError::Unavailable { .. } | StoreError::Overloaded { .. } | StoreError::Corrupt { .. } => Err(error),
        own => Ok(own),
    }
}

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use candor_model::{
    AssessmentId, Experiment, ExperimentId, ExperimentName, LifecycleStage, Span, SpanId, TimestampMs, TraceId,
    TraceInfo,
};

use super::pending::Pending;
use super::stats::ArrivalOrder;
use crate::target::{self, MAX_CANDIDATES, Resolved, TargetCandidate, ids_of};
use crate::{Missing, Result, StoreError, Target, TargetRef};

/// Everything that the store holds; changed under one lock, so that every call is atomic.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) experiments: BTreeMap<ExperimentId, Experiment>,
    pub(crate) experiment_names: HashMap<ExperimentName, ExperimentId>,
    pub(crate) traces: BTreeMap<TraceId, Record>,
    /// The traces that carry an id.
    carriers: HashMap<TargetRef, BTreeSet<TraceId>>,
    /// The trace of every assessment.
    pub(crate) assessments: HashMap<AssessmentId, TraceId>,
    pub(crate) pending: Pending,
    pub(crate) arrivals: ArrivalOrder,
}

/// A trace with all that hangs on it.
pub(crate) struct Record {
    /// Assessments stand in it by creation time, then in the order they came.
    pub(crate) info: TraceInfo,
    pub(crate) spans: BTreeMap<SpanId, Span>,
    pub(super) runs: BTreeSet<String>,
    /// Names and versions.
    pub(super) prompts: BTreeSet<(String, String)>,
    /// The ids under which `carriers` has it.
    refs: HashSet<TargetRef>,
}

impl State {
    #[expect(clippy::expect_used, reason = "the name is neither empty nor too long")]
    pub(super) fn new() -> Self {
        let name = ExperimentName::new("Default").expect("a valid name");
        let default = Experiment {
            id: ExperimentId::DEFAULT,
            name: name.clone(),
            artifact_location: super::experiments::default_location(ExperimentId::DEFAULT),
            lifecycle_stage: LifecycleStage::Active,
            creation_time: TimestampMs::default(),
            last_update_time: TimestampMs::default(),
            tags: BTreeMap::new(),
        };
        Self {
            experiments: BTreeMap::from([(default.id, default)]),
            experiment_names: HashMap::from([(name, ExperimentId::DEFAULT)]),
            ..Self::default()
        }
    }

    pub(super) fn experiment(&self, id: ExperimentId) -> Result<&Experiment> {
        self.experiments.get(&id).ok_or(StoreError::NotFound(Missing::Experiment(id)))
    }

    pub(super) fn record(&self, id: TraceId) -> Result<&Record> {
        self.traces.get(&id).ok_or(StoreError::NotFound(Missing::Trace(id)))
    }

    pub(super) fn record_mut(&mut self, id: TraceId) -> Result<&mut Record> {
        self.traces.get_mut(&id).ok_or(StoreError::NotFound(Missing::Trace(id)))
    }

    /// Stores a trace's info and adds spans to it.
    pub(crate) fn put(&mut self, info: TraceInfo, spans: impl IntoIterator<Item = Span>) {
        let id = info.trace_id;
        let record = match self.traces.entry(id) {
            std::collections::btree_map::Entry::Occupied(slot) => {
                let record = slot.into_mut();
                record.info = info;
                record
            }
            std::collections::btree_map::Entry::Vacant(slot) => slot.insert(Record::new(info)),
        };
        record.spans.extend(spans.into_iter().map(|span| (span.span_id, span)));
        let after: HashSet<TargetRef> = ids_of(&record.info, record.spans.values()).into_iter().collect();
        let before = std::mem::replace(&mut record.refs, after.clone());
        for gone in before.difference(&after) {
            self.forget_carrier(gone, id);
        }
        for new in after {
            self.carriers.entry(new).or_default().insert(id);
        }
    }

    /// Removes a trace with all that hangs on it.
    pub(super) fn remove(&mut self, id: TraceId) -> bool {
        let Some(record) = self.traces.remove(&id) else { return false };
        for reference in &record.refs {
            self.forget_carrier(reference, id);
        }
        for assessment in &record.info.assessments {
            self.assessments.remove(&assessment.id);
        }
        true
    }

    fn forget_carrier(&mut self, reference: &TargetRef, id: TraceId) {
        if let Some(carriers) = self.carriers.get_mut(reference) {
            carriers.remove(&id);
            if carriers.is_empty() {
                self.carriers.remove(reference);
            }
        }
    }

    /// The traces that carry an id, in no order that means anything.
    pub(super) fn carriers(&self, reference: &TargetRef) -> impl Iterator<Item = &Record> {
        let ids = self.carriers.get(reference).into_iter().flatten();
        ids.filter_map(|id| self.traces.get(id))
    }

    pub(super) fn resolve(&self, target: &Target) -> Result<Option<Resolved>> {
        target::resolve(target, |reference| {
            let anywhere = matches!(reference, TargetRef::Trace(_)) || target.experiment.is_none();
            let inside = |info: &&TraceInfo| anywhere || target.experiment == Some(info.experiment_id);
            let mut infos: Vec<&TraceInfo> =
                self.carriers(reference).map(|record| &record.info).filter(inside).collect();
            infos.sort_by_key(|info| newest_first(info));
            Ok(infos.into_iter().take(MAX_CANDIDATES).map(TargetCandidate::from).collect())
        })
    }
}

/// The default order of traces.
pub(super) fn newest_first(info: &TraceInfo) -> (std::cmp::Reverse<TimestampMs>, TraceId) {
    (std::cmp::Reverse(info.request_time), info.trace_id)
}

impl Record {
    fn new(info: TraceInfo) -> Self {
        Self { info, spans: BTreeMap::new(), runs: BTreeSet::new(), prompts: BTreeSet::new(), refs: HashSet::new() }
    }

    /// Roots first, then by start time.
    pub(super) fn ordered_spans(&self) -> Vec<Span> {
        let mut spans: Vec<Span> = self.spans.values().cloned().collect();
        spans.sort_by_key(|span| (!span.is_root(), span.start, span.span_id));
        spans
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("experiments", &self.experiments.len())
            .field("traces", &self.traces.len())
            .field("assessments", &self.assessments.len())
            .finish_non_exhaustive()
    }
}

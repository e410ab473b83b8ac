//! What a batch needs to know, read under the locks that keep it true.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use candor_model::{Experiment, ExperimentId, Span, SpanId, TraceId, TraceInfo};
use candor_store::{PendingFeedback, Result, TargetRef, WorkingSet};
use sqlx::PgConnection;

use super::job::Needs;
use crate::convert::{assessment_uuid, trace_uuid, trace_uuids};
use crate::error::During;
use crate::locks::{self, PENDING};
use crate::traces::{read, spans};
use crate::{experiments, pending, targets};

/// What was loaded, as the database has it.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) experiments: BTreeMap<ExperimentId, Experiment>,
    pub(super) traces: HashMap<TraceId, TraceInfo>,
    pub(super) spans: HashMap<TraceId, Vec<Span>>,
    pub(super) pending: BTreeMap<i64, PendingFeedback>,
    /// Whether there were verdicts on hold when the locks were taken.
    pub(super) some_wait: bool,
    locked: BTreeSet<TraceId>,
    has_pending_lock: bool,
}

impl Loaded {
    /// Locks and loads what is needed, once more than before if need be.
    pub(super) async fn load(&mut self, connection: &mut PgConnection, needs: &Needs) -> Result<()> {
        const OPERATION: &str = "lock traces";
        let mut wanted: BTreeSet<TraceId> = needs.traces().collect();
        if !needs.refs.is_empty() {
            let carriers = targets::carriers(connection, &needs.refs).await?;
            let all_found = needs.refs.iter().all(|wanted| carriers.contains_key(wanted));
            wanted.extend(carriers.values().flatten().map(|candidate| candidate.trace_id));
            if needs.may_wait && !all_found && !self.has_pending_lock {
                // Nobody lands a trace from here on: what is not found now will find the verdict.
                locks::take(connection, &[PENDING]).await.during(OPERATION)?;
                self.has_pending_lock = true;
                let carriers = targets::carriers(connection, &needs.refs).await?;
                wanted.extend(carriers.values().flatten().map(|candidate| candidate.trace_id));
            }
        }
        self.lock(connection, &wanted).await?;
        let landing: Vec<TraceId> = needs.landing.iter().copied().collect();
        self.load_landing(connection, &landing).await?;
        self.load_judged(connection, wanted.difference(&needs.landing).copied().collect(), needs).await?;
        if !needs.assessments.is_empty() {
            self.load_retried(connection, needs).await?;
        }
        let unresolved = needs.may_wait && needs.judged.iter().any(|id| !self.traces.contains_key(id));
        if !self.has_pending_lock && (unresolved || !needs.landing.is_empty()) {
            self.has_pending_lock = true;
            match unresolved {
                true => {
                    locks::take(connection, &[PENDING]).await.during(OPERATION)?;
                    // They may have landed before the lock was ours.
                    let missing = needs.judged.iter().filter(|id| !self.traces.contains_key(*id)).copied().collect();
                    self.load_judged(connection, missing, needs).await?;
                }
                false => locks::share(connection, PENDING).await.during(OPERATION)?,
            }
        }
        if !needs.landing.is_empty() {
            self.some_wait = pending::any(connection).await?;
        }
        let experiments = needs.experiments.iter().chain(landing_experiments(&self.traces, &needs.landing));
        let missing: BTreeSet<ExperimentId> =
            experiments.filter(|id| !self.experiments.contains_key(id)).copied().collect();
        if !missing.is_empty() {
            let found = experiments::of_ids(connection, missing).await?;
            self.experiments.extend(found.into_iter().map(|experiment| (experiment.id, experiment)));
        }
        Ok(())
    }

    async fn lock(&mut self, connection: &mut PgConnection, wanted: &BTreeSet<TraceId>) -> Result<()> {
        let missing: Vec<TraceId> = wanted.difference(&self.locked).copied().collect();
        locks::take_traces(connection, missing.iter().copied()).await.during("lock traces")?;
        self.locked.extend(missing);
        Ok(())
    }

    /// Traces that get spans or are started: all that is known of them, and what decides of their spans.
    async fn load_landing(&mut self, connection: &mut PgConnection, traces: &[TraceId]) -> Result<()> {
        if traces.is_empty() {
            return Ok(());
        }
        let found = read::whole(connection, traces).await?;
        let known: Vec<_> = found.keys().copied().map(trace_uuid).collect();
        if !known.is_empty() {
            self.add_spans(spans::outlines(connection, &known).await?);
        }
        self.traces.extend(found);
        Ok(())
    }

    /// Traces that are judged: what verdicts go by, and the spans that targets name.
    async fn load_judged(&mut self, connection: &mut PgConnection, traces: Vec<TraceId>, needs: &Needs) -> Result<()> {
        let ids: Vec<SpanId> = needs.refs.iter().filter_map(|(id, _)| targets::span_of(id)).collect();
        let responses: Vec<String> = needs.refs.iter().filter_map(|(id, _)| response_of(id)).collect();
        if !(traces.is_empty() || ids.is_empty() && responses.is_empty()) {
            let carrying = spans::outlines_by_id(connection, &trace_uuids(&traces), &ids, &responses).await?;
            self.add_spans(carrying);
        }
        let unknown: Vec<TraceId> = traces.into_iter().filter(|id| !self.traces.contains_key(id)).collect();
        if !unknown.is_empty() {
            self.traces.extend(read::outlines(connection, &unknown).await?);
        }
        Ok(())
    }

    fn add_spans(&mut self, spans: Vec<Span>) {
        for span in spans {
            self.spans.entry(span.trace_id).or_default().push(span);
        }
    }

    /// The traces of assessments, and the verdicts on hold, whose ids are used again.
    async fn load_retried(&mut self, connection: &mut PgConnection, needs: &Needs) -> Result<()> {
        let ids: Vec<_> = needs.assessments.iter().copied().map(assessment_uuid).collect();
        let (traces, held) = pending::known(connection, &ids).await?;
        let missing: BTreeSet<TraceId> = traces.into_iter().filter(|id| !self.traces.contains_key(id)).collect();
        if !missing.is_empty() {
            self.lock(connection, &missing).await?;
            self.load_judged(connection, missing.into_iter().collect(), needs).await?;
        }
        self.pending.extend(held);
        Ok(())
    }

    /// Adds the verdicts that wait for one of some ids; returns what they need, if there are any.
    pub(super) async fn load_waiting(
        &mut self,
        connection: &mut PgConnection,
        landed: &HashSet<TargetRef>,
    ) -> Result<Option<Needs>> {
        let refs: Vec<TargetRef> = landed.iter().cloned().collect();
        let mut waiting = pending::naming(connection, &refs).await?;
        waiting.retain(|(number, _)| !self.pending.contains_key(number));
        let mut needs = Needs::default();
        waiting.iter().for_each(|(_, held)| needs.add_verdict(&held.item));
        let is_some = !waiting.is_empty();
        self.pending.extend(waiting);
        Ok(is_some.then_some(needs))
    }

    /// All of it, to work on.
    pub(super) fn working_set(&self) -> WorkingSet {
        let mut set = WorkingSet::default();
        self.experiments.values().for_each(|experiment| set.put_experiment(experiment.clone()));
        for (id, info) in &self.traces {
            set.put_trace(info.clone(), self.spans.get(id).into_iter().flatten().cloned());
        }
        self.pending.iter().for_each(|(number, held)| set.put_pending(held.clone(), *number));
        set
    }
}

fn landing_experiments<'a>(
    traces: &'a HashMap<TraceId, TraceInfo>,
    landing: &'a BTreeSet<TraceId>,
) -> impl Iterator<Item = &'a ExperimentId> {
    landing.iter().filter_map(|id| traces.get(id)).map(|info| &info.experiment_id)
}

fn response_of(id: &TargetRef) -> Option<String> {
    match id {
        TargetRef::Response(id) => Some(id.clone()),
        _ => None,
    }
}

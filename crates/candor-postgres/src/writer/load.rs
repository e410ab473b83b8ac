//! What a batch needs to know, read under the locks that keep it true.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use candor_model::{Experiment, ExperimentId, Span, SpanId, TraceId, TraceInfo};
use candor_store::target::TargetCandidate;
use candor_store::{PendingFeedback, Result, TargetRef, WorkingSet};
use sqlx::{Connection, PgConnection, Postgres, Transaction};

use super::job::Needs;
use super::months::{ALL_MONTHS, RecentMonths};
use crate::convert::{assessment_uuid, month, trace_uuid, trace_uuids};
use crate::error::During;
use crate::locks::{self, PENDING};
use crate::rollups::SourceBits;
use crate::targets::Wanted;
use crate::traces::judged::{self, Question};
use crate::traces::{read, spans};
use crate::{experiments, pending, targets};

/// What was loaded, as the database has it.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) experiments: BTreeMap<ExperimentId, Experiment>,
    /// Those that are judged alone lack their assessments, unless these matter to the verdicts.
    pub(super) traces: HashMap<TraceId, TraceInfo>,
    pub(super) spans: HashMap<TraceId, Vec<Span>>,
    pub(super) pending: BTreeMap<i64, PendingFeedback>,
    /// Whether there were verdicts on hold when the locks were taken.
    pub(super) some_wait: bool,
    /// The source types of feedback that counts and was not loaded.
    others: HashMap<TraceId, SourceBits>,
    carriers: HashMap<Wanted, Vec<TargetCandidate>>,
    locked: BTreeSet<TraceId>,
    has_pending_lock: bool,
}

const LOCK: &str = "lock traces";

impl Loaded {
    /// The traces that are named, by whichever id.
    pub(super) async fn find(&mut self, connection: &mut PgConnection, needs: &Needs) -> Result<BTreeSet<TraceId>> {
        let found = targets::carriers(connection, &needs.refs).await?;
        self.carriers.extend(found);
        let carriers = needs.refs.iter().filter_map(|wanted| self.carriers.get(wanted)).flatten();
        Ok(needs.traces().chain(carriers.map(|candidate| candidate.trace_id)).collect())
    }

    /// Begins a transaction that has the locks of the traces that are named; returns these, too.
    pub(super) async fn begin<'c>(
        &mut self,
        connection: &'c mut PgConnection,
        needs: &Needs,
    ) -> Result<(Transaction<'c, Postgres>, BTreeSet<TraceId>)> {
        let found = self.find(connection, needs).await?;
        let all_found = needs.refs.iter().all(|wanted| self.carriers.contains_key(wanted));
        if all_found || !needs.may_wait {
            self.locked.clone_from(&found);
            let transaction = locks::begin_with_traces(connection, found.iter().copied()).await.during(LOCK)?;
            return Ok((transaction, found));
        }
        let mut transaction = connection.begin().await.during(LOCK)?;
        // Nobody lands a trace from here on: what is not found now will find the verdict.
        locks::take(&mut transaction, &[PENDING]).await.during(LOCK)?;
        self.has_pending_lock = true;
        let found = self.find(&mut transaction, needs).await?;
        self.lock(&mut transaction, &found).await?;
        Ok((transaction, found))
    }

    /// Loads what is needed, with the traces that are named, which are locked.
    pub(super) async fn load(
        &mut self,
        connection: &mut PgConnection,
        needs: &Needs,
        wanted: BTreeSet<TraceId>,
        recent: &RecentMonths,
    ) -> Result<()> {
        if needs.landing.is_empty() && !self.some_wait {
            self.load_judged(connection, wanted, needs, recent).await?;
        } else {
            let landing: Vec<TraceId> = needs.landing.iter().copied().collect();
            self.load_landing(connection, &landing).await?;
            self.load_whole(connection, wanted.difference(&needs.landing).copied().collect(), needs).await?;
            self.load_retried(connection, needs).await?;
        }
        let unresolved = needs.may_wait && needs.judged.iter().any(|id| !self.traces.contains_key(id));
        if !self.has_pending_lock && (unresolved || !needs.landing.is_empty()) {
            self.has_pending_lock = true;
            match unresolved {
                true => {
                    locks::take(connection, &[PENDING]).await.during(LOCK)?;
                    // They may have landed before the lock was ours.
                    let missing = needs.judged.iter().filter(|id| !self.traces.contains_key(*id)).copied().collect();
                    self.load_whole(connection, missing, needs).await?;
                }
                false => locks::share(connection, PENDING).await.during(LOCK)?,
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

    /// Finds, locks and loads what is needed besides.
    pub(super) async fn load_more(
        &mut self,
        connection: &mut PgConnection,
        needs: &Needs,
        recent: &RecentMonths,
    ) -> Result<()> {
        let wanted = self.find(connection, needs).await?;
        self.lock(connection, &wanted).await?;
        self.load(connection, needs, wanted, recent).await
    }

    async fn lock(&mut self, connection: &mut PgConnection, wanted: &BTreeSet<TraceId>) -> Result<()> {
        let missing: Vec<TraceId> = wanted.difference(&self.locked).copied().collect();
        locks::take_traces(connection, missing.iter().copied()).await.during(LOCK)?;
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

    /// Traces with their assessments, and the spans that targets name.
    async fn load_whole(&mut self, connection: &mut PgConnection, traces: Vec<TraceId>, needs: &Needs) -> Result<()> {
        self.load_carrying(connection, &traces, needs).await?;
        let unknown: Vec<TraceId> = traces.into_iter().filter(|id| !self.traces.contains_key(id)).collect();
        if !unknown.is_empty() {
            self.traces.extend(read::outlines(connection, &unknown).await?);
        }
        Ok(())
    }

    async fn load_carrying(&mut self, connection: &mut PgConnection, traces: &[TraceId], needs: &Needs) -> Result<()> {
        let ids: Vec<SpanId> = needs.refs.iter().filter_map(|(id, _)| targets::span_of(id)).collect();
        let responses: Vec<String> = needs.refs.iter().filter_map(|(id, _)| response_of(id)).collect();
        if !(traces.is_empty() || ids.is_empty() && responses.is_empty()) {
            self.add_spans(spans::outlines_by_id(connection, &trace_uuids(traces), &ids, &responses).await?);
        }
        Ok(())
    }

    /// Traces that get no more than verdicts, with their assessments only where these matter.
    async fn load_judged(
        &mut self,
        connection: &mut PgConnection,
        wanted: BTreeSet<TraceId>,
        needs: &Needs,
        recent: &RecentMonths,
    ) -> Result<()> {
        let judged: Vec<TraceId> = wanted.difference(&needs.edited).copied().collect();
        self.load_carrying(connection, &judged, needs).await?;
        let mut whole = needs.edited.clone();
        if !(judged.is_empty() && needs.assessments.is_empty()) {
            let mut question = self.question(judged, needs);
            question.months = recent.range();
            let mut known = judged::known(connection, &question).await?;
            question.traces.retain(|id| !known.traces.contains_key(id));
            if question.months != ALL_MONTHS && !question.traces.is_empty() {
                question.months = ALL_MONTHS;
                let older = judged::known(connection, &question).await?;
                known.traces.extend(older.traces);
                known.concerned.extend(older.concerned);
            }
            recent.note(known.traces.values().map(|(info, _)| month(info.request_time)));
            self.pending.extend(known.held);
            let is_concerned = |id: &TraceId| known.concerned.contains(id);
            for (id, (info, judged_by)) in known.traces.into_iter().filter(|(id, _)| !is_concerned(id)) {
                self.others.insert(id, judged_by);
                self.traces.insert(id, info);
            }
            whole.extend(known.concerned);
        }
        self.lock(connection, &whole).await?;
        self.load_whole(connection, whole.into_iter().collect(), needs).await
    }

    fn question(&self, traces: Vec<TraceId>, needs: &Needs) -> Question {
        let mut question = Question { traces, source_types: needs.source_types.clone(), ..Question::default() };
        question.assessments = needs.assessments.union(&needs.replaced).copied().collect();
        for (wanted, source) in &needs.judges {
            let meant = match &wanted.0 {
                TargetRef::Trace(id) => vec![*id],
                _ => self.carriers.get(wanted).into_iter().flatten().map(|candidate| candidate.trace_id).collect(),
            };
            question.pairs.extend(meant.into_iter().map(|trace| (trace, source.clone())));
        }
        question
    }

    /// The source types of a trace's feedback that counts and was not loaded.
    pub(super) fn others(&self, trace: TraceId) -> SourceBits {
        self.others.get(&trace).copied().unwrap_or_default()
    }

    fn add_spans(&mut self, spans: Vec<Span>) {
        for span in spans {
            self.spans.entry(span.trace_id).or_default().push(span);
        }
    }

    /// The traces of assessments, and the verdicts on hold, whose ids are used again.
    async fn load_retried(&mut self, connection: &mut PgConnection, needs: &Needs) -> Result<()> {
        if needs.assessments.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = needs.assessments.iter().copied().map(assessment_uuid).collect();
        let (traces, held) = pending::known(connection, &ids).await?;
        let missing: BTreeSet<TraceId> = traces.into_iter().filter(|id| !self.traces.contains_key(id)).collect();
        if !missing.is_empty() {
            self.lock(connection, &missing).await?;
            self.load_whole(connection, missing.into_iter().collect(), needs).await?;
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

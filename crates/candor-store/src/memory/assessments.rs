use candor_model::{Assessment, AssessmentId, TimestampMs, TraceId};

use super::state::{Record, State};
use crate::target::{Resolved, TargetCandidate, may_mean};
use crate::validity::{current_verdict_like, revalidate};
use crate::{AssessmentUpdate, Logged, Missing, NewAssessment, Result, StoreError, WhenMissing};

impl State {
    pub(crate) fn log_assessment(&mut self, item: NewAssessment) -> Result<Logged> {
        if let Some(retried) = self.find_retried(&item)? {
            return Ok(retried);
        }
        match (self.resolve(&item.target)?, item.when_missing) {
            (Some(found), _) => self.attach(item, found).map(Logged::Created),
            (None, WhenMissing::Hold) => Ok(Logged::Pending(Box::new(self.pending.hold(item)))),
            (None, WhenMissing::Fail) => Err(StoreError::NotFound(Missing::from(item.target))),
        }
    }

    /// What an earlier call with the same id has led to.
    fn find_retried(&self, item: &NewAssessment) -> Result<Option<Logged>> {
        if let Some(trace) = self.assessments.get(&item.id) {
            let record = self.record(*trace)?;
            if !may_mean(&item.target, &TargetCandidate::from(&record.info)) {
                return Err(already_exists(item.id));
            }
            return Ok(record.assessment(item.id).cloned().map(Logged::Existing));
        }
        match self.pending.get(item.id) {
            Some(held) if held.item.target != item.target => Err(already_exists(item.id)),
            held => Ok(held.map(|held| Logged::Pending(Box::new(held.clone())))),
        }
    }

    /// Writes an assessment whose id is free onto the trace that its target means.
    pub(super) fn attach(&mut self, item: NewAssessment, found: Resolved) -> Result<Assessment> {
        let supersede = item.supersede;
        let mut new = item.on_trace(found.trace_id);
        new.span_id = new.span_id.or(found.span_id);
        let record = self.record(found.trace_id)?;
        match new.overrides {
            Some(id) if record.assessment(id).is_none() => {
                return Err(StoreError::NotFound(Missing::Assessment { id, trace: found.trace_id }));
            }
            None if supersede => new.overrides = current_verdict_like(&record.info.assessments, &new),
            _ => {}
        }
        let id = new.id;
        self.insert(new)?;
        self.assessment(found.trace_id, id).cloned()
    }

    /// Writes an assessment that came with its trace, unless it is there already.
    pub(super) fn add_embedded(&mut self, trace: TraceId, mut assessment: Assessment) -> Result<()> {
        assessment.trace_id = trace;
        match self.assessments.contains_key(&assessment.id) {
            true => Ok(()),
            false => self.insert(assessment),
        }
    }

    fn insert(&mut self, assessment: Assessment) -> Result<()> {
        let (id, trace) = (assessment.id, assessment.trace_id);
        let record = self.record_mut(trace)?;
        let all = &mut record.info.assessments;
        let place = all.partition_point(|earlier| earlier.create_time <= assessment.create_time);
        all.insert(place, assessment);
        revalidate(&mut record.info.assessments);
        self.assessments.insert(id, trace);
        self.arrivals.add(id);
        Ok(())
    }

    pub(super) fn assessment(&self, trace: TraceId, id: AssessmentId) -> Result<&Assessment> {
        self.record(trace)?.assessment(id).ok_or(StoreError::NotFound(Missing::Assessment { id, trace }))
    }

    pub(crate) fn update_assessment(
        &mut self,
        trace: TraceId,
        id: AssessmentId,
        update: AssessmentUpdate,
        at: TimestampMs,
    ) -> Result<Assessment> {
        let mut changed = self.assessment(trace, id)?.clone();
        update.apply_to(&mut changed, at)?;

        let record = self.record_mut(trace)?;
        if let Some(old) = record.info.assessments.iter_mut().find(|old| old.id == id) {
            *old = changed;
        }
        revalidate(&mut record.info.assessments); // the update may have made it a retraction
        self.assessment(trace, id).cloned()
    }

    pub(crate) fn delete_assessment(&mut self, trace: TraceId, id: AssessmentId) -> bool {
        let Some(record) = self.traces.get_mut(&trace) else { return false };
        let before = record.info.assessments.len();
        record.info.assessments.retain(|assessment| assessment.id != id);
        if record.info.assessments.len() == before {
            return false;
        }
        revalidate(&mut record.info.assessments);
        self.assessments.remove(&id);
        true
    }
}

impl Record {
    fn assessment(&self, id: AssessmentId) -> Option<&Assessment> {
        self.info.assessments.iter().find(|assessment| assessment.id == id)
    }
}

pub(super) fn already_exists(id: AssessmentId) -> StoreError {
    StoreError::AlreadyExists { what: format!("assessment {id}") }
}

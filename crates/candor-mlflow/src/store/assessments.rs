use std::collections::BTreeMap;

use candor_model::{Assessment, AssessmentBody, AssessmentId, TimestampMs, TraceId, TraceInfo, Value};
use candor_store::target::Resolved;
use candor_store::validity::{current_verdict_like, revalidate};
use candor_store::{
    AssessmentUpdate, Logged, Missing, NewAssessment, Result, StoreError, Target, TargetRef, WhenMissing,
};
use candor_wire::requests::UpdateAssessment;
use futures_util::{StreamExt, stream};

use super::keep::{self, check_value, loses_rationale, to_wire};
use crate::MlflowStore;
use crate::client::MAX_AT_ONCE;
use crate::error::BACKEND;

impl MlflowStore {
    /// Logs several at once when all name their trace, and each trace's own in order.
    pub(super) async fn log_all(&self, items: Vec<NewAssessment>) -> Vec<Result<Logged>> {
        let mut by_trace: BTreeMap<TraceId, Vec<(usize, NewAssessment)>> = BTreeMap::new();
        let named = |item: &NewAssessment| matches!(item.target.refs.as_slice(), [TargetRef::Trace(_)]);
        if !items.iter().all(named) {
            return self.log_in_order(items).await;
        }
        for (place, item) in items.into_iter().enumerate() {
            if let Some(TargetRef::Trace(trace)) = item.target.refs.first() {
                by_trace.entry(*trace).or_default().push((place, item));
            }
        }
        let mut answers: Vec<(usize, Result<Logged>)> = stream::iter(by_trace.into_values())
            .map(|items| async move {
                let (places, items): (Vec<usize>, Vec<NewAssessment>) = items.into_iter().unzip();
                places.into_iter().zip(self.log_in_order(items).await).collect::<Vec<_>>()
            })
            .buffer_unordered(MAX_AT_ONCE)
            .flat_map(stream::iter)
            .collect()
            .await;
        answers.sort_by_key(|(place, _)| *place);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    /// Items in a row with the same target cost one look at the trace together.
    async fn log_in_order(&self, items: Vec<NewAssessment>) -> Vec<Result<Logged>> {
        let mut answers = Vec::with_capacity(items.len());
        let mut items = items.into_iter().peekable();
        while let Some(item) = items.next() {
            let target = item.target.clone();
            let found = match self.find_trace(&target).await {
                Ok(Some(found)) => found,
                missing => {
                    answers.push(self.without_trace(item, missing.map(drop)).await);
                    continue;
                }
            };
            let _guard = self.locks.lock(found.trace_id).await;
            let mut info = self.existing_info(found.trace_id).await;
            let mut next = Some(item);
            while let Some(item) = next {
                answers.push(match &mut info {
                    Ok(info) => self.log_onto(info, found, item).await,
                    // Each item needs an error of its own; the trace is read again for it.
                    Err(_) => self.existing_info(found.trace_id).await.and_then(|_| Err(gone(found.trace_id))),
                });
                next = items.next_if(|next| next.target == target);
            }
        }
        answers
    }

    /// The trace that a target means; whether a trace that is named by its id exists is left open.
    async fn find_trace(&self, target: &Target) -> Result<Option<Resolved>> {
        match target.refs.as_slice() {
            [TargetRef::Trace(trace_id)] => {
                Ok(self.info(*trace_id).await?.map(|_| Resolved { trace_id: *trace_id, span_id: None }))
            }
            _ => self.resolve(target).await,
        }
    }

    /// What becomes of an item whose target means no trace, or none for sure: it may be a retry.
    async fn without_trace(&self, item: NewAssessment, found: Result<()>) -> Result<Logged> {
        if let Some(existing) = self.among_candidates(&item).await? {
            return Ok(Logged::Existing(existing));
        }
        found?;
        match item.when_missing {
            WhenMissing::Fail => Err(StoreError::NotFound(Missing::from(item.target))),
            WhenMissing::Hold => {
                Err(StoreError::Unsupported { backend: BACKEND, operation: "hold a verdict until its trace lands" })
            }
        }
    }

    /// Logs onto a trace of which all assessments are known.
    async fn log_onto(&self, info: &mut TraceInfo, found: Resolved, item: NewAssessment) -> Result<Logged> {
        if let Some(existing) = info.assessments.iter().find(|known| known.id == item.id) {
            return Ok(Logged::Existing(existing.clone()));
        }
        let mut new = item.clone().on_trace(found.trace_id);
        new.span_id = new.span_id.or(found.span_id);
        match new.overrides {
            Some(id) if info.assessments.iter().all(|known| known.id != id) => {
                return match self.among_candidates(&item).await? {
                    Some(existing) => Ok(Logged::Existing(existing)),
                    None => Err(StoreError::NotFound(Missing::Assessment { id, trace: found.trace_id })),
                };
            }
            None if item.supersede => new.overrides = current_verdict_like(&info.assessments, &new),
            _ => {}
        }
        match self.post_assessment(found.trace_id, to_wire(&new)?).await {
            Ok(mut stored) => {
                keep::restore_one(&mut stored);
                let id = stored.id;
                let all = &mut info.assessments;
                let place = all.partition_point(|earlier| earlier.create_time <= stored.create_time);
                all.insert(place, stored);
                revalidate(all);
                let created = all.iter().find(|known| known.id == id).cloned();
                created.map(Logged::Created).ok_or_else(|| gone(found.trace_id))
            }
            Err(error) if error.is_duplicate() => {
                *info = self.existing_info(found.trace_id).await?;
                let existing = match info.assessments.iter().find(|known| known.id == item.id) {
                    Some(existing) => Some(existing.clone()),
                    None => self.among_candidates(&item).await?,
                };
                existing.map(Logged::Existing).ok_or_else(|| already_exists(item.id))
            }
            Err(error) if error.is_missing() => {
                // Somebody has deleted the trace, or what is overridden.
                *info = self.existing_info(found.trace_id).await?;
                let overridden = new.overrides.map(|id| Missing::Assessment { id, trace: found.trace_id });
                Err(StoreError::NotFound(overridden.unwrap_or(Missing::Trace(found.trace_id))))
            }
            Err(error) => Err(error.during("log an assessment")),
        }
    }

    /// The assessment of that id on any trace that the target may have meant when it was logged.
    async fn among_candidates(&self, item: &NewAssessment) -> Result<Option<Assessment>> {
        for reference in &item.target.refs {
            let carriers = self.carriers(reference, item.target.experiment).await?;
            let all = carriers.into_iter().flat_map(|info| info.assessments);
            if let Some(existing) = all.into_iter().find(|known| known.id == item.id) {
                return Ok(Some(existing));
            }
        }
        Ok(None)
    }

    pub(super) async fn update(
        &self,
        trace: TraceId,
        id: AssessmentId,
        update: AssessmentUpdate,
        at: TimestampMs,
    ) -> Result<Assessment> {
        let _guard = self.locks.lock(trace).await;
        let mut info = self.existing_info(trace).await?;
        let missing = || StoreError::NotFound(Missing::Assessment { id, trace });
        let known = info.assessments.iter_mut().find(|known| known.id == id).ok_or_else(missing)?;
        update.clone().apply_to(known, at)?;
        check_value(&known.body)?;
        if matches!(known.body, AssessmentBody::Issue { .. }) {
            return Err(StoreError::Unsupported { backend: BACKEND, operation: "update a reference to an issue" });
        }
        let mut sent = UpdateAssessment {
            name: Some(known.name.clone()), // a mask must name something
            feedback: update.feedback,
            expectation: update.expectation,
            rationale: update.rationale,
            metadata: update.metadata,
        };
        if let Some(rationale) = &sent.rationale
            && loses_rationale(&known.body, rationale)
        {
            sent.metadata.insert(keep::RATIONALE.to_owned(), rationale.clone());
        }
        if let Some(Value::Int(number)) = sent.expectation {
            sent.metadata.insert(keep::INTEGER.to_owned(), number.to_string());
        }
        let stored = match self.patch_assessment(trace, id, &sent).await {
            Ok(stored) => stored,
            Err(error) if error.is_missing() => return Err(missing()),
            Err(error) => return Err(error.during("update an assessment")),
        };
        known.last_update_time = stored.last_update_time;
        revalidate(&mut info.assessments);
        info.assessments.into_iter().find(|known| known.id == id).ok_or_else(missing)
    }

    pub(super) async fn remove_assessment(&self, trace: TraceId, id: AssessmentId) -> Result<bool> {
        let _guard = self.locks.lock(trace).await;
        // The server does not say whether there was one.
        let there = self.info(trace).await?.is_some_and(|info| info.assessments.iter().any(|known| known.id == id));
        if there {
            self.erase_assessment(trace, id).await?;
        }
        Ok(there)
    }

    /// The trace's info; it must be there.
    pub(super) async fn existing_info(&self, trace: TraceId) -> Result<TraceInfo> {
        self.info(trace).await?.ok_or_else(|| gone(trace))
    }
}

pub(super) fn already_exists(id: AssessmentId) -> StoreError {
    StoreError::AlreadyExists { what: format!("assessment {id}") }
}

fn gone(trace: TraceId) -> StoreError {
    StoreError::NotFound(Missing::Trace(trace))
}

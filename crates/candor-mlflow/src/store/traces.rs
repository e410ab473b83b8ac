//! Starting traces, their tags, and their end.

use std::collections::HashSet;

use candor_filter::{Clause, CompareOp, Inequality, Number, NumberField};
use candor_model::{Assessment, AssessmentId, ExperimentId, LifecycleStage, TraceId, TraceInfo, keys};
use candor_store::ingest::MAX_SESSION_CHARS;
use candor_store::{ExperimentKey, Missing, Result, StoreError, TagChange, TraceSelection};
use candor_wire::requests::{DeleteTraceTag, DeleteTraces, SetTraceTag};
use futures_util::{StreamExt, stream};

use super::assessments::already_exists;
use super::keep::{self, to_wire};
use super::search::plan::text_of;
use crate::MlflowError;
use crate::MlflowStore;
use crate::client::MAX_AT_ONCE;

impl MlflowStore {
    /// Starts several at once, unless one is started twice.
    pub(super) async fn start_all(&self, infos: Vec<TraceInfo>) -> Vec<Result<TraceInfo>> {
        let mut seen = HashSet::new();
        let at_once = if infos.iter().all(|info| seen.insert(info.trace_id)) { MAX_AT_ONCE } else { 1 };
        stream::iter(infos).map(|info| self.start(info)).buffered(at_once).collect().await
    }

    async fn start(&self, mut info: TraceInfo) -> Result<TraceInfo> {
        check_session(&info)?;
        let id = info.trace_id;
        for key in [keys::ARTIFACT_LOCATION, keys::ARCHIVE_LOCATION] {
            info.tags.remove(key); // the server's to say; it refuses traces that come with the former
        }
        // Without this tag MLflow fails to read the trace until its spans have come, and Python
        // clients upload the spans once more, as a file.
        info.tags.insert(keys::SPANS_LOCATION.to_owned(), keys::TRACKING_STORE.to_owned());
        let mut fresh: Vec<Assessment> = Vec::new();
        for mut assessment in std::mem::take(&mut info.assessments) {
            assessment.trace_id = id;
            if !fresh.iter().any(|earlier| earlier.id == assessment.id) {
                fresh.push(assessment);
            }
        }
        if fresh.is_empty() {
            return self.post(info, Vec::new()).await;
        }
        for assessment in &fresh {
            keep::check_value(&assessment.body)?;
        }
        let _guard = self.locks.lock(id).await;
        match self.info(id).await? {
            None => self.post(info, fresh).await,
            Some(known) => {
                let known: HashSet<AssessmentId> = known.assessments.iter().map(|known| known.id).collect();
                fresh.retain(|assessment| !known.contains(&assessment.id));
                self.check_place(info.experiment_id).await?;
                self.claim(id, &fresh).await?;
                self.post(info, fresh).await
            }
        }
    }

    /// Sends the trace's info with assessments, which the server writes together, over those of the
    /// same ids.
    async fn post(&self, info: TraceInfo, fresh: Vec<Assessment>) -> Result<TraceInfo> {
        let (place, taken) = (info.experiment_id, fresh.first().map(|assessment| assessment.id));
        let mut sent = Vec::with_capacity(fresh.len());
        for assessment in &fresh {
            sent.push(to_wire(assessment)?);
        }
        match self.post_trace(&info, sent).await {
            // The answer to a second start may lack what it has added.
            Ok(stored) if !has_all(&stored, &info, &fresh) => self.existing_info(info.trace_id).await,
            Ok(mut stored) => {
                keep::restore(&mut stored);
                Ok(stored)
            }
            Err(error) => Err(self.why_not_started(error, place, taken).await?),
        }
    }

    /// Logs assessments to a trace that exists, one by one, so that no id is taken from another
    /// trace; if one is refused, those before it are deleted again.
    ///
    /// What they override is left out, since it need not exist; the start of the trace adds it.
    async fn claim(&self, trace: TraceId, fresh: &[Assessment]) -> Result<()> {
        for (done, assessment) in fresh.iter().enumerate() {
            let mut sent = to_wire(assessment)?;
            sent.overrides = None;
            let Err(error) = self.post_assessment(trace, sent).await else { continue };
            let there = error.is_duplicate()
                && self.existing_info(trace).await?.assessments.iter().any(|known| known.id == assessment.id);
            if there {
                continue; // an earlier attempt was cut off
            }
            for earlier in &fresh[..done] {
                self.erase_assessment(trace, earlier.id).await?;
            }
            return Err(match error.is_duplicate() {
                true => already_exists(assessment.id),
                false => error.during("log an assessment"),
            });
        }
        Ok(())
    }

    /// Whether the experiment takes traces.
    async fn check_place(&self, id: ExperimentId) -> Result<()> {
        match self.experiment(&ExperimentKey::Id(id)).await? {
            None => Err(StoreError::NotFound(Missing::Experiment(id))),
            Some(experiment) if experiment.lifecycle_stage == LifecycleStage::Deleted => {
                Err(StoreError::ExperimentDeleted { id })
            }
            Some(_) => Ok(()),
        }
    }

    /// MLflow tells a taken id of an assessment as a trace that "no longer exists".
    async fn why_not_started(
        &self,
        error: MlflowError,
        place: ExperimentId,
        taken: Option<AssessmentId>,
    ) -> Result<StoreError> {
        if !error.is_missing() && !error.is_refused() {
            return Ok(error.during("start a trace"));
        }
        if let Err(reason) = self.check_place(place).await {
            return Ok(reason);
        }
        match taken {
            Some(id) if error.is_missing() => Ok(already_exists(id)),
            _ => Ok(error.during("start a trace")),
        }
    }

    pub(super) async fn change_tag(&self, trace: TraceId, change: TagChange) -> Result<()> {
        let sent = match &change {
            TagChange::Set { key, value } => {
                self.set_tag(trace, &SetTraceTag { key: key.clone(), value: value.clone() }).await
            }
            TagChange::Delete { key } => self.unset_tag(trace, &DeleteTraceTag { key: key.clone() }).await,
        };
        let Err(error) = sent else { return Ok(()) };
        // A tag for a trace that does not exist is refused with the text of an SQL error.
        if (error.is_missing() || error.is_refused()) && self.info(trace).await?.is_none() {
            return Err(StoreError::NotFound(Missing::Trace(trace)));
        }
        match change {
            TagChange::Delete { key } if error.is_missing() => {
                Err(StoreError::NotFound(Missing::TraceTag { key, trace }))
            }
            _ => Err(error.during("change a tag of a trace")),
        }
    }

    pub(super) async fn delete(&self, experiment_id: ExperimentId, selection: TraceSelection) -> Result<u64> {
        match selection {
            TraceSelection::Ids(trace_ids) => self.delete_by_ids(experiment_id, trace_ids).await,
            TraceSelection::Until { max_request_time: max_timestamp, max_traces: None } => {
                self.erase_traces(&DeleteTraces::Until { experiment_id, max_timestamp, max_traces: None }).await
            }
            TraceSelection::Until { max_request_time, max_traces: Some(max_traces) } => {
                // The server promises no order among traces of the same time.
                let until = Clause::Number {
                    field: NumberField::TimestampMs,
                    op: CompareOp::Order(Inequality::Le),
                    value: Number::Int(max_request_time.as_millis()),
                };
                let order = ["timestamp_ms ASC", "request_id ASC"].map(str::to_owned);
                let text = text_of(&until);
                let mut ids: Vec<TraceId> = Vec::new();
                let mut offset = 0;
                while ids.len() < max_traces as usize {
                    let size = (max_traces as usize - ids.len()).min(candor_wire::requests::MAX_TRACES);
                    let page = self.raw_page(&[experiment_id], text.as_deref(), &order, offset, size).await?;
                    let (rows, is_last) = page;
                    ids.extend(rows.iter().map(|(_, info)| info.trace_id));
                    offset += size;
                    if is_last {
                        break;
                    }
                }
                self.delete_by_ids(experiment_id, ids).await
            }
        }
    }

    async fn delete_by_ids(&self, experiment_id: ExperimentId, trace_ids: Vec<TraceId>) -> Result<u64> {
        const AT_ONCE: usize = 100; // what the Python client sends
        let mut seen = HashSet::new();
        let unique: Vec<TraceId> = trace_ids.into_iter().filter(|id| seen.insert(*id)).collect();
        let mut deleted = 0;
        for chunk in unique.chunks(AT_ONCE) {
            deleted += self.erase_traces(&DeleteTraces::Ids { experiment_id, trace_ids: chunk.to_vec() }).await?;
        }
        Ok(deleted)
    }
}

fn has_all(stored: &TraceInfo, sent: &TraceInfo, fresh: &[Assessment]) -> bool {
    sent.tags.iter().all(|(key, value)| stored.tags.get(key) == Some(value))
        && sent.metadata.iter().all(|(key, value)| stored.metadata.get(key) == Some(value))
        && fresh.iter().all(|new| stored.assessments.iter().any(|known| known.id == new.id))
}

fn check_session(info: &TraceInfo) -> Result<()> {
    match info.session() {
        Some(session) if session.chars().count() > MAX_SESSION_CHARS => Err(StoreError::Invalid {
            field: "Session ID",
            reason: format!("'Session ID' exceeds the maximum length of {MAX_SESSION_CHARS} characters"),
        }),
        _ => Ok(()),
    }
}

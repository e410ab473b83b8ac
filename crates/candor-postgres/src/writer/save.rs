//! Writing what a batch has changed.

use std::collections::{HashMap, HashSet};

use candor_model::{Assessment, AssessmentId, AssessmentKind, SpanId, TraceId, TraceInfo};
use candor_store::{Result, WorkingSet};
use sqlx::PgConnection;
use uuid::Uuid;

use super::load::Loaded;
use crate::convert::{assessment_uuid, month};
use crate::error::{During, from_driver, is_duplicate};
use crate::rollups::Changes;
use crate::traces::{Place, change, rows, spans};
use crate::{assessments, pending};

/// Writes all that is different in `set`; `spans` are those that have come.
pub(super) async fn save(
    connection: &mut PgConnection,
    loaded: &Loaded,
    set: &WorkingSet,
    spans: &HashSet<(TraceId, SpanId)>,
) -> Result<()> {
    save_traces(connection, loaded, set).await?;
    save_spans(connection, set, spans).await?;
    save_pending(connection, loaded, set).await?;
    save_assessments(connection, loaded, set, changes(loaded, set)).await
}

/// By how much the counts of traces and of their feedback change.
fn changes(loaded: &Loaded, set: &WorkingSet) -> Changes {
    let mut changes = Changes::default();
    for info in set.traces() {
        let before = loaded.traces.get(&info.trace_id);
        if before
            .is_none_or(|before| before.assessments != info.assessments || Place::from(before) != Place::from(info))
        {
            changes.of(before, Some(info), loaded.others(info.trace_id));
        }
    }
    changes
}

async fn save_traces(connection: &mut PgConnection, loaded: &Loaded, set: &WorkingSet) -> Result<()> {
    const OPERATION: &str = "write traces";
    let (mut new, mut changed, mut moved) = (rows::Rows::default(), rows::Rows::default(), Vec::new());
    for info in set.traces() {
        match loaded.traces.get(&info.trace_id) {
            None => new.push(info, month(info.request_time)),
            Some(old) if same_row(old, info) => {}
            Some(old) => {
                changed.push(info, month(old.request_time));
                let places = (Place::from(old), Place::from(info));
                moved.extend(Some(places).filter(|(old, new)| old != new));
            }
        }
    }
    if !new.is_empty() {
        new.insert(connection).await.map_err(conflict)?;
    }
    if !changed.is_empty() {
        changed.update(connection).await.during(OPERATION)?;
    }
    for (old, new) in moved {
        change::move_to(connection, &old, &new).await?;
    }
    Ok(())
}

/// Whether the row of the trace itself stays as it is.
fn same_row(old: &TraceInfo, new: &TraceInfo) -> bool {
    let TraceInfo {
        trace_id: _,
        experiment_id,
        client_request_id,
        request_time,
        execution_duration,
        state,
        request_preview,
        response_preview,
        tags,
        metadata,
        assessments: _,
    } = old;
    *experiment_id == new.experiment_id
        && *client_request_id == new.client_request_id
        && *request_time == new.request_time
        && *execution_duration == new.execution_duration
        && *state == new.state
        && *request_preview == new.request_preview
        && *response_preview == new.response_preview
        && *tags == new.tags
        && *metadata == new.metadata
}

async fn save_spans(
    connection: &mut PgConnection,
    set: &WorkingSet,
    written: &HashSet<(TraceId, SpanId)>,
) -> Result<()> {
    let mut rows = spans::Rows::default();
    for (trace, id) in written {
        if let (Some(info), Some(span)) = (set.info(*trace), set.span(*trace, *id)) {
            rows.push(month(info.request_time), span);
        }
    }
    match rows.is_empty() {
        true => Ok(()),
        false => rows.put(connection).await.during("write spans"),
    }
}

async fn save_pending(connection: &mut PgConnection, loaded: &Loaded, set: &WorkingSet) -> Result<()> {
    let held = set.pending();
    let still: HashSet<i64> = held.iter().map(|(number, _)| *number).collect();
    let gone: Vec<i64> = loaded.pending.keys().copied().filter(|number| !still.contains(number)).collect();
    if !gone.is_empty() {
        pending::delete(connection, &gone).await?;
    }
    for (_, new) in held.into_iter().filter(|(number, _)| !loaded.pending.contains_key(number)) {
        pending::insert(connection, new).await?;
    }
    Ok(())
}

async fn save_assessments(
    connection: &mut PgConnection,
    loaded: &Loaded,
    set: &WorkingSet,
    changes: Changes,
) -> Result<()> {
    const OPERATION: &str = "write assessments";
    let mut before: HashMap<AssessmentId, &Assessment> = HashMap::new();
    for info in loaded.traces.values().filter(|info| set.info(info.trace_id) != Some(info)) {
        before.extend(info.assessments.iter().map(|assessment| (assessment.id, assessment)));
    }
    let logged: Vec<AssessmentId> = set.logged().collect();
    let is_logged: HashSet<AssessmentId> = logged.iter().copied().collect();
    let (mut new, mut changed, mut gone) = (HashMap::new(), assessments::Rows::default(), Vec::<Uuid>::new());
    for info in set.traces() {
        for assessment in &info.assessments {
            let old = before.remove(&assessment.id);
            if is_logged.contains(&assessment.id) {
                // What had the id before was deleted meanwhile.
                gone.extend(old.map(|old| assessment_uuid(old.id)));
                new.insert(assessment.id, (info, assessment));
            } else if old.is_some_and(|old| old != assessment) {
                changed.push(&Place::from(info), assessment);
            }
        }
    }
    gone.extend(before.into_keys().map(assessment_uuid));
    if !gone.is_empty() {
        const DELETE: &str = "DELETE FROM assessments WHERE assessment_id = ANY($1)";
        sqlx::query(DELETE).bind(gone).execute(&mut *connection).await.during(OPERATION)?;
    }
    if changed.len() > 0 {
        changed.update(connection).await.during(OPERATION)?;
    }
    let mut rows = assessments::Rows::default();
    let mut has_feedback = false;
    for (info, assessment) in logged.iter().filter_map(|id| new.get(id)) {
        rows.push(&Place::from(*info), assessment);
        has_feedback |= assessment.body.kind() == AssessmentKind::Feedback;
    }
    match rows.len() {
        0 => changes.write(connection).await,
        _ => rows.insert(connection, changes, has_feedback).await.map_err(conflict),
    }
}

/// An id that was free a moment ago is taken: another instance was faster, and the batch is done anew.
fn conflict(error: sqlx::Error) -> candor_store::StoreError {
    match is_duplicate(&error) {
        true => candor_store::StoreError::Unavailable { backend: crate::error::BACKEND, source: Box::new(error) },
        false => from_driver("write rows", error),
    }
}

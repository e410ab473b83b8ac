//! Verdicts on traces: logging, changing, and keeping `valid` true.

pub(crate) mod row;

use candor_model::{Assessment, AssessmentId, TimestampMs, TraceId};
use candor_store::target::{Resolved, may_mean};
use candor_store::{AssessmentUpdate, Logged, Missing, NewAssessment, Result, StoreError, WhenMissing};
use rusqlite::{Connection, params};

use crate::convert::{kind_code, source_code, span_number};
use crate::error::During;
use crate::statements::Statements;
use crate::targets::{self, Candidate};
use crate::{pending, traces};

pub(crate) fn log(connection: &Connection, item: NewAssessment) -> Result<Logged> {
    if let Some(retried) = find_retried(connection, &item)? {
        return Ok(retried);
    }
    match (targets::resolve(connection, &item.target)?, item.when_missing) {
        (Some((found, trace)), _) => attach(connection, item, found, &trace).map(Logged::Created),
        (None, WhenMissing::Hold) => pending::hold(connection, item).map(|held| Logged::Pending(Box::new(held))),
        (None, WhenMissing::Fail) => Err(StoreError::NotFound(Missing::from(item.target))),
    }
}

/// What an earlier call with the same id has led to.
fn find_retried(connection: &Connection, item: &NewAssessment) -> Result<Option<Logged>> {
    if let Some(assessment) = row::find(connection, item.id)? {
        let trace = targets::find_trace(connection, assessment.trace_id)?;
        return match trace {
            Some(trace) if may_mean(&item.target, &trace.candidate) => Ok(Some(Logged::Existing(assessment))),
            _ => Err(already_exists(item.id)),
        };
    }
    match pending::find(connection, item.id)? {
        Some(held) if held.item.target != item.target => Err(already_exists(item.id)),
        held => Ok(held.map(|held| Logged::Pending(Box::new(held)))),
    }
}

/// Writes an assessment whose id is free onto the trace that its target means.
///
/// Whatever refuses it does so before anything is written.
pub(crate) fn attach(
    connection: &Connection,
    item: NewAssessment,
    found: Resolved,
    trace: &Candidate,
) -> Result<Assessment> {
    let supersede = item.supersede;
    let mut new = item.on_trace(found.trace_id);
    new.span_id = new.span_id.or(found.span_id);
    match new.overrides {
        Some(id) if !exists_on(connection, trace.pk, id)? => {
            return Err(StoreError::NotFound(Missing::Assessment { id, trace: found.trace_id }));
        }
        None if supersede => new.overrides = current_verdict_like(connection, trace.pk, &new)?,
        _ => {}
    }
    insert(connection, trace, new)
}

/// Writes an assessment that came with its trace, unless it is there already.
///
/// # Errors
/// [`StoreError::AlreadyExists`] when the id belongs to another trace.
pub(crate) fn add_embedded(connection: &Connection, trace: &Candidate, mut assessment: Assessment) -> Result<()> {
    assessment.trace_id = trace.candidate.trace_id;
    if row::trace_of(connection, assessment.id)?.is_none() {
        insert(connection, trace, assessment)?;
    }
    Ok(())
}

fn insert(connection: &Connection, trace: &Candidate, mut new: Assessment) -> Result<Assessment> {
    new.valid = !new.is_retraction() && !is_overridden(connection, trace.pk, new.id)?;
    row::insert(connection, trace, &new)?;
    if let Some(overridden) = new.overrides.filter(|overridden| *overridden != new.id) {
        const INVALIDATE: &str =
            "UPDATE assessments SET valid = 0 WHERE assessment_id = ?1 AND trace_pk = ?2 AND valid = 1";
        connection.run(INVALIDATE, params![overridden.as_bytes(), trace.pk]).during("override an assessment")?;
    }
    Ok(new)
}

pub(crate) fn get(connection: &Connection, trace: TraceId, id: AssessmentId) -> Result<Assessment> {
    match row::find(connection, id)?.filter(|found| found.trace_id == trace) {
        Some(assessment) => Ok(assessment),
        None if traces::row::pk_of(connection, trace)?.is_some() => {
            Err(StoreError::NotFound(Missing::Assessment { id, trace }))
        }
        None => Err(StoreError::NotFound(Missing::Trace(trace))),
    }
}

pub(crate) fn update(
    connection: &Connection,
    trace: TraceId,
    id: AssessmentId,
    update: AssessmentUpdate,
    at: TimestampMs,
) -> Result<Assessment> {
    let mut changed = get(connection, trace, id)?;
    update.apply_to(&mut changed, at)?;

    let owner = targets::find_trace(connection, trace)?.ok_or(StoreError::NotFound(Missing::Trace(trace)))?;
    row::replace(connection, &owner, &changed)?;
    revalidate(connection, owner.pk)?; // the update may have made it a retraction
    get(connection, trace, id)
}

pub(crate) fn delete(connection: &Connection, trace: TraceId, id: AssessmentId) -> Result<bool> {
    let Some(pk) = traces::row::pk_of(connection, trace)? else { return Ok(false) };
    const DELETE: &str = "DELETE FROM assessments WHERE assessment_id = ? AND trace_pk = ?";
    let deleted = connection.run(DELETE, params![id.as_bytes(), pk]).during("delete an assessment")?;
    if deleted > 0 {
        revalidate(connection, pk)?;
    }
    Ok(deleted > 0)
}

/// Makes `valid` true again of exactly those that nothing overrides and that withdraw nothing.
fn revalidate(connection: &Connection, trace_pk: i64) -> Result<()> {
    const REVALIDATE: &str = "
        WITH truth (pk, valid) AS (
            SELECT own.pk, own.retraction = 0 AND NOT EXISTS (
                SELECT 1 FROM assessments AS other
                WHERE other.overrides = own.assessment_id AND other.trace_pk = own.trace_pk AND other.pk <> own.pk)
            FROM assessments AS own WHERE own.trace_pk = ?1)
        UPDATE assessments SET valid = truth.valid
        FROM truth WHERE truth.pk = assessments.pk AND truth.valid <> assessments.valid";
    connection.run(REVALIDATE, [trace_pk]).during("find out which assessments are valid").map(drop)
}

/// Whether an assessment overrides that id, which may come later or again.
fn is_overridden(connection: &Connection, trace_pk: i64, id: AssessmentId) -> Result<bool> {
    const SELECT: &str = "SELECT 1 FROM assessments WHERE overrides = ? AND trace_pk = ?";
    let found = connection.first(SELECT, params![id.as_bytes(), trace_pk], |_| Ok(()));
    Ok(found.during("look an assessment up")?.is_some())
}

fn exists_on(connection: &Connection, trace_pk: i64, id: AssessmentId) -> Result<bool> {
    const SELECT: &str = "SELECT 1 FROM assessments WHERE assessment_id = ? AND trace_pk = ?";
    let found = connection.first(SELECT, params![id.as_bytes(), trace_pk], |_| Ok(()));
    Ok(found.during("look an assessment up")?.is_some())
}

/// The newest assessment of the same natural key that no other one overrides.
fn current_verdict_like(connection: &Connection, trace_pk: i64, new: &Assessment) -> Result<Option<AssessmentId>> {
    let Some(source_id) = &new.source.source_id else { return Ok(None) };
    // No ORDER BY with LIMIT: SQLite would set up a table to sort what is one row nearly always.
    const SELECT: &str = "
        SELECT own.create_ms, own.pk, own.assessment_id FROM assessments AS own
        WHERE own.trace_pk = ?1 AND own.name = ?2 AND own.source_id = ?3 AND own.source_type = ?4
          AND own.kind = ?5 AND own.span_id IS ?6
          AND NOT EXISTS (
              SELECT 1 FROM assessments AS other
              WHERE other.overrides = own.assessment_id AND other.trace_pk = own.trace_pk AND other.pk <> own.pk)";
    let key = params![
        trace_pk,
        new.name.as_str(),
        source_id.as_str(),
        source_code(new.source.source_type),
        kind_code(new.body.kind()),
        new.span_id.map(span_number),
    ];
    let found: Vec<(i64, i64, [u8; 16])> = connection
        .all(SELECT, key, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .during("look an earlier verdict up")?;
    Ok(found.into_iter().max().map(|(_, _, id)| AssessmentId::from_bytes(id)))
}

pub(crate) fn already_exists(id: AssessmentId) -> StoreError {
    StoreError::AlreadyExists { what: format!("assessment {id}") }
}

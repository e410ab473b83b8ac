//! Traces: what clients and spans tell of them, and what hangs on them.

pub(crate) mod known_keys;
pub(crate) mod packing;
pub(crate) mod row;
pub(crate) mod spans;

use std::collections::BTreeMap;

use candor_model::{Experiment, ExperimentId, LifecycleStage, Span, SpanId, TraceId, TraceInfo};
use candor_store::ingest::{SpanUsage, TraceSpans, by_trace, merge_spans, merge_started};
use candor_store::target::ids_of;
use candor_store::{Missing, Result, SpanBatch, StoreError, TagChange, TargetRef, TraceLink, TraceSelection};
use rusqlite::{Connection, params};

use crate::convert::json_ids;
use crate::error::During;
use crate::statements::Statements;
use crate::targets::Candidate;
use crate::{assessments, experiments, pending};

/// Writes what a client says of a trace and returns all that is known of it.
///
/// Whatever refuses it does so before anything is written.
pub(crate) fn start(connection: &Connection, mut incoming: TraceInfo) -> Result<TraceInfo> {
    let id = incoming.trace_id;
    let experiment = experiments::find_bare(connection, incoming.experiment_id)?;
    if experiment.lifecycle_stage == LifecycleStage::Deleted {
        return Err(StoreError::ExperimentDeleted { id: experiment.id });
    }
    let known = row::find(connection, id)?;
    let embedded = std::mem::take(&mut incoming.assessments);
    for new in &embedded {
        let on = assessments::row::trace_of(connection, new.id)?;
        if on.is_some() && on != known.as_ref().map(|(pk, _)| *pk) {
            return Err(assessments::already_exists(new.id));
        }
    }
    let moved = known.as_ref().is_some_and(|(_, old)| old.experiment_id != incoming.experiment_id);
    let info = merge_started(known.as_ref().map(|(_, old)| old.clone()), incoming, &experiment)?;

    let pk = row::put(connection, known, &info)?;
    let trace = Candidate {
        pk,
        experiment_id: info.experiment_id.get(),
        request_ms: info.request_time.as_millis(),
        judged_by: 0,
        candidate: (&info).into(),
    };
    for assessment in embedded {
        assessments::add_embedded(connection, &trace, assessment)?;
    }
    let mut landed = ids_of(&info, []);
    if moved {
        landed.extend(spans::refs(connection, pk)?); // verdicts may wait for them in this experiment
    }
    pending::attach(connection, &landed)?;
    let with_assessments = row::load(connection, &[pk])?.pop();
    with_assessments.ok_or(StoreError::NotFound(Missing::Trace(id)))
}

/// Writes a batch of completed spans, whose contents are those, all or nothing.
///
/// Whatever refuses it does so before anything is written.
pub(crate) fn log_spans(connection: &Connection, batch: &SpanBatch, contents: &spans::Contents) -> Result<()> {
    let named = experiments::find_bare(connection, batch.experiment_id)?;
    let traces = by_trace(&batch.groups);
    let merged: Vec<Merged<'_>> = traces.iter().map(|trace| merge(connection, trace, &named)).collect::<Result<_>>()?;
    let mut landed: Vec<TargetRef> = Vec::new();
    for trace in merged {
        let pk = row::put(connection, trace.known, &trace.info)?;
        spans::put(connection, pk, &trace.stored, trace.spans.values().copied(), contents)?;
        landed.extend(ids_of(&trace.info, trace.spans.into_values()));
    }
    pending::attach(connection, &landed)
}

/// A trace after a batch of its spans, not yet written.
struct Merged<'a> {
    /// What the file has of it.
    known: Option<(i64, TraceInfo)>,
    stored: Vec<spans::Stored>,
    info: TraceInfo,
    /// Those to write; of two spans of one id the later.
    spans: BTreeMap<SpanId, &'a Span>,
}

fn merge<'a>(connection: &Connection, trace: &TraceSpans<'a>, named: &Experiment) -> Result<Merged<'a>> {
    let known = row::find(connection, trace.trace_id)?;
    let spans: BTreeMap<SpanId, &Span> = trace.spans.iter().map(|(_, span)| (span.span_id, *span)).collect();
    let stored = match &known {
        Some((pk, _)) => spans::stored(connection, *pk)?,
        None => Vec::new(),
    };
    spans::check_room(&stored, spans.len())?;
    let others = stored.iter().map(|span| &span.usage).filter(|span| !spans.contains_key(&span.span_id));
    let mut usage: Vec<SpanUsage> = others.cloned().chain(spans.values().map(|span| SpanUsage::of(span))).collect();
    usage.sort_by_key(|span| span.span_id); // sums of doubles depend on the order

    let info = match &known {
        Some((_, old)) => {
            let experiment = experiments::find_bare(connection, old.experiment_id)?;
            merge_spans(Some(old.clone()), trace, &usage, &experiment)?
        }
        None => merge_spans(None, trace, &usage, named)?,
    };
    Ok(Merged { known, stored, info, spans })
}

pub(crate) fn change_tag(connection: &Connection, id: TraceId, change: TagChange) -> Result<()> {
    let pk = row::pk_of(connection, id)?.ok_or(StoreError::NotFound(Missing::Trace(id)))?;
    match change {
        TagChange::Set { key, value } => row::set_tag(connection, pk, key.as_str(), &value),
        TagChange::Delete { key } => {
            const DELETE: &str = "DELETE FROM trace_tags WHERE trace_pk = ? AND key = ?";
            match connection.run(DELETE, params![pk, known_keys::stored(&key)]).during("untag a trace")? {
                0 => Err(StoreError::NotFound(Missing::TraceTag { key, trace: id })),
                _ => Ok(()),
            }
        }
    }
}

pub(crate) const DELETE_BY_ID: &str = "
    DELETE FROM traces WHERE experiment_id = ?1
    AND trace_id IN (SELECT unhex(value) FROM json_each(?2))";
pub(crate) const DELETE_OLDEST: &str = "
    DELETE FROM traces WHERE pk IN (
        SELECT pk FROM traces INDEXED BY traces_by_time WHERE experiment_id = ?1 AND request_ms <= ?2
        ORDER BY request_ms, trace_id LIMIT ?3)";

pub(crate) fn delete(connection: &Connection, experiment: ExperimentId, selection: &TraceSelection) -> Result<u64> {
    let deleted = match selection {
        TraceSelection::Ids(ids) => connection.run(DELETE_BY_ID, params![experiment.get(), json_ids(ids)]),
        TraceSelection::Until { max_request_time, max_traces } => {
            let limit = max_traces.map_or(-1, i64::from);
            connection.run(DELETE_OLDEST, params![experiment.get(), max_request_time.as_millis(), limit])
        }
    };
    Ok(deleted.during("delete traces")? as u64)
}

pub(crate) fn link(connection: &Connection, ids: &[TraceId], link: &TraceLink) -> Result<()> {
    const TO_RUN: &str = "
        INSERT OR IGNORE INTO trace_runs
        SELECT pk, ?2 FROM traces WHERE trace_id IN (SELECT unhex(value) FROM json_each(?1))";
    const TO_PROMPT: &str = "
        INSERT OR IGNORE INTO trace_prompts
        SELECT pk, ?2 FROM traces WHERE trace_id IN (SELECT unhex(value) FROM json_each(?1))";
    let linked = match link {
        TraceLink::Run(run) => connection.run(TO_RUN, params![json_ids(ids), run]),
        TraceLink::PromptVersion { name, version } => {
            connection.run(TO_PROMPT, params![json_ids(ids), format!("{name}/{version}")])
        }
    };
    linked.during("link traces").map(drop)
}

//! A trace's info as rows: the trace itself, its tags, its metadata.

use std::collections::{BTreeMap, HashSet};

use candor_model::{ClientRequestId, DurationMs, Trace, TraceId, TraceInfo};
use candor_store::Result;
use rusqlite::{Connection, Row, params};

use super::{known_keys, spans};
use crate::convert::{experiment_id, json_ids, json_numbers, time, trace_id, trace_state};
use crate::error::{During, corrupt};
use crate::statements::Statements;
use crate::{assessments, rollups};

macro_rules! columns {
    () => {
        "SELECT t.pk, t.trace_id, t.experiment_id, t.client_request_id, t.request_ms, t.duration_ms, t.state, \
         t.request_preview, t.response_preview"
    };
}
pub(crate) fn pk_of(connection: &Connection, id: TraceId) -> Result<Option<i64>> {
    const SELECT: &str = "SELECT pk FROM traces WHERE trace_id = ?";
    connection.first(SELECT, [id.as_bytes()], |row| row.get(0)).during("look a trace up")
}

/// The trace's number and info, without its assessments.
pub(crate) fn find(connection: &Connection, id: TraceId) -> Result<Option<(i64, TraceInfo)>> {
    const SELECT: &str = concat!(columns!(), " FROM traces AS t WHERE t.trace_id = ?");
    let found = connection.first(SELECT, [id.as_bytes()], |row| Ok(read(row))).during("read a trace")?;
    let Some((pk, mut info)) = found.transpose()? else { return Ok(None) };
    info.tags = texts_of(connection, TAGS, pk)?;
    info.metadata = texts_of(connection, METADATA, pk)?;
    Ok(Some((pk, info)))
}

/// Writes a trace's info, save for its assessments; `known` is what the file has of it.
pub(crate) fn put(connection: &Connection, known: Option<(i64, TraceInfo)>, info: &TraceInfo) -> Result<i64> {
    match known {
        Some((pk, old)) => replace(connection, pk, &old, info).map(|()| pk),
        None => insert(connection, info),
    }
}

const OPERATION: &str = "write a trace";

fn insert(connection: &Connection, info: &TraceInfo) -> Result<i64> {
    const INSERT: &str = "
        INSERT INTO traces (trace_id, experiment_id, client_request_id, request_ms, duration_ms, state, session,
            request_preview, response_preview)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    // No REPLACE: it makes SQLite keep a journal for each of these many small statements.
    const TAG: &str = "INSERT INTO trace_tags (trace_pk, key, value) VALUES (?, ?, ?)";
    const ENTRY: &str = "INSERT INTO trace_metadata (trace_pk, key, value) VALUES (?, ?, ?)";
    write_row(connection, INSERT, info)?;
    let pk = connection.last_insert_rowid();
    rollups::count_trace(connection, pk)?;
    for (sql, texts) in [(TAG, &info.tags), (ENTRY, &info.metadata)] {
        let mut insert = connection.prepare_cached(sql).during(OPERATION)?;
        for (key, value) in texts {
            insert.execute(params![pk, known_keys::stored(key), value]).during(OPERATION)?;
        }
    }
    Ok(pk)
}

fn replace(connection: &Connection, pk: i64, old: &TraceInfo, info: &TraceInfo) -> Result<()> {
    const UPDATE: &str = "
        UPDATE traces SET experiment_id = ?2, client_request_id = ?3, request_ms = ?4, duration_ms = ?5, state = ?6,
            session = ?7, request_preview = ?8, response_preview = ?9
        WHERE trace_id = ?1";
    const MOVE_ASSESSMENTS: &str = "
        UPDATE assessments
        SET experiment_id = ?2, trace_ms = ?3, session = CASE WHEN for_session = 1 THEN ?4 END
        WHERE trace_pk = ?1";
    if !same_row(old, info) {
        write_row(connection, UPDATE, info)?;
    }
    let place = |info: &TraceInfo| (info.experiment_id, info.request_time, info.session().map(str::to_owned));
    if place(old) != place(info) {
        let moved = params![pk, info.experiment_id.get(), info.request_time.as_millis(), info.session()];
        connection.run(MOVE_ASSESSMENTS, moved).during(OPERATION)?;
    }
    for (key, value) in info.tags.iter().filter(|(key, value)| old.tags.get(*key) != Some(value)) {
        set_tag(connection, pk, key, value)?;
    }
    for (key, value) in info.metadata.iter().filter(|(key, value)| old.metadata.get(*key) != Some(value)) {
        const SET: &str = "
            INSERT INTO trace_metadata (trace_pk, key, value) VALUES (?, ?, ?)
            ON CONFLICT DO UPDATE SET value = excluded.value";
        connection.run(SET, params![pk, known_keys::stored(key), value]).during(OPERATION)?;
    }
    Ok(())
}

fn write_row(connection: &Connection, sql: &str, info: &TraceInfo) -> Result<()> {
    let values = params![
        info.trace_id.as_bytes(),
        info.experiment_id.get(),
        info.client_request_id.as_ref().map(ClientRequestId::as_str),
        info.request_time.as_millis(),
        info.execution_duration.map(DurationMs::as_millis),
        info.state.as_str(),
        info.session(),
        info.request_preview,
        info.response_preview,
    ];
    connection.run(sql, values).during(OPERATION).map(drop)
}

/// Whether the row of the trace itself stays as it is, as with most batches of spans.
fn same_row(old: &TraceInfo, new: &TraceInfo) -> bool {
    old.experiment_id == new.experiment_id
        && old.client_request_id == new.client_request_id
        && old.request_time == new.request_time
        && old.execution_duration == new.execution_duration
        && old.state == new.state
        && old.session() == new.session()
        && old.request_preview == new.request_preview
        && old.response_preview == new.response_preview
}

pub(crate) fn set_tag(connection: &Connection, pk: i64, key: &str, value: &str) -> Result<()> {
    const SET: &str = "
        INSERT INTO trace_tags (trace_pk, key, value) VALUES (?, ?, ?)
        ON CONFLICT DO UPDATE SET value = excluded.value";
    connection.run(SET, params![pk, known_keys::stored(key), value]).during("tag a trace").map(drop)
}

const TAGS: &str = "SELECT key, value FROM trace_tags WHERE trace_pk = ?";
const METADATA: &str = "SELECT key, value FROM trace_metadata WHERE trace_pk = ?";

fn texts_of(connection: &Connection, sql: &str, pk: i64) -> Result<BTreeMap<String, String>> {
    connection.all(sql, [pk], |row| Ok((known_keys::read(row, 0)?, row.get(1)?))).during("read a trace")
}

pub(crate) const BY_PK: &str =
    concat!(columns!(), " FROM json_each(?1) AS wanted CROSS JOIN traces AS t ON t.pk = wanted.value");
pub(crate) const BY_ID: &str =
    concat!(columns!(), " FROM json_each(?1) AS wanted CROSS JOIN traces AS t ON t.trace_id = unhex(wanted.value)");
pub(crate) const TAGS_OF: &str = "
    SELECT tag.trace_pk, tag.key, tag.value
    FROM json_each(?1) AS wanted CROSS JOIN trace_tags AS tag ON tag.trace_pk = wanted.value";
pub(crate) const METADATA_OF: &str = "
    SELECT entry.trace_pk, entry.key, entry.value
    FROM json_each(?1) AS wanted CROSS JOIN trace_metadata AS entry ON entry.trace_pk = wanted.value";

const READ: &str = "read traces";

/// Everything but the spans of some traces, in the order asked for.
pub(crate) fn load(connection: &Connection, pks: &[i64]) -> Result<Vec<TraceInfo>> {
    let traces = whole(connection, BY_PK, &json_numbers(pks.iter().copied()), false)?;
    Ok(traces.into_iter().map(|trace| trace.info).collect())
}

/// The traces among `ids` that exist; an id that is asked for twice is answered at its last place.
pub(crate) fn get(connection: &Connection, ids: &[TraceId], with_spans: bool) -> Result<Vec<Trace>> {
    let mut seen = HashSet::with_capacity(ids.len());
    let mut once: Vec<TraceId> = ids.iter().rev().copied().filter(|id| seen.insert(*id)).collect();
    once.reverse();
    whole(connection, BY_ID, &json_ids(&once), with_spans)
}

/// The traces of a JSON array, in its order: one statement per table.
fn whole(connection: &Connection, sql: &str, wanted: &str, with_spans: bool) -> Result<Vec<Trace>> {
    let rows: Vec<Result<_>> = connection.all(sql, [wanted], |row| Ok(read(row))).during(READ)?;
    let with_room = |(pk, info)| (pk, Trace { info, spans: Vec::new() });
    let mut traces = rows.into_iter().map(|row| row.map(with_room)).collect::<Result<Vec<_>>>()?;
    let wanted = json_numbers(traces.iter().map(|(pk, _)| *pk));
    let mut each_part =
        |sql, add: &dyn Fn(&mut Trace, &Row<'_>) -> Result<()>| add_parts(connection, sql, &wanted, &mut traces, add);
    let entry = |texts: &mut BTreeMap<String, String>, row: &Row<'_>| {
        texts.insert(known_keys::read(row, 1).during(READ)?, row.get(2).during(READ)?);
        Ok(())
    };
    each_part(TAGS_OF, &|trace, row| entry(&mut trace.info.tags, row))?;
    each_part(METADATA_OF, &|trace, row| entry(&mut trace.info.metadata, row))?;
    each_part(assessments::row::OF_TRACES, &|trace, row| {
        trace.info.assessments.push(assessments::row::read(row, trace.info.trace_id, 1)?);
        Ok(())
    })?;
    if with_spans {
        each_part(spans::OF_TRACES, &|trace, row| {
            trace.spans.push(spans::read(row, trace.info.trace_id)?);
            Ok(())
        })?;
        traces.iter_mut().for_each(|(_, trace)| spans::sort(&mut trace.spans));
    }
    Ok(traces.into_iter().map(|(_, trace)| trace).collect())
}

/// Adds to traces what a statement brings for them, in their order; its rows begin with their numbers.
fn add_parts(
    connection: &Connection,
    sql: &str,
    wanted: &str,
    traces: &mut [(i64, Trace)],
    add: &dyn Fn(&mut Trace, &Row<'_>) -> Result<()>,
) -> Result<()> {
    let mut select = connection.prepare_cached(sql).during(READ)?;
    let mut rows = select.query([wanted]).during(READ)?;
    let mut traces = traces.iter_mut();
    let mut current = traces.next();
    while let Some(row) = rows.next().during(READ)? {
        let pk: i64 = row.get(0).during(READ)?;
        while current.as_ref().is_some_and(|(other, _)| *other != pk) {
            current = traces.next();
        }
        if let Some((_, trace)) = &mut current {
            add(trace, row)?;
        }
    }
    Ok(())
}

fn read(row: &Row<'_>) -> Result<(i64, TraceInfo)> {
    const OPERATION: &str = "read a trace";
    let id = trace_id(row.get(1).during(OPERATION)?);
    let mut info =
        TraceInfo::new(id, experiment_id(row.get(2).during(OPERATION)?)?, time(row.get(4).during(OPERATION)?));
    let client_request_id = row.get::<_, Option<String>>(3).during(OPERATION)?.map(ClientRequestId::new).transpose();
    info.client_request_id = client_request_id.map_err(|error| corrupt(format!("trace {id}"), error))?;
    info.execution_duration = row.get::<_, Option<i64>>(5).during(OPERATION)?.map(DurationMs::from_millis);
    info.state = trace_state(row.get_ref(6).and_then(|name| Ok(name.as_str()?)).during(OPERATION)?, id)?;
    info.request_preview = row.get(7).during(OPERATION)?;
    info.response_preview = row.get(8).during(OPERATION)?;
    Ok((row.get(0).during(OPERATION)?, info))
}

//! Reading traces.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use candor_model::{DurationMs, Trace, TraceId, TraceInfo, keys};
use candor_store::Result;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::spans;
use crate::assessments;
use crate::convert::{experiment_id, map_from_json, month, time, trace_id, trace_state, trace_uuid, trace_uuids};
use crate::error::{During, corrupt};
use crate::targets::client_request_id;
use crate::text;

/// The traces among `ids` that exist; an id that is asked for twice is answered at its last place.
pub(crate) async fn get(connection: &mut PgConnection, ids: &[TraceId], with_spans: bool) -> Result<Vec<Trace>> {
    let mut infos = whole(connection, ids).await?;
    let mut spans = match with_spans {
        true => spans::of_traces(connection, &trace_uuids(ids), &months(infos.values())).await?,
        false => HashMap::new(),
    };
    let trace = |id: &TraceId| {
        let info = infos.remove(id)?;
        Some(Trace { info, spans: spans.remove(id).unwrap_or_default() })
    };
    let mut traces: Vec<Trace> = ids.iter().rev().filter_map(trace).collect();
    traces.reverse();
    Ok(traces)
}

/// Everything but the spans of some traces.
pub(crate) async fn whole(connection: &mut PgConnection, ids: &[TraceId]) -> Result<HashMap<TraceId, TraceInfo>> {
    const SELECT: &str = "
        SELECT trace_id, experiment_id, client_request_id, request_ms, session, duration_ms, state, request_preview,
            response_preview, tags::text, metadata::text
        FROM traces WHERE trace_id = ANY($1)";
    const OPERATION: &str = "read traces";
    let rows = sqlx::query(SELECT).bind(trace_uuids(ids)).fetch_all(&mut *connection).await.during(OPERATION)?;
    let infos = rows.iter().map(|row| {
        let mut info = outline(row)?;
        let id = info.trace_id;
        let map = |json: String| map_from_json(&json).map_err(|error| corrupt(format!("trace {id}"), error));
        let optional = |text: Option<String>| text.map(text::read);
        info.execution_duration = row.try_get::<Option<i64>, _>(5).during(OPERATION)?.map(DurationMs::from_millis);
        info.state = trace_state(row.try_get(6).during(OPERATION)?, id)?;
        info.request_preview = optional(row.try_get(7).during(OPERATION)?);
        info.response_preview = optional(row.try_get(8).during(OPERATION)?);
        info.tags = map(row.try_get(9).during(OPERATION)?)?;
        info.metadata = map(row.try_get(10).during(OPERATION)?)?;
        Ok((id, info))
    });
    let mut infos = infos.collect::<Result<HashMap<_, _>>>()?;
    let ids: Vec<Uuid> = infos.keys().copied().map(trace_uuid).collect();
    for (id, all) in assessments::of_traces(connection, &ids, &months(infos.values())).await? {
        if let Some(info) = infos.get_mut(&id) {
            info.assessments = all;
        }
    }
    Ok(infos)
}

/// What verdicts must know of some traces, which is all that their infos hold: one statement.
pub(crate) async fn outlines(connection: &mut PgConnection, ids: &[TraceId]) -> Result<HashMap<TraceId, TraceInfo>> {
    const OPERATION: &str = "read traces";
    const SELECT: &str = concat!(
        "SELECT t.trace_id, t.experiment_id, t.client_request_id, t.request_ms, t.session, ",
        assessments::columns!(),
        " FROM traces AS t LEFT JOIN assessments AS a ON a.trace_id = t.trace_id AND a.month = t.month",
        " WHERE t.trace_id = ANY($1) ORDER BY t.trace_id, a.create_ms, a.number"
    );
    let rows = sqlx::query(SELECT).bind(trace_uuids(ids)).fetch_all(connection).await.during(OPERATION)?;
    let mut infos: HashMap<TraceId, TraceInfo> = HashMap::new();
    for row in &rows {
        let id = trace_id(row.try_get(0).during(OPERATION)?);
        let info = match infos.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(outline(row)?),
        };
        if row.try_get::<Option<Uuid>, _>(5).during(OPERATION)?.is_some() {
            info.assessments.push(assessments::read(row, id, 5)?);
        }
    }
    Ok(infos)
}

/// A trace from the columns that [`outlines`] begins with.
pub(crate) fn outline(row: &PgRow) -> Result<TraceInfo> {
    const OPERATION: &str = "read a trace";
    let id = trace_id(row.try_get(0).during(OPERATION)?);
    let experiment = experiment_id(row.try_get(1).during(OPERATION)?)?;
    let mut info = TraceInfo::new(id, experiment, time(row.try_get(3).during(OPERATION)?));
    info.client_request_id = client_request_id(row.try_get(2).during(OPERATION)?, id)?;
    if let Some(session) = row.try_get::<Option<String>, _>(4).during(OPERATION)? {
        info.metadata.insert(keys::SESSION.to_owned(), text::read(session));
    }
    Ok(info)
}

/// The months that traces are in, each once: only their partitions need be looked at.
pub(crate) fn months<'a>(infos: impl Iterator<Item = &'a TraceInfo>) -> Vec<i32> {
    let mut months: Vec<i32> = infos.map(|info| month(info.request_time)).collect();
    months.sort_unstable();
    months.dedup();
    months
}

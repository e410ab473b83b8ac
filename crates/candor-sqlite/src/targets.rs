//! How a verdict finds its trace.

use candor_model::{ClientRequestId, ExperimentId, TraceId};
use candor_store::target::{MAX_CANDIDATES, Resolved, TargetCandidate};
use candor_store::{Result, Target, TargetRef, target};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params};

use crate::convert::{span_number, trace_id};
use crate::error::{During, corrupt};
use crate::statements::Statements;

/// A trace that carries one of a target's ids, with what its assessments repeat.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) pk: i64,
    pub(crate) experiment_id: i64,
    pub(crate) request_ms: i64,
    /// The source types of its feedback that counts, one bit each.
    pub(crate) judged_by: i64,
    pub(crate) candidate: TargetCandidate,
}

/// The trace that a target means.
pub(crate) fn resolve(connection: &Connection, target: &Target) -> Result<Option<(Resolved, Candidate)>> {
    let mut seen: Vec<Candidate> = Vec::new();
    let resolved = target::resolve(target, |reference| {
        let found = carriers(connection, reference, target.experiment)?;
        let candidates = found.iter().map(|found| found.candidate.clone()).collect();
        seen.extend(found);
        Ok(candidates)
    })?;
    Ok(resolved.and_then(|resolved| {
        let chosen = seen.into_iter().find(|candidate| candidate.candidate.trace_id == resolved.trace_id);
        chosen.map(|chosen| (resolved, chosen))
    }))
}

/// The trace of that id.
pub(crate) fn find_trace(connection: &Connection, id: TraceId) -> Result<Option<Candidate>> {
    Ok(carriers(connection, &TargetRef::Trace(id), None)?.pop())
}

macro_rules! columns {
    () => {
        "SELECT t.pk, t.trace_id, t.experiment_id, t.request_ms, t.client_request_id, t.session, t.judged_by FROM "
    };
}
macro_rules! newest_inside {
    () => {
        " AND (?2 IS NULL OR +t.experiment_id = ?2) ORDER BY t.request_ms DESC, t.trace_id LIMIT ?3"
    };
}

pub(crate) const BY_TRACE: &str = concat!(columns!(), "traces AS t WHERE t.trace_id = ?1");
pub(crate) const BY_CLIENT_REQUEST: &str = concat!(
    columns!(),
    "traces AS t INDEXED BY traces_by_client_request WHERE t.client_request_id = ?1",
    newest_inside!()
);
pub(crate) const BY_SESSION: &str =
    concat!(columns!(), "traces AS t INDEXED BY traces_by_session WHERE t.session = ?1", newest_inside!());
// Ids of spans stand in blocks of traces, each of which is asked.
pub(crate) const BY_SPAN: &str = concat!(
    "WITH RECURSIVE blocks (block) AS (
        SELECT max(pk) >> 14 FROM traces UNION ALL SELECT block - 1 FROM blocks WHERE block > 0) ",
    columns!(),
    "blocks CROSS JOIN spans AS s INDEXED BY spans_by_id ON s.block = blocks.block AND s.span_id = ?1
    JOIN traces AS t ON t.pk = s.trace_pk WHERE TRUE",
    newest_inside!()
);
pub(crate) const BY_RESPONSE: &str = concat!(
    columns!(),
    "traces AS t WHERE t.pk IN (SELECT trace_pk FROM spans WHERE response_id = ?1)",
    newest_inside!()
);

/// The traces that carry an id, newest first.
fn carriers(
    connection: &Connection,
    reference: &TargetRef,
    experiment: Option<ExperimentId>,
) -> Result<Vec<Candidate>> {
    const OPERATION: &str = "look a trace up";
    let (sql, value) = match reference {
        TargetRef::Trace(id) => {
            let found = connection.first(BY_TRACE, [id.as_bytes()], |row| Ok(read(row))).during(OPERATION)?;
            return found.into_iter().collect();
        }
        TargetRef::ClientRequest(id) => (BY_CLIENT_REQUEST, Value::from(id.as_str().to_owned())),
        TargetRef::Session(id) => (BY_SESSION, id.clone().into()),
        TargetRef::Span(id) => (BY_SPAN, span_number(*id).into()),
        TargetRef::Response(id) => (BY_RESPONSE, id.clone().into()),
    };
    let inside = params![value, experiment.map(ExperimentId::get), MAX_CANDIDATES as i64];
    let rows: Vec<Result<Candidate>> = connection.all(sql, inside, |row| Ok(read(row))).during(OPERATION)?;
    rows.into_iter().collect()
}

fn read(row: &Row<'_>) -> Result<Candidate> {
    const OPERATION: &str = "read a trace";
    let id = trace_id(row.get(1).during(OPERATION)?);
    let client_request_id = row.get::<_, Option<String>>(4).during(OPERATION)?.map(ClientRequestId::new).transpose();
    Ok(Candidate {
        pk: row.get(0).during(OPERATION)?,
        experiment_id: row.get(2).during(OPERATION)?,
        request_ms: row.get(3).during(OPERATION)?,
        judged_by: row.get(6).during(OPERATION)?,
        candidate: TargetCandidate {
            trace_id: id,
            client_request_id: client_request_id.map_err(|error| corrupt(format!("trace {id}"), error))?,
            session: row.get(5).during(OPERATION)?,
        },
    })
}

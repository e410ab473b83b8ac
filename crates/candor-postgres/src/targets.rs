//! How a verdict finds its trace.

use std::collections::HashMap;

use candor_model::{ClientRequestId, ExperimentId, SpanId, TraceId};
use candor_store::target::{self, Resolved, TargetCandidate};
use candor_store::{Result, Target, TargetRef};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::convert::{span_number, trace_id, trace_uuid};
use crate::error::{During, corrupt};
use crate::text;

/// An id, and where to look for it.
pub(crate) type Wanted = (TargetRef, Option<ExperimentId>);

/// The trace that a target means.
pub(crate) async fn resolve(connection: &mut PgConnection, target: &Target) -> Result<Option<Resolved>> {
    let wanted: Vec<Wanted> = target.refs.iter().map(|id| (id.clone(), target.experiment)).collect();
    let mut found = carriers(connection, &wanted).await?;
    target::resolve(target, |id| Ok(found.remove(&(id.clone(), target.experiment)).unwrap_or_default()))
}

macro_rules! newest {
    ($value:literal, $from:literal) => {
        concat!(
            "SELECT w.place, t.trace_id, t.client_request_id, t.session FROM unnest($1::",
            $value,
            "[], $2::bigint[]) WITH ORDINALITY AS w (value, experiment, place) CROSS JOIN LATERAL (",
            "SELECT t.trace_id, t.client_request_id, t.session, t.request_ms FROM ",
            $from,
            " AND (w.experiment IS NULL OR t.experiment_id = w.experiment)",
            " ORDER BY t.request_ms DESC, t.trace_id LIMIT 10) AS t ORDER BY w.place, t.request_ms DESC, t.trace_id"
        )
    };
}

const BY_TRACE: &str = "
    SELECT w.place, t.trace_id, t.client_request_id, t.session
    FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY AS w (value, experiment, place)
    JOIN traces AS t ON t.trace_id = w.value";
const BY_CLIENT_REQUEST: &str = newest!("text", "traces AS t WHERE t.client_request_id = w.value");
const BY_SESSION: &str = newest!("text", "traces AS t WHERE t.session = w.value");
const BY_SPAN: &str = newest!(
    "bigint",
    "spans AS s JOIN traces AS t ON t.trace_id = s.trace_id AND t.month = s.month WHERE s.span_id = w.value"
);
const BY_RESPONSE: &str = newest!(
    "text",
    "(SELECT DISTINCT trace_id, month FROM spans WHERE response_id = w.value) AS s
     JOIN traces AS t ON t.trace_id = s.trace_id AND t.month = s.month WHERE true"
);

/// The traces that carry each of some ids, newest first.
pub(crate) async fn carriers(
    connection: &mut PgConnection,
    wanted: &[Wanted],
) -> Result<HashMap<Wanted, Vec<TargetCandidate>>> {
    const OPERATION: &str = "look a trace up";
    let mut found: HashMap<Wanted, Vec<TargetCandidate>> = HashMap::new();
    for field in ["trace_id", "client_request_id", "session_id", "span_id", "response_id"] {
        let wanted: Vec<&Wanted> = wanted.iter().filter(|(id, _)| id.field() == field).collect();
        if wanted.is_empty() {
            continue;
        }
        let inside: Vec<Option<i64>> = wanted.iter().map(|(_, inside)| inside.map(ExperimentId::get)).collect();
        let texts = || -> Vec<String> { wanted.iter().map(|(id, _)| text::kept(&id.value()).into_owned()).collect() };
        let uuids = || -> Vec<Uuid> { wanted.iter().filter_map(|(id, _)| trace_of(id)).collect() };
        let spans = || -> Vec<i64> { wanted.iter().filter_map(|(id, _)| span_of(id)).map(span_number).collect() };
        let query = match field {
            "trace_id" => sqlx::query(BY_TRACE).bind(uuids()),
            "client_request_id" => sqlx::query(BY_CLIENT_REQUEST).bind(texts()),
            "session_id" => sqlx::query(BY_SESSION).bind(texts()),
            "span_id" => sqlx::query(BY_SPAN).bind(spans()),
            _ => sqlx::query(BY_RESPONSE).bind(texts()),
        };
        for row in query.bind(inside).fetch_all(&mut *connection).await.during(OPERATION)? {
            let place: i64 = row.try_get(0).during(OPERATION)?;
            let of = usize::try_from(place - 1).ok().and_then(|place| wanted.get(place));
            let Some(of) = of else { continue };
            found.entry((*of).clone()).or_default().push(read(&row)?);
        }
    }
    Ok(found)
}

fn trace_of(id: &TargetRef) -> Option<Uuid> {
    match id {
        TargetRef::Trace(id) => Some(trace_uuid(*id)),
        _ => None,
    }
}

/// The span that an id is of.
pub(crate) fn span_of(id: &TargetRef) -> Option<SpanId> {
    match id {
        TargetRef::Span(id) => Some(*id),
        _ => None,
    }
}

fn read(row: &PgRow) -> Result<TargetCandidate> {
    const OPERATION: &str = "read a trace";
    let id = trace_id(row.try_get(1).during(OPERATION)?);
    Ok(TargetCandidate {
        trace_id: id,
        client_request_id: client_request_id(row.try_get(2).during(OPERATION)?, id)?,
        session: row.try_get::<Option<String>, _>(3).during(OPERATION)?.map(text::read),
    })
}

/// The id that a column holds.
pub(crate) fn client_request_id(kept: Option<String>, of: TraceId) -> Result<Option<ClientRequestId>> {
    let id = kept.map(|kept| ClientRequestId::new(text::read(kept))).transpose();
    id.map_err(|error| corrupt(format!("trace {of}"), error))
}

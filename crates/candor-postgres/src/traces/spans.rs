//! A span as a row.

use std::collections::HashMap;

use candor_filter::{SpanColumns, span_from_text, span_text};
use candor_model::{AnyValue, Span, SpanId, SpanKind, SpanStatus, TraceId, UnixNanos, keys};
use candor_store::{Result, target};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::convert::{nanos, nanos_number, span_id, span_number, trace_id, trace_uuid};
use crate::error::{During, corrupt};
use crate::text::{self, kept};

const BY_TRACE: &str = "
    SELECT trace_id, span_id, parent_id, start_ns, end_ns, content FROM spans
    WHERE trace_id = ANY($1) AND month = ANY($2)";

/// The spans of traces, by trace; roots first, then by start, then by id.
pub(crate) async fn of_traces(
    connection: &mut PgConnection,
    traces: &[Uuid],
    months: &[i32],
) -> Result<HashMap<TraceId, Vec<Span>>> {
    const OPERATION: &str = "read spans";
    let mut found: HashMap<TraceId, Vec<Span>> = HashMap::new();
    let rows = sqlx::query(BY_TRACE).bind(traces).bind(months).fetch_all(connection).await.during(OPERATION)?;
    for row in rows {
        let columns = SpanColumns {
            trace_id: trace_id(row.try_get(0).during(OPERATION)?),
            span_id: span_id(row.try_get(1).during(OPERATION)?),
            parent_id: row.try_get::<Option<i64>, _>(2).during(OPERATION)?.map(span_id),
            start: nanos(row.try_get(3).during(OPERATION)?),
            end: row.try_get::<Option<i64>, _>(4).during(OPERATION)?.map(nanos),
        };
        let span = span_from_text(row.try_get(5).during(OPERATION)?, columns)
            .map_err(|error| corrupt(format!("span {} of trace {}", columns.span_id, columns.trace_id), error))?;
        found.entry(columns.trace_id).or_default().push(span);
    }
    for spans in found.values_mut() {
        spans.sort_by_key(|span| (!span.is_root(), span.start, span.span_id));
    }
    Ok(found)
}

/// The attributes of a span that decide about its trace.
const SUMMARY_KEYS: [&str; 2] = [keys::SPAN_TOKEN_USAGE, keys::SPAN_COST];

macro_rules! outlines {
    ($condition:literal) => {
        concat!(
            "SELECT trace_id, span_id, parent_id, usage, response_id FROM spans WHERE trace_id = ANY($1)",
            $condition
        )
    };
}

/// The spans of traces with nothing but what decides about the traces.
pub(crate) async fn outlines(connection: &mut PgConnection, traces: &[Uuid]) -> Result<Vec<Span>> {
    const OPERATION: &str = "read what spans used";
    let rows = sqlx::query(outlines!("")).bind(traces).fetch_all(connection).await.during(OPERATION)?;
    rows.iter().map(outline).collect()
}

/// Those of them that carry one of some ids.
pub(crate) async fn outlines_by_id(
    connection: &mut PgConnection,
    traces: &[Uuid],
    ids: &[SpanId],
    responses: &[String],
) -> Result<Vec<Span>> {
    let ids: Vec<i64> = ids.iter().copied().map(span_number).collect();
    let responses: Vec<String> = responses.iter().map(|id| kept(id).into_owned()).collect();
    const SELECT: &str = outlines!(" AND (span_id = ANY($2) OR response_id = ANY($3))");
    let select = sqlx::query(SELECT).bind(traces).bind(ids).bind(responses);
    select.fetch_all(connection).await.during("read span ids")?.iter().map(outline).collect()
}

fn outline(row: &sqlx::postgres::PgRow) -> Result<Span> {
    const OPERATION: &str = "read what spans used";
    let mut span = Span {
        trace_id: trace_id(row.try_get(0).during(OPERATION)?),
        span_id: span_id(row.try_get(1).during(OPERATION)?),
        parent_id: row.try_get::<Option<i64>, _>(2).during(OPERATION)?.map(span_id),
        name: String::new(),
        kind: SpanKind::Internal,
        start: UnixNanos::default(),
        end: None,
        status: SpanStatus::default(),
        attributes: Default::default(),
        events: Vec::new(),
        links: Vec::new(),
    };
    if let Some(usage) = row.try_get::<Option<String>, _>(3).during(OPERATION)? {
        let read = span_from_text(&usage, SpanColumns::of(&span));
        span = read.map_err(|error| corrupt(format!("usage of span {}", span.span_id), error))?;
    }
    if let Some(response) = row.try_get::<Option<String>, _>(4).during(OPERATION)? {
        span.attributes.insert(keys::GEN_AI_RESPONSE_ID, AnyValue::String(text::read(response)));
    }
    Ok(span)
}

/// The text that [`outline`] reads, of a span that says anything of what it used.
fn usage_text(span: &Span) -> Option<String> {
    let used = SUMMARY_KEYS.into_iter().filter_map(|key| Some((key, span.attributes.get(key)?.clone())));
    let attributes: candor_model::Attributes = used.collect();
    if attributes.is_empty() {
        return None;
    }
    let outline = Span { name: String::new(), attributes, events: Vec::new(), links: Vec::new(), ..span.clone() };
    Some(span_text(&outline))
}

/// Rows to be written, one value of each per column.
#[derive(Default)]
pub(crate) struct Rows {
    traces: Vec<Uuid>,
    months: Vec<i32>,
    ids: Vec<i64>,
    parents: Vec<Option<i64>>,
    starts: Vec<i64>,
    ends: Vec<Option<i64>>,
    names: Vec<String>,
    types: Vec<Option<String>>,
    statuses: Vec<&'static str>,
    responses: Vec<Option<String>>,
    usages: Vec<Option<String>>,
    models: Vec<Option<String>>,
    providers: Vec<Option<String>>,
    contents: Vec<String>,
}

impl Rows {
    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub(crate) fn push(&mut self, month: i32, span: &Span) {
        let text = |key| span.attributes.get_str(key).map(|text| kept(text).into_owned());
        self.traces.push(trace_uuid(span.trace_id));
        self.months.push(month);
        self.ids.push(span_number(span.span_id));
        self.parents.push(span.parent_id.map(span_number));
        self.starts.push(nanos_number(span.start));
        self.ends.push(span.end.map(nanos_number));
        self.names.push(kept(&span.name).into_owned());
        self.types.push(span.span_type().map(|name| kept(name).into_owned()));
        self.statuses.push(span.status.code.as_str());
        self.responses.push(target::response_id(span).map(|id| kept(id).into_owned()));
        self.usages.push(usage_text(span));
        self.models.push(text(keys::SPAN_MODEL));
        self.providers.push(text(keys::SPAN_PROVIDER));
        self.contents.push(span_text(span));
    }

    /// Writes the spans, in the place of those of the same id.
    pub(crate) async fn put(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        const PUT: &str = "
            INSERT INTO spans (trace_id, month, span_id, parent_id, start_ns, end_ns, name, type, status, response_id,
                usage, model, provider, content)
            SELECT * FROM unnest($1::uuid[], $2::integer[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[])
            ON CONFLICT (trace_id, span_id, month) DO UPDATE SET
                parent_id = excluded.parent_id, start_ns = excluded.start_ns, end_ns = excluded.end_ns,
                name = excluded.name, type = excluded.type, status = excluded.status,
                response_id = excluded.response_id, usage = excluded.usage, model = excluded.model,
                provider = excluded.provider, content = excluded.content";
        let put = sqlx::query(PUT)
            .bind(self.traces)
            .bind(self.months)
            .bind(self.ids)
            .bind(self.parents)
            .bind(self.starts)
            .bind(self.ends)
            .bind(self.names)
            .bind(self.types)
            .bind(self.statuses)
            .bind(self.responses)
            .bind(self.usages)
            .bind(self.models)
            .bind(self.providers)
            .bind(self.contents);
        put.execute(connection).await.map(drop)
    }
}

//! A span as a row.

use std::collections::HashMap;

use candor_filter::{SpanColumns, span_from_text, span_text};
use candor_model::{Span, TraceId, keys};
use candor_store::ingest::SpanUsage;
use candor_store::{BoxError, Result, TargetRef, target};
use rusqlite::{Connection, named_params, params};

use crate::convert::{json_numbers, nanos, nanos_number, span_id, span_number};
use crate::error::{During, corrupt};
use crate::statements::Statements;

/// Writes a span, in the place of one of the same id.
pub(crate) fn put(connection: &Connection, trace_pk: i64, span: &Span) -> Result<()> {
    const PUT: &str = "
        INSERT INTO spans (trace_pk, span_id, parent_id, start_ns, end_ns, name, type, status, response_id, usage,
            content)
        VALUES (:trace_pk, :span_id, :parent_id, :start_ns, :end_ns, :name, :type, :status, :response_id, :usage,
            :content)
        ON CONFLICT (span_id, trace_pk) DO UPDATE SET
            parent_id = excluded.parent_id, start_ns = excluded.start_ns, end_ns = excluded.end_ns,
            name = excluded.name, type = excluded.type, status = excluded.status,
            response_id = excluded.response_id, usage = excluded.usage, content = excluded.content
        RETURNING pk";
    const PUT_MODEL: &str = "INSERT INTO span_models (span_pk, trace_pk, model, provider) VALUES (?, ?, ?, ?)";
    const OPERATION: &str = "write a span";
    let values = named_params! {
        ":trace_pk": trace_pk,
        ":span_id": span_number(span.span_id),
        ":parent_id": span.parent_id.map(span_number),
        ":start_ns": nanos_number(span.start),
        ":end_ns": span.end.map(nanos_number),
        ":name": span.name,
        ":type": span.span_type(),
        ":status": span.status.code.as_str(),
        ":response_id": target::response_id(span),
        ":usage": usage_text(&SpanUsage::of(span)),
        ":content": span_text(span),
    };
    let pk: Option<i64> = connection.first(PUT, values, |row| row.get(0)).during(OPERATION)?;
    let (model, provider) = (model_name(span, keys::SPAN_MODEL), model_name(span, keys::SPAN_PROVIDER));
    if model.is_some() || provider.is_some() {
        connection.run(PUT_MODEL, params![pk, trace_pk, model, provider]).during(OPERATION)?;
    }
    Ok(())
}

fn model_name<'a>(span: &'a Span, key: &str) -> Option<&'a str> {
    span.attributes.get_str(key)
}

/// The spans of several traces, by trace; roots first, then by start, then by id.
pub(crate) fn of_traces(connection: &Connection, traces: &HashMap<i64, TraceId>) -> Result<HashMap<i64, Vec<Span>>> {
    const OPERATION: &str = "read spans";
    const SELECT: &str = "
        SELECT s.trace_pk, s.span_id, s.parent_id, s.start_ns, s.end_ns, s.content
        FROM json_each(?1) AS wanted CROSS JOIN spans AS s ON s.trace_pk = wanted.value";
    let mut select = connection.prepare_cached(SELECT).during(OPERATION)?;
    let mut rows = select.query([json_numbers(traces.keys().copied())]).during(OPERATION)?;
    let mut found: HashMap<i64, Vec<Span>> = HashMap::new();
    while let Some(row) = rows.next().during(OPERATION)? {
        let trace_pk = row.get(0).during(OPERATION)?;
        let Some(trace_id) = traces.get(&trace_pk) else { continue };
        let columns = SpanColumns {
            trace_id: *trace_id,
            span_id: span_id(row.get(1).during(OPERATION)?),
            parent_id: row.get::<_, Option<i64>>(2).during(OPERATION)?.map(span_id),
            start: nanos(row.get(3).during(OPERATION)?),
            end: row.get::<_, Option<i64>>(4).during(OPERATION)?.map(nanos),
        };
        let content = row.get_ref(5).and_then(|content| Ok(content.as_str()?)).during(OPERATION)?;
        let span = span_from_text(content, columns)
            .map_err(|error| corrupt(format!("span {} of trace {trace_id}", columns.span_id), error))?;
        found.entry(trace_pk).or_default().push(span);
    }
    for spans in found.values_mut() {
        spans.sort_by_key(|span| (!span.is_root(), span.start, span.span_id));
    }
    Ok(found)
}

/// What each span of a trace used, and where it stands in the tree.
pub(crate) fn usage(connection: &Connection, trace_pk: i64) -> Result<Vec<SpanUsage>> {
    const SELECT: &str = "SELECT span_id, parent_id, usage FROM spans WHERE trace_pk = ?";
    let rows: Vec<(i64, Option<i64>, Option<String>)> = connection
        .all(SELECT, [trace_pk], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .during("read what spans used")?;
    let read = |(id, parent, text): (i64, Option<i64>, Option<String>)| {
        let (tokens, cost) = match text {
            Some(text) => {
                usage_from_text(&text).map_err(|error| corrupt(format!("usage of span {}", span_id(id)), error))?
            }
            None => (None, None),
        };
        Ok(SpanUsage { span_id: span_id(id), parent_id: parent.map(span_id), tokens, cost })
    };
    rows.into_iter().map(read).collect()
}

/// The ids of a trace's spans by which verdicts may name it.
pub(crate) fn refs(connection: &Connection, trace_pk: i64) -> Result<Vec<TargetRef>> {
    const SELECT: &str = "SELECT span_id, response_id FROM spans WHERE trace_pk = ?";
    let rows: Vec<(i64, Option<String>)> =
        connection.all(SELECT, [trace_pk], |row| Ok((row.get(0)?, row.get(1)?))).during("read span ids")?;
    let both = |(id, response): (i64, Option<String>)| {
        [Some(TargetRef::Span(span_id(id))), response.map(TargetRef::Response)].into_iter().flatten()
    };
    Ok(rows.into_iter().flat_map(both).collect())
}

type Usage = (Option<[Option<i64>; 6]>, Option<[Option<f64>; 3]>);

fn usage_text(usage: &SpanUsage) -> Option<String> {
    usage.is_some().then(|| serde_json::json!([usage.tokens, usage.cost]).to_string())
}

pub(crate) fn usage_from_text(text: &str) -> Result<Usage, BoxError> {
    Ok(serde_json::from_str(text)?)
}

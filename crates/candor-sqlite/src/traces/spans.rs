//! A span as a row.

use std::collections::HashMap;

use candor_filter::{SpanColumns, span_from_text, span_text};
use candor_model::{Span, SpanId, TraceId, keys};
use candor_store::ingest::{SpanUsage, complete_span};
use candor_store::{BoxError, Result, SpanBatch, StoreError, TargetRef, target};
use rusqlite::{Connection, Row, params};

use super::packing::{pack, unpack};
use crate::convert::{nanos, nanos_number, span_id, span_number};
use crate::error::{BACKEND, During, corrupt};
use crate::statements::Statements;

/// The condition that a span, whose number is `$span`, belongs to the trace of number `$trace`.
macro_rules! of_trace {
    ($span:literal, $trace:literal) => {
        concat!($span, " > ", $trace, " << 24 AND ", $span, " < (", $trace, " + 1) << 24")
    };
}
pub(crate) use of_trace;

/// What the file keeps of spans besides its columns.
pub(crate) type Contents = HashMap<(TraceId, SpanId), Vec<u8>>;

/// Completes the spans of a batch and packs what the file keeps of them.
///
/// For whoever waits for the writer: most of the work for a span is here.
pub(crate) fn pack_contents(batch: &mut SpanBatch) -> Result<Contents> {
    let spans = batch.groups.iter_mut().flat_map(|group| &mut group.spans);
    let packed = spans.map(|span| {
        complete_span(span);
        Ok(((span.trace_id, span.span_id), pack(&span_text(span))?))
    });
    packed.collect::<std::io::Result<_>>().map_err(|error| StoreError::Backend {
        backend: BACKEND,
        operation: "pack spans",
        source: error.into(),
    })
}

/// What the file has of a trace's span, to be completed or replaced.
pub(crate) struct Stored {
    pk: i64,
    /// What it used, and where it stands in the tree.
    pub(crate) usage: SpanUsage,
}

/// Refuses more spans than a trace has numbers for.
pub(crate) fn check_room(stored: &[Stored], incoming: usize) -> Result<()> {
    const MAX: usize = (1 << 24) - 1;
    if stored.len() + incoming <= MAX {
        return Ok(());
    }
    Err(StoreError::Invalid { field: "spans", reason: format!("a trace has at most {MAX} spans") })
}

/// Writes spans of one trace, each in the place of the stored one of its id.
pub(crate) fn put<'a>(
    connection: &Connection,
    trace_pk: i64,
    stored: &[Stored],
    spans: impl IntoIterator<Item = &'a Span>,
    contents: &Contents,
) -> Result<()> {
    const INSERT: &str = "
        INSERT INTO spans (pk, span_id, parent_id, start_ns, end_ns, name, type, status, response_id, usage, content)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    const REPLACE: &str = "
        UPDATE spans SET span_id = ?2, parent_id = ?3, start_ns = ?4, end_ns = ?5, name = ?6, type = ?7, status = ?8,
            response_id = ?9, usage = ?10, content = ?11
        WHERE pk = ?1";
    const FORGET_MODEL: &str = "DELETE FROM span_models WHERE span_pk = ?";
    const PUT_MODEL: &str = "INSERT INTO span_models (span_pk, model, provider) VALUES (?, ?, ?)";
    const OPERATION: &str = "write a span";
    let mut insert = connection.prepare_cached(INSERT).during(OPERATION)?;
    let places: HashMap<SpanId, i64> = stored.iter().map(|span| (span.usage.span_id, span.pk)).collect();
    let mut last = stored.iter().map(|span| span.pk).max().unwrap_or(trace_pk << 24);
    for span in spans {
        let place = places.get(&span.span_id);
        let pk = place.copied().unwrap_or(last + 1);
        last = last.max(pk);
        let usage = usage_text(&SpanUsage::of(span));
        let values = params![
            pk,
            span_number(span.span_id),
            span.parent_id.map(span_number),
            nanos_number(span.start),
            span.end.map(nanos_number),
            span.name,
            span.span_type(),
            span.status.code.as_str(),
            target::response_id(span),
            usage,
            contents.get(&(span.trace_id, span.span_id)),
        ];
        if place.is_some() {
            connection.run(REPLACE, values).during(OPERATION)?;
            connection.run(FORGET_MODEL, [pk]).during(OPERATION)?;
        } else {
            insert.execute(values).during(OPERATION)?;
        }
        let (model, provider) = (model_name(span, keys::SPAN_MODEL), model_name(span, keys::SPAN_PROVIDER));
        if model.is_some() || provider.is_some() {
            connection.run(PUT_MODEL, params![pk, model, provider]).during(OPERATION)?;
        }
    }
    Ok(())
}

fn model_name<'a>(span: &'a Span, key: &str) -> Option<&'a str> {
    span.attributes.get_str(key)
}

pub(crate) const OF_TRACES: &str = concat!(
    "SELECT s.trace_pk, s.span_id, s.parent_id, s.start_ns, s.end_ns, s.content
    FROM json_each(?1) AS wanted CROSS JOIN spans AS s ON ",
    of_trace!("s.pk", "wanted.value")
);

/// A span in a row of [`OF_TRACES`].
pub(crate) fn read(row: &Row<'_>, trace_id: TraceId) -> Result<Span> {
    const OPERATION: &str = "read spans";
    let columns = SpanColumns {
        trace_id,
        span_id: span_id(row.get(1).during(OPERATION)?),
        parent_id: row.get::<_, Option<i64>>(2).during(OPERATION)?.map(span_id),
        start: nanos(row.get(3).during(OPERATION)?),
        end: row.get::<_, Option<i64>>(4).during(OPERATION)?.map(nanos),
    };
    let content = row.get_ref(5).and_then(|content| Ok(content.as_blob()?)).during(OPERATION)?;
    unpack(content)
        .and_then(|text| Ok(span_from_text(&text, columns)?))
        .map_err(|error| corrupt(format!("span {} of trace {trace_id}", columns.span_id), error))
}

/// Roots first, then by start, then by id.
pub(crate) fn sort(spans: &mut [Span]) {
    spans.sort_by_key(|span| (!span.is_root(), span.start, span.span_id));
}

/// What the file has of each span of a trace.
pub(crate) fn stored(connection: &Connection, trace_pk: i64) -> Result<Vec<Stored>> {
    const SELECT: &str = concat!("SELECT pk, span_id, parent_id, usage FROM spans WHERE ", of_trace!("pk", "?1"));
    let rows: Vec<(i64, i64, Option<i64>, Option<String>)> = connection
        .all(SELECT, [trace_pk], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .during("read what spans used")?;
    let read = |(pk, id, parent, text): (i64, i64, Option<i64>, Option<String>)| {
        let (tokens, cost) = match text {
            Some(text) => {
                usage_from_text(&text).map_err(|error| corrupt(format!("usage of span {}", span_id(id)), error))?
            }
            None => (None, None),
        };
        let usage = SpanUsage { span_id: span_id(id), parent_id: parent.map(span_id), tokens, cost };
        Ok(Stored { pk, usage })
    };
    rows.into_iter().map(read).collect()
}

/// The ids of a trace's spans by which verdicts may name it.
pub(crate) fn refs(connection: &Connection, trace_pk: i64) -> Result<Vec<TargetRef>> {
    const SELECT: &str = concat!("SELECT span_id, response_id FROM spans WHERE ", of_trace!("pk", "?1"));
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

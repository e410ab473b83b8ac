//! Counts of verdicts by what their traces have.

use candor_model::keys;
use candor_store::{Result, Segment, SegmentKey, SegmentQuery, Segments, TimeAxis};
use rusqlite::{Connection, params};

use super::{Scope, first_and_last, from_traces, from_verdicts, inside};
use crate::error::During;
use crate::traces::known_keys;

/// The verdicts, one row for each segment that one is in; `?6` is the key of a tag or of metadata.
macro_rules! verdicts {
    ($from:expr, $of:literal, $time:literal, $segment:literal, $join:literal) => {
        concat!(
            "SELECT ",
            $segment,
            ", count(DISTINCT a.trace_pk), sum(a.value_type = 2), sum(a.value_type = 1)",
            $from,
            $join,
            " WHERE a.valid = 1 AND a.counted = 1 AND a.value_type IN (1, 2) AND a.name = ?4 AND ?5 >> a.source_type & 1 AND",
            inside!($of, $time),
            " AND ?6 IS NOT NULL GROUP BY 1"
        )
    };
}

macro_rules! both_axes {
    ($segment:literal, $join:literal) => {
        [
            verdicts!(from_traces!(), "t.", "request_ms", $segment, $join),
            verdicts!(from_verdicts!(), "a.", "create_ms", $segment, $join),
        ]
    };
}

pub(crate) const BY_TAG: [&str; 2] =
    both_axes!("e.value", " CROSS JOIN trace_tags AS e ON e.trace_pk = a.trace_pk AND e.key = ?6");
pub(crate) const BY_METADATA: [&str; 2] =
    both_axes!("e.value", " CROSS JOIN trace_metadata AS e ON e.trace_pk = a.trace_pk AND e.key = ?6");
pub(crate) const BY_PROMPT: [&str; 2] =
    both_axes!("e.prompt", " CROSS JOIN trace_prompts AS e ON e.trace_pk = a.trace_pk");
// Of several spans that name one model the first stands for all.
pub(crate) const BY_MODEL: [&str; 2] = both_axes!(
    "e.model",
    " CROSS JOIN span_models AS e ON e.span_pk > a.trace_pk << 24 AND e.span_pk < (a.trace_pk + 1) << 24
    AND e.model IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM span_models AS o WHERE o.span_pk > a.trace_pk << 24 AND o.span_pk < e.span_pk
        AND o.model = e.model)"
);
pub(crate) const BY_SOURCE: [&str; 2] = both_axes!("a.source_id", "");

pub(crate) fn count(connection: &Connection, query: &SegmentQuery) -> Result<Vec<Segment>> {
    const OPERATION: &str = "count verdicts by segment";
    let scope = Scope::new(connection, query.stats.experiments.as_deref(), &query.stats.source_types)?;
    let Some((first, last)) = first_and_last(query.stats.range.from, query.stats.range.until) else {
        return Ok(Vec::new());
    };
    let (sql, key) = match &query.by {
        SegmentKey::Tag(key) => (BY_TAG, key.as_str()),
        SegmentKey::Prompt => (BY_PROMPT, ""),
        SegmentKey::Model => (BY_MODEL, ""),
        SegmentKey::Source => (BY_SOURCE, ""),
        other => (BY_METADATA, other.metadata_key().unwrap_or(keys::SESSION)),
    };
    let [by_trace_time, by_time] = sql;
    let sql = match query.stats.axis {
        TimeAxis::Trace => by_trace_time,
        TimeAxis::Feedback => by_time,
    };
    let mut select = connection.prepare_cached(sql).during(OPERATION)?;
    let wanted = params![scope.experiments, first, last, query.name.as_str(), scope.sources, known_keys::stored(key)];
    let mut rows = select.query(wanted).during(OPERATION)?;
    let mut segments = Segments::default();
    while let Some(row) = rows.next().during(OPERATION)? {
        let number =
            |column| Ok::<_, candor_store::StoreError>(row.get::<_, i64>(column).during(OPERATION)?.cast_unsigned());
        // Anonymous verdicts have no source id.
        if let Some(segment) = row.get_ref(0).and_then(|text| Ok(text.as_str_or_null()?)).during(OPERATION)? {
            segments.add_count(segment, number(1)?, number(2)?, number(3)?);
        }
    }
    Ok(segments.finish(query.min_verdicts))
}

//! Counts of verdicts by what their traces have.

use candor_model::keys;
use candor_store::{Result, Segment, SegmentKey, SegmentQuery, Segments, TimeAxis};
use sqlx::{PgConnection, Row};

use super::{Scope, first_and_last};
use crate::error::During;
use crate::text::{self, kept};

/// The verdicts, one row for each segment that one is in; `$6` is the key of a tag or of metadata.
macro_rules! verdicts {
    ($time:literal, $segment:literal, $join:literal) => {
        concat!(
            "SELECT ",
            $segment,
            " AS segment, count(DISTINCT a.trace_id), count(*) FILTER (WHERE a.class = 2),",
            " count(*) FILTER (WHERE a.class = 1) FROM assessments AS a ",
            $join,
            " WHERE ($1::bigint[] IS NULL OR a.experiment_id = ANY($1)) AND a.",
            $time,
            " >= $2 AND a.",
            $time,
            " <= $3 AND a.valid AND a.class IN (1, 2) AND a.name = $4 AND ($5::integer >> a.source_type) & 1 = 1",
            " AND $6::text IS NOT NULL GROUP BY 1"
        )
    };
}

macro_rules! both_axes {
    ($segment:literal, $join:literal) => {
        [verdicts!("trace_ms", $segment, $join), verdicts!("create_ms", $segment, $join)]
    };
}

const BY_TAG: [&str; 2] =
    both_axes!("t.tags ->> $6", "JOIN traces AS t ON t.trace_id = a.trace_id AND t.month = a.month");
const BY_METADATA: [&str; 2] =
    both_axes!("t.metadata ->> $6", "JOIN traces AS t ON t.trace_id = a.trace_id AND t.month = a.month");
const BY_PROMPT: [&str; 2] = both_axes!(
    "prompt",
    "JOIN traces AS t ON t.trace_id = a.trace_id AND t.month = a.month CROSS JOIN LATERAL unnest(t.prompts) AS prompt"
);
// Of several spans that name one model the first stands for all.
const BY_MODEL: [&str; 2] = both_axes!(
    "m.model",
    "CROSS JOIN LATERAL (SELECT DISTINCT s.model FROM spans AS s
        WHERE s.trace_id = a.trace_id AND s.month = a.month AND s.model IS NOT NULL) AS m"
);
const BY_SOURCE: [&str; 2] = both_axes!("a.source_id", "");

pub(crate) async fn count(connection: &mut PgConnection, query: &SegmentQuery) -> Result<Vec<Segment>> {
    const OPERATION: &str = "count verdicts by segment";
    let scope = Scope::new(query.stats.experiments.as_deref(), &query.stats.source_types);
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
    let select = sqlx::query(sql)
        .bind(scope.experiments)
        .bind(first)
        .bind(last)
        .bind(kept(query.name.as_str()).into_owned())
        .bind(i32::from(scope.sources))
        .bind(kept(key).into_owned());
    let mut segments = Segments::default();
    for row in select.fetch_all(connection).await.during(OPERATION)? {
        let number = |column: usize| row.try_get::<i64, _>(column).map(i64::cast_unsigned).during(OPERATION);
        // Anonymous verdicts have no source id, and most traces lack most keys.
        if let Some(segment) = row.try_get::<Option<String>, _>(0).during(OPERATION)? {
            segments.add_count(&text::read(segment), number(1)?, number(2)?, number(3)?);
        }
    }
    Ok(segments.finish(query.min_verdicts))
}

//! Whether the rollups are what a recount yields.

use candor_store::Result;
use rusqlite::Connection;

use crate::error::During;
use crate::statements::Statements;

/// Rows on one side only: what is kept, and what a recount of the rows yields.
const DIFFERENCES: [&str; 3] = [
    "WITH truth AS (
        SELECT experiment_id, hour, name, source_type, class, value, count(*) AS verdicts FROM counted_feedback
        GROUP BY experiment_id, hour, name, source_type, class, value)
    SELECT count(*) FROM (
        SELECT * FROM (SELECT * FROM truth EXCEPT SELECT * FROM feedback_hours)
        UNION ALL SELECT * FROM (SELECT * FROM feedback_hours EXCEPT SELECT * FROM truth))",
    "WITH truth AS (
        SELECT experiment_id, request_ms / 3600000 - (request_ms % 3600000 < 0) AS hour, judged_by,
            count(*) AS traces
        FROM traces GROUP BY experiment_id, hour, judged_by)
    SELECT count(*) FROM (
        SELECT * FROM (SELECT * FROM truth EXCEPT SELECT * FROM trace_hours)
        UNION ALL SELECT * FROM (SELECT * FROM trace_hours EXCEPT SELECT * FROM truth))",
    "WITH truth (trace_pk, judged_by) AS (
        SELECT trace_pk, sum(DISTINCT 1 << source_type) FROM counted_feedback GROUP BY trace_pk)
    SELECT count(*) FROM traces LEFT JOIN truth ON truth.trace_pk = traces.pk
    WHERE traces.judged_by <> ifnull(truth.judged_by, 0)",
];

/// The number of rows that differ from a recount; reads everything.
pub(crate) fn differences(connection: &Connection) -> Result<u64> {
    let mut sum = 0;
    for sql in DIFFERENCES {
        let count: Option<i64> = connection.first(sql, [], |row| row.get(0)).during("recount feedback")?;
        sum += count.unwrap_or_default().cast_unsigned();
    }
    Ok(sum)
}

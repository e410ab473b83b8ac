//! Counting what is new, and whether the rollups are what a recount yields.

use candor_model::{SourceType, TraceInfo};
use candor_store::Result;
use rusqlite::{Connection, params};

use crate::convert::source_code;
use crate::error::During;
use crate::statements::Statements;
use crate::targets::Candidate;

const MS_PER_HOUR: i64 = 3_600_000;

/// Counts a trace that was just written for the first time.
pub(crate) fn count_trace(connection: &Connection, info: &TraceInfo) -> Result<()> {
    const COUNT: &str = "
        INSERT INTO trace_hours VALUES (?1, ?2, 0, 1) ON CONFLICT DO UPDATE SET traces = traces + 1";
    let row = params![info.experiment_id.get(), info.request_time.as_millis().div_euclid(MS_PER_HOUR)];
    connection.run(COUNT, row).during("count a trace").map(drop)
}

/// Counts an assessment that was just written for the first time, if it is feedback that counts.
pub(crate) fn count_feedback(connection: &Connection, pk: i64, trace: &Candidate, source: SourceType) -> Result<()> {
    const COUNT: &str = "
        INSERT INTO feedback_hours
        SELECT experiment_id, hour, name, source_type, class, value, 1 FROM counted_feedback WHERE pk = ?
        ON CONFLICT DO UPDATE SET verdicts = verdicts + 1";
    let judged_by = trace.judged_by | 1 << source_code(source);
    match connection.run(COUNT, [pk]).during("count feedback")? {
        1 if judged_by != trace.judged_by => judge(connection, trace, judged_by),
        _ => Ok(()),
    }
}

/// Notes by whom a trace is judged now.
fn judge(connection: &Connection, trace: &Candidate, judged_by: i64) -> Result<()> {
    const OPERATION: &str = "count a judged trace";
    const MARK: &str = "UPDATE traces SET judged_by = ?3 WHERE pk = ?1 AND judged_by = ?2";
    const MARK_IN_VIEW: &str = "
        UPDATE judged_traces SET judged_by = judged_by | ?2 WHERE pk = ?1 AND judged_by & ?2 <> ?2";
    const TAKE: &str = "
        UPDATE trace_hours SET traces = traces - 1 WHERE experiment_id = ?1 AND hour = ?2 AND judged_by = ?3";
    const CLEAR: &str = "
        DELETE FROM trace_hours WHERE experiment_id = ?1 AND hour = ?2 AND judged_by = ?3 AND traces = 0";
    const ADD: &str = "
        INSERT INTO trace_hours VALUES (?1, ?2, ?3, 1) ON CONFLICT DO UPDATE SET traces = traces + 1";
    if connection.run(MARK, params![trace.pk, trace.judged_by, judged_by]).during(OPERATION)? == 0 {
        // It has been judged since it was looked up.
        return connection.run(MARK_IN_VIEW, params![trace.pk, judged_by]).during(OPERATION).map(drop);
    }
    let hour = trace.request_ms.div_euclid(MS_PER_HOUR);
    for (sql, judged_by) in [(TAKE, trace.judged_by), (CLEAR, trace.judged_by), (ADD, judged_by)] {
        connection.run(sql, params![trace.experiment_id, hour, judged_by]).during(OPERATION)?;
    }
    Ok(())
}

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

//! Counting what is new, and whether the rollups are what a recount yields.

use candor_model::SourceType;
use candor_store::Result;
use rusqlite::{Connection, params};

use crate::convert::source_code;
use crate::error::During;
use crate::statements::Statements;
use crate::targets::Candidate;

/// Counts a trace that was just written for the first time.
pub(crate) fn count_trace(connection: &Connection, pk: i64) -> Result<()> {
    add_trace(connection, pk, 0, 1).during("count a trace")
}

/// Counts an assessment that was just written for the first time, if it is feedback that counts.
pub(crate) fn count_feedback(connection: &Connection, pk: i64, trace: &Candidate, source: SourceType) -> Result<()> {
    const COUNT: &str = "
        INSERT INTO feedback_periods
        SELECT experiment_id, hours, hour, name, source_type, class, value, 1 FROM counted_in_periods WHERE pk = ?
        ON CONFLICT DO UPDATE SET verdicts = verdicts + 1";
    let judged_by = trace.judged_by | 1 << source_code(source);
    match connection.run(COUNT, [pk]).during("count feedback")? {
        1.. if judged_by != trace.judged_by => judge(connection, trace, judged_by),
        _ => Ok(()),
    }
}

/// Notes by whom a trace is judged now.
fn judge(connection: &Connection, trace: &Candidate, judged_by: i64) -> Result<()> {
    const OPERATION: &str = "count a judged trace";
    const MARK: &str = "UPDATE traces SET judged_by = ?3 WHERE pk = ?1 AND judged_by = ?2";
    const MARK_IN_VIEW: &str = "
        UPDATE judged_traces SET judged_by = judged_by | ?2 WHERE pk = ?1 AND judged_by & ?2 <> ?2";
    if connection.run(MARK, params![trace.pk, trace.judged_by, judged_by]).during(OPERATION)? == 0 {
        // It has been judged since it was looked up.
        return connection.run(MARK_IN_VIEW, params![trace.pk, judged_by]).during(OPERATION).map(drop);
    }
    for (judged_by, count) in [(trace.judged_by, -1), (judged_by, 1)] {
        add_trace(connection, trace.pk, judged_by, count).during(OPERATION)?;
    }
    Ok(())
}

fn add_trace(connection: &Connection, pk: i64, judged_by: i64, count: i64) -> rusqlite::Result<()> {
    const ADD: &str = "
        INSERT INTO trace_periods
        SELECT experiment_id, hours, hour, ?2, ?3 FROM traces_in_periods WHERE pk = ?1
        ON CONFLICT DO UPDATE SET traces = traces + excluded.traces";
    connection.run(ADD, params![pk, judged_by, count]).map(drop)
}

/// Rows on one side only: what is kept, and what a recount of the rows yields.
const DIFFERENCES: [&str; 3] = [
    "WITH truth AS (
        SELECT experiment_id, hours, hour, name, source_type, class, value, count(*) AS verdicts
        FROM counted_in_periods GROUP BY experiment_id, hours, hour, name, source_type, class, value),
    kept AS (SELECT * FROM feedback_periods WHERE verdicts <> 0)
    SELECT count(*) FROM (
        SELECT * FROM (SELECT * FROM truth EXCEPT SELECT * FROM kept)
        UNION ALL SELECT * FROM (SELECT * FROM kept EXCEPT SELECT * FROM truth))",
    "WITH truth AS (
        SELECT experiment_id, hours, hour, judged_by, count(*) AS traces
        FROM traces_in_periods GROUP BY experiment_id, hours, hour, judged_by),
    kept AS (SELECT * FROM trace_periods WHERE traces <> 0)
    SELECT count(*) FROM (
        SELECT * FROM (SELECT * FROM truth EXCEPT SELECT * FROM kept)
        UNION ALL SELECT * FROM (SELECT * FROM kept EXCEPT SELECT * FROM truth))",
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

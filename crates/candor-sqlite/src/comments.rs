//! What people say: walked from the latest comment on, until a page is full.

use candor_model::{Assessment, AssessmentId, AssessmentName};
use candor_store::{CommentQuery, Page, Result, TimeAxis};
use rusqlite::{Connection, params};

use crate::assessments::row;
use crate::convert::{source_code, trace_id};
use crate::error::During;
use crate::stats;

macro_rules! comments {
    ($time:literal) => {
        concat!(
            "SELECT t.trace_id, ",
            row::columns!(),
            " FROM assessments AS a INDEXED BY assessments_with_comment CROSS JOIN traces AS t ON t.pk = a.trace_pk",
            " WHERE a.rationale IS NOT NULL AND a.valid = 1 AND a.counted = 1 AND a.experiment_id = ?1",
            " AND (a.create_ms, a.assessment_id) < (?2, ?3) AND a.",
            $time,
            " >= ?4 AND a.",
            $time,
            " <= ?5 AND ?6 >> a.source_type & 1 AND (?7 IS NULL OR a.name = ?7) AND (?8 IS NULL OR a.value_type = ?8)",
            " ORDER BY a.create_ms DESC, a.assessment_id DESC"
        )
    };
}

pub(crate) const BY_TRACE_TIME: &str = comments!("trace_ms");
pub(crate) const BY_TIME: &str = comments!("create_ms");

pub(crate) fn page(connection: &Connection, query: &CommentQuery) -> Result<Page<Assessment>> {
    let experiments = match &query.stats.experiments {
        Some(ids) => ids.iter().map(|id| id.get()).collect(),
        None => stats::all_experiments(connection)?,
    };
    let range = query.stats.range;
    let mut found = Vec::new();
    if let Some(times) = stats::first_and_last(range.from, range.until) {
        for experiment in experiments {
            walk(connection, query, experiment, times, &mut found)?;
        }
    }
    query.page(found)
}

/// Adds an experiment's latest comments that fit, one more than a page has at most.
fn walk(
    connection: &Connection,
    query: &CommentQuery,
    experiment: i64,
    (first, last): (i64, i64),
    found: &mut Vec<Assessment>,
) -> Result<()> {
    const OPERATION: &str = "look comments up";
    /// Behind every id.
    const HIGHEST: [u8; 17] = [u8::MAX; 17];
    let after = query.after()?;
    let (before_ms, before_id) = match &after {
        Some((time, id)) => {
            let id: Option<AssessmentId> = id.parse().ok();
            (time.as_millis(), id.map_or(HIGHEST.to_vec(), |id| id.as_bytes().to_vec()))
        }
        None => (i64::MAX, HIGHEST.to_vec()),
    };
    let sources = query.stats.source_types.iter().fold(0_i64, |bits, source| bits | 1 << source_code(*source));
    let value_type = query.verdict.map(|positive| if positive { 2 } else { 1 });
    let sql = match query.stats.axis {
        TimeAxis::Trace => BY_TRACE_TIME,
        TimeAxis::Feedback => BY_TIME,
    };
    let name = query.name.as_ref().map(AssessmentName::as_str);
    let mut select = connection.prepare_cached(sql).during(OPERATION)?;
    let wanted = params![experiment, before_ms, before_id, first, last, sources, name, value_type];
    let mut rows = select.query(wanted).during(OPERATION)?;
    let enough = found.len().saturating_add(query.max_results);
    while found.len() <= enough
        && let Some(row) = rows.next().during(OPERATION)?
    {
        let verdict = row::read(row, trace_id(row.get(0).during(OPERATION)?), 1)?;
        found.extend(Some(verdict).filter(|verdict| query.fits(verdict)));
    }
    Ok(())
}

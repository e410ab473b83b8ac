//! Feedback in the order in which it was committed, which is that of its numbers.

use candor_store::{Arrival, Arrivals, Result};
use rusqlite::{Connection, params};

use crate::assessments::row;
use crate::convert::{experiment_id, trace_id};
use crate::error::During;
use crate::statements::Statements;

/// The number of the last assessment that ever came.
pub(crate) const LAST: &str = "
    SELECT max(ifnull((SELECT max(pk) FROM assessments), 0), pk) FROM last_deleted_assessment";
pub(crate) const SINCE: &str = concat!(
    "SELECT a.pk, a.experiment_id, t.trace_id, ",
    row::columns!(),
    " FROM assessments AS a CROSS JOIN traces AS t ON t.pk = a.trace_pk",
    " WHERE a.pk > ?1 AND a.kind = 0 ORDER BY a.pk LIMIT ?2"
);

pub(crate) fn since(connection: &Connection, after: Option<u64>, max: usize) -> Result<Arrivals> {
    const OPERATION: &str = "read new feedback";
    let Some(after) = after else {
        let last: Option<i64> = connection.first(LAST, [], |row| row.get(0)).during(OPERATION)?;
        return Ok(Arrivals { items: Vec::new(), next: last.unwrap_or_default().cast_unsigned() });
    };
    let bounds = params![i64::try_from(after).unwrap_or(i64::MAX), i64::try_from(max).unwrap_or(i64::MAX)];
    let mut select = connection.prepare_cached(SINCE).during(OPERATION)?;
    let mut rows = select.query(bounds).during(OPERATION)?;
    let mut items = Vec::new();
    while let Some(row) = rows.next().during(OPERATION)? {
        items.push(Arrival {
            number: row.get::<_, i64>(0).during(OPERATION)?.cast_unsigned(),
            experiment: experiment_id(row.get(1).during(OPERATION)?)?,
            feedback: row::read(row, trace_id(row.get(2).during(OPERATION)?), 3)?,
        });
    }
    let next = items.last().map_or(after, |last| last.number);
    Ok(Arrivals { items, next })
}

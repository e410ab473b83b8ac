//! Feedback in the order in which it was committed, which is that of its numbers.

use candor_store::{Arrival, Arrivals, Result};
use sqlx::{PgConnection, Row};

use crate::assessments;
use crate::convert::{experiment_id, trace_id};
use crate::error::During;

/// The channel on which every commit that brings feedback says so.
pub(crate) const CHANNEL: &str = "candor_feedback";

pub(crate) const LAST: &str = "SELECT number FROM last_assessment";

pub(crate) async fn since(connection: &mut PgConnection, after: Option<u64>, max: usize) -> Result<Arrivals> {
    const OPERATION: &str = "read new feedback";
    const SINCE: &str = concat!(
        "SELECT a.number, a.experiment_id, a.trace_id, ",
        assessments::columns!(),
        " FROM assessments AS a WHERE a.number > $1 AND a.kind = 0 ORDER BY a.number LIMIT $2"
    );
    let Some(after) = after else {
        let last = sqlx::query_scalar::<_, i64>(LAST).fetch_one(connection).await;
        return Ok(Arrivals { items: Vec::new(), next: last.during(OPERATION)?.cast_unsigned() });
    };
    let select =
        sqlx::query(SINCE).bind(i64::try_from(after).unwrap_or(i64::MAX)).bind(i64::try_from(max).unwrap_or(i64::MAX));
    let mut items = Vec::new();
    for row in select.fetch_all(connection).await.during(OPERATION)? {
        items.push(Arrival {
            number: row.try_get::<i64, _>(0).during(OPERATION)?.cast_unsigned(),
            experiment: experiment_id(row.try_get(1).during(OPERATION)?)?,
            feedback: assessments::read(&row, trace_id(row.try_get(2).during(OPERATION)?), 3)?,
        });
    }
    let next = items.last().map_or(after, |last| last.number);
    Ok(Arrivals { items, next })
}

//! How far two filters find the same traces, counted in one walk.

use candor_filter::TraceFilter;
use candor_store::{Overlap, OverlapQuery, Result};
use rusqlite::{Connection, Row, params_from_iter};

use super::clauses;
use super::sql::Sql;
use crate::error::During;
use crate::statements::Statements;

pub(crate) fn overlap(connection: &Connection, query: &OverlapQuery) -> Result<Overlap> {
    if query.experiments.is_empty() {
        return Ok(Overlap::default());
    }
    let fits = |filter: &TraceFilter| {
        let conditions = clauses::conditions(filter, None, &query.experiments);
        match conditions.is_empty() {
            true => Sql::new("TRUE"),
            // A comparison with nothing is neither true nor false.
            false => Sql::all(conditions).in_parentheses().push(" IS TRUE"),
        }
    };
    let select = Sql::new("SELECT count(*) FILTER (WHERE u), sum(a), sum(b), sum(a AND b) FROM (SELECT ")
        .append(fits(&query.universe))
        .push(" AS u, ")
        .append(fits(&query.first))
        .push(" AS a, ")
        .append(fits(&query.second))
        .push(" AS b FROM traces AS t INDEXED BY traces_by_time WHERE t.experiment_id IN ")
        .bind_experiments(&query.experiments)
        .push(")");
    let number =
        |row: &Row<'_>, column| row.get(column).map(|sum: Option<i64>| sum.unwrap_or_default().cast_unsigned());
    let counts = connection.first(&select.text, params_from_iter(select.values), |row| {
        let (first, second) = (number(row, 1)?, number(row, 2)?);
        Ok(Overlap { total: number(row, 0)?, first, second, both: number(row, 3)? })
    });
    Ok(counts.during("compare filters")?.unwrap_or_default())
}

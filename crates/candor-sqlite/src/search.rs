//! Searching traces: a page of keys from one statement per experiment, then the traces themselves.

pub(crate) mod assessments;
pub(crate) mod clauses;
pub(crate) mod order;
pub(crate) mod plan;
pub(crate) mod sql;

use candor_filter::{PageToken, QueryId, SortValue, compare_values, effective_order};
use candor_model::TraceInfo;
use candor_store::{Page, Result, StoreError, TraceQuery};
use rusqlite::{Connection, params_from_iter};

use crate::error::During;
use crate::traces;
use plan::Plan;

pub(crate) fn traces(connection: &Connection, query: &TraceQuery, few_entries: i64) -> Result<Page<TraceInfo>> {
    check_page_size(query.max_results)?;
    let order = effective_order(&query.order_by);
    let query_id = QueryId::traces(&query.filter, &order, &query.experiments);
    let after = query.page_token.as_deref().map(|token| PageToken::decode(token, query_id)).transpose()?.flatten();

    let mut experiments = query.experiments.clone();
    experiments.sort_unstable();
    experiments.dedup();
    let plan =
        Plan { filter: &query.filter, order: &order, after: after.as_ref(), limit: query.max_results, few_entries };
    let mut found: Vec<Found> = Vec::new();
    for experiment in experiments {
        let statement = plan.statement(connection, experiment)?;
        found.extend(run(connection, &statement, &order)?);
    }
    found.sort_by(|a, b| compare_values(&order, &a.keys, &b.keys));
    let more = found.len() > query.max_results;
    found.truncate(query.max_results);
    let next_page_token =
        found.last().filter(|_| more).map(|last| PageToken { last: last.keys.clone() }.encode(query_id));
    let pks: Vec<i64> = found.iter().map(|row| row.pk).collect();
    Ok(Page { items: traces::row::load(connection, &pks)?, next_page_token })
}

/// Refuses pages of nothing.
pub(crate) fn check_page_size(max_results: usize) -> Result<()> {
    match max_results {
        0 => Err(StoreError::Invalid { field: "max_results", reason: "must be positive".to_owned() }),
        _ => Ok(()),
    }
}

/// A trace that fits, and what it is sorted by.
struct Found {
    pk: i64,
    keys: Vec<SortValue>,
}

fn run(connection: &Connection, statement: &sql::Sql, order: &[candor_filter::OrderBy]) -> Result<Vec<Found>> {
    const OPERATION: &str = "search traces";
    let mut select = connection.prepare_cached(&statement.text).during(OPERATION)?;
    let mut rows = select.query(params_from_iter(&statement.values)).during(OPERATION)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().during(OPERATION)? {
        let keys = order.iter().enumerate().map(|(index, item)| order::read(row, index + 1, &item.key));
        let keys = keys.collect::<rusqlite::Result<_>>().during(OPERATION)?;
        found.push(Found { pk: row.get(0).during(OPERATION)?, keys });
    }
    Ok(found)
}

//! Searching traces: a page of keys from each experiment, then the traces themselves.

mod assessments;
mod clauses;
mod drivers;
mod order;
mod overlap;
pub(crate) mod plan;
pub(crate) mod sql;

use candor_filter::{PageToken, QueryId, SortValue, compare_values, effective_order};
use candor_model::TraceInfo;
use candor_store::{Page, Result, StoreError, TraceQuery};
use rusqlite::Connection;

use crate::traces;
pub(crate) use overlap::overlap;
use plan::Plan;

/// One page; for `budget` see [`SqliteOptions`](crate::SqliteOptions).
pub(crate) fn traces(connection: &Connection, query: &TraceQuery, budget: i64) -> Result<Page<TraceInfo>> {
    check_page_size(query.max_results)?;
    let order = effective_order(&query.order_by);
    let query_id = QueryId::traces(&query.filter, &order, &query.experiments);
    let after = query.page_token.as_deref().map(|token| PageToken::decode(token, query_id)).transpose()?.flatten();

    let mut experiments = query.experiments.clone();
    experiments.sort_unstable();
    experiments.dedup();
    let limit = query.max_results.saturating_add(1); // one more tells whether a page follows
    let plan =
        Plan { filter: &query.filter, experiments: &experiments, order: &order, after: after.as_ref(), limit, budget };
    let mut found: Vec<Found> = Vec::new();
    for experiment in &experiments {
        found.extend(plan.run(connection, *experiment)?);
    }
    found.sort_by(|a, b| compare_values(&order, &a.keys, &b.keys));
    let more = found.len() > query.max_results;
    found.truncate(query.max_results);
    let token = |last: &Found| PageToken { last: last.keys.clone() }.encode(query_id);
    let next_page_token = found.last().filter(|_| more).map(token);
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

//! Searching traces: a page of keys, then the traces themselves.

mod assessments;
mod clauses;
mod order;
mod residue;
pub(crate) mod sql;

use candor_filter::{Clause, OrderBy, PageToken, QueryId, SortValue, effective_order};
use candor_model::{ExperimentId, TraceId, TraceInfo};
use candor_store::{Page, Result, TraceQuery};
use sqlx::{PgConnection, Row};

use self::residue::Residue;
use self::sql::{Sql, Value};
use crate::convert::{experiment_numbers, trace_id, trace_uuid};
use crate::error::During;
use crate::pending::check_page_size;
use crate::traces::read;

const OPERATION: &str = "search traces";
/// Up to so many traces are collected from the assessments' side; of more it is cheaper to walk the
/// experiment in its order until the page is full.
const FEW: i64 = 2000;
/// How many traces are looked at together when the evaluator has the last word: at first, and at most.
const LOTS: (usize, usize) = (500, 4000);

/// One page.
pub(crate) async fn traces(connection: &mut PgConnection, query: &TraceQuery) -> Result<Page<TraceInfo>> {
    check_page_size(query.max_results)?;
    let order = effective_order(&query.order_by);
    let query_id = QueryId::traces(&query.filter, &order, &query.experiments);
    let after = query.page_token.as_deref().map(|token| PageToken::decode(token, query_id)).transpose()?.flatten();
    if query.experiments.is_empty() {
        return Ok(Page::last(Vec::new()));
    }
    let wanted = query.max_results.saturating_add(1); // one more tells whether a page follows
    let conditions = conditions(connection, query).await?;
    let search = Search { experiments: &query.experiments, order: &order, conditions };
    let mut found = match Residue::of(&query.filter) {
        None => search.fetch(connection, after.as_ref(), wanted).await?,
        Some(residue) => search.fetch_checked(connection, after, wanted, &residue).await?,
    };
    let more = found.len() > query.max_results;
    found.truncate(query.max_results);
    let token = |last: &Found| PageToken { last: last.keys.clone() }.encode(query_id);
    let next_page_token = found.last().filter(|_| more).map(token);
    let ids: Vec<TraceId> = found.iter().map(|row| row.id).collect();
    let mut infos = read::whole(connection, &ids).await?;
    Ok(Page { items: ids.iter().filter_map(|id| infos.remove(id)).collect(), next_page_token })
}

/// The conditions of all clauses, each from the cheaper side.
async fn conditions(connection: &mut PgConnection, query: &TraceQuery) -> Result<Vec<Sql>> {
    let mut conditions = Vec::new();
    for clause in &query.filter.clauses {
        if let Clause::Assessment { kind, name, test } = clause
            && let Some(traces) = assessments::traces(*kind, name, test, &query.experiments)
        {
            let select = traces.push(" LIMIT ").bind(Value::Int(FEW));
            let found = select.query().fetch_all(&mut *connection).await.during(OPERATION)?;
            if found.len() < FEW as usize {
                let found = found.iter().map(|row| Ok((trace_id(row.try_get(0)?), row.try_get(1)?)));
                let places = places(found.collect::<sqlx::Result<Vec<_>>>().during(OPERATION)?);
                conditions.push(Sql::new("(t.trace_id, t.month) IN (SELECT * FROM ").append(places).push(")"));
                continue;
            }
        }
        conditions.extend(clauses::condition(clause, &query.experiments).map(|condition| condition.sql));
    }
    // Where SQL has not the last word, spans are looked at once, by the residue.
    conditions.extend(clauses::spans(&query.filter).filter(|spans| spans.exact).map(|spans| spans.sql));
    Ok(conditions)
}

/// The ids and months of some traces, as rows.
fn places(traces: impl IntoIterator<Item = (TraceId, i32)>) -> Sql {
    let (ids, months) = traces.into_iter().map(|(id, month)| (trace_uuid(id), i64::from(month))).unzip();
    Sql::new("unnest(").bind(Value::Ids(ids)).push(", ").bind(Value::Ints(months)).push("::integer[])")
}

struct Search<'a> {
    experiments: &'a [ExperimentId],
    order: &'a [OrderBy],
    conditions: Vec<Sql>,
}

/// A trace that fits, and what it is sorted by.
struct Found {
    id: TraceId,
    month: i32,
    keys: Vec<SortValue>,
}

impl Search<'_> {
    /// The first traces behind the page before that fulfil the conditions.
    async fn fetch(
        &self,
        connection: &mut PgConnection,
        after: Option<&PageToken>,
        limit: usize,
    ) -> Result<Vec<Found>> {
        let mut select = Sql::new("SELECT t.trace_id, t.month");
        for item in self.order {
            select = select.push(", ").append(order::expression(&item.key));
        }
        select = match self.experiments {
            // The index on times has the order of one experiment.
            [only] => select.push(" FROM traces AS t WHERE t.experiment_id = ").bind(Value::Int(only.get())),
            several => select
                .push(" FROM traces AS t WHERE t.experiment_id = ANY(")
                .bind(Value::Ints(experiment_numbers(several)))
                .push(")"),
        };
        if let Some(token) = after {
            select = select.push(" AND ").append(order::behind(self.order, &token.last)?);
        }
        for condition in &self.conditions {
            select = select.push(" AND ").append(condition.clone());
        }
        let limit = Value::Int(i64::try_from(limit).unwrap_or(i64::MAX));
        let select = select.push(" ORDER BY ").push(&order::terms(self.order)).push(" LIMIT ").bind(limit);
        // Of all traces, any plan walks their index; a statement with conditions is planned for them.
        let query = select.query().persistent(self.conditions.is_empty());
        let mut found = Vec::new();
        for row in query.fetch_all(connection).await.during(OPERATION)? {
            let keys = self.order.iter().enumerate().map(|(index, item)| order::read(&row, index + 2, &item.key));
            let keys = keys.collect::<Result<_, _>>().during(OPERATION)?;
            let (id, month) = (row.try_get(0).during(OPERATION)?, row.try_get(1).during(OPERATION)?);
            found.push(Found { id: trace_id(id), month, keys });
        }
        Ok(found)
    }

    /// The same, of those that the evaluator lets pass.
    async fn fetch_checked(
        &self,
        connection: &mut PgConnection,
        mut after: Option<PageToken>,
        limit: usize,
        residue: &Residue,
    ) -> Result<Vec<Found>> {
        let mut found = Vec::new();
        let mut lot = limit.clamp(LOTS.0, LOTS.1);
        loop {
            let candidates = self.fetch(connection, after.as_ref(), lot).await?;
            let is_last = candidates.len() < lot;
            after = candidates.last().map(|last| PageToken { last: last.keys.clone() });
            let fitting = residue.fitting(connection, &candidates, self.experiments).await?;
            found.extend(candidates.into_iter().filter(|candidate| fitting.contains(&candidate.id)));
            if found.len() >= limit || is_last {
                found.truncate(limit);
                return Ok(found);
            }
            lot = (2 * lot).min(LOTS.1);
        }
    }
}

//! From which side a search finds its traces.
//!
//! Two ways lead to a page. Walking an experiment's traces in their order and checking each is fast
//! when many fit, since it ends with the page. Starting from an index on what the filter asks for is
//! fast when few fit. Which one it is, is counted beforehand, up to a bound: no guess of SQLite's
//! planner can make a rare value scan everything, or a frequent one collect everything.

use candor_filter::{
    AttributeField, Clause, CompareOp, KeyTest, NumberField, OrderBy, OrderKey, PageToken, SortValue, TextMatch,
    TextTest, TraceFilter,
};
use candor_model::{ExperimentId, keys};
use candor_store::Result;
use rusqlite::{Connection, params_from_iter};

use super::assessments::{self, Driver};
use super::sql::Sql;
use super::{clauses, order};
use crate::error::During;
use crate::statements::Statements;

/// A search, free of the experiment.
pub(crate) struct Plan<'a> {
    pub(crate) filter: &'a TraceFilter,
    /// The effective one.
    pub(crate) order: &'a [OrderBy],
    pub(crate) after: Option<&'a PageToken>,
    pub(crate) limit: usize,
    /// See [`SqliteOptions`](crate::SqliteOptions).
    pub(crate) few_entries: i64,
}

impl Plan<'_> {
    /// The statement that finds the page's traces in one experiment.
    pub(crate) fn statement(&self, connection: &Connection, experiment: ExperimentId) -> Result<Sql> {
        let mut best: Option<(usize, Driver)> = None;
        let mut bound = self.few_entries;
        for (place, driver) in self.drivers(experiment.get()) {
            let count = count(connection, &driver.entries, bound)?;
            if count < bound {
                (bound, best) = (count, Some((place, driver)));
            }
        }
        self.select(experiment.get(), best)
    }

    /// The statement that starts from what the clause at a place asks for, or walks the experiment.
    fn select(&self, experiment: i64, start: Option<(usize, Driver)>) -> Result<Sql> {
        let mut select = Sql::new("SELECT t.pk");
        for item in self.order {
            select = select.push(", ").append(order::expression(&item.key));
        }
        let done = start.as_ref().map(|(place, _)| *place);
        select = match start {
            // The plus sign keeps the index on times out of it.
            Some((_, driver)) => select
                .push(" FROM traces AS t WHERE t.pk IN (")
                .append(driver.traces)
                .push(") AND +t.experiment_id = ")
                .bind(experiment),
            None => {
                select.push(" FROM traces AS t INDEXED BY traces_by_time WHERE t.experiment_id = ").bind(experiment)
            }
        };
        if let Some(token) = self.after {
            select = select.push(" AND ").append(order::behind(self.order, &token.last)?);
        }
        for condition in clauses::conditions(self.filter, done) {
            select = select.push(" AND ").append(condition);
        }
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX).saturating_add(1);
        Ok(select.push(" ORDER BY ").push(&order::terms(self.order)).push(" LIMIT ").bind(limit))
    }

    /// The ways to find the traces from what a clause asks for, with the clause's place.
    fn drivers(&self, experiment: i64) -> Vec<(usize, Driver)> {
        let inside = self.time_bounds();
        let clauses = self.filter.clauses.iter().enumerate();
        clauses.filter_map(|(place, clause)| Some((place, driver(experiment, clause, &inside)?))).collect()
    }

    /// What filter and page say of request times, each with the comparator before it.
    fn time_bounds(&self) -> Vec<Sql> {
        let mut bounds: Vec<Sql> = self
            .filter
            .clauses
            .iter()
            .filter_map(|clause| match clause {
                Clause::Number {
                    field: NumberField::TimestampMs,
                    op: op @ (CompareOp::Eq | CompareOp::Order(_)),
                    value,
                } => Some(Sql::new(" ").push(op.as_str()).push(" ").bind(clauses::number(*value))),
                _ => None,
            })
            .collect();
        let first = self.order.first().filter(|item| item.key == OrderKey::TimestampMs);
        let last = self.after.and_then(|token| token.last.first());
        if let (Some(item), Some(SortValue::Int(last))) = (first, last) {
            bounds.push(Sql::new(if item.descending { " <= " } else { " >= " }).bind(*last));
        }
        bounds
    }
}

fn driver(experiment: i64, clause: &Clause, inside: &[Sql]) -> Option<Driver> {
    let from = |source: Sql| Driver {
        entries: Sql::new("SELECT 1").append(source.clone()),
        traces: Sql::new("SELECT e.trace_pk").append(source),
    };
    match clause {
        Clause::Assessment { kind, name, test } => assessments::driver(experiment, *kind, name, test, inside),
        Clause::Attribute {
            field: AttributeField::TraceId,
            test: TextTest::Match(TextMatch::Eq(_)) | TextTest::In { negated: false, .. },
        } => {
            let found = Sql::new(" FROM traces AS t WHERE ").append(clauses::condition(clause)?);
            Some(Driver {
                entries: Sql::new("SELECT 1").append(found.clone()),
                traces: Sql::new("SELECT t.pk").append(found),
            })
        }
        Clause::Attribute {
            field: AttributeField::ClientRequestId,
            test: TextTest::Match(TextMatch::Eq(_)) | TextTest::In { negated: false, .. },
        } => {
            let found = Sql::new(
                " FROM traces AS t INDEXED BY traces_by_client_request WHERE t.client_request_id IS NOT NULL AND ",
            )
            .append(clauses::condition(clause)?);
            Some(Driver {
                entries: Sql::new("SELECT 1").append(found.clone()),
                traces: Sql::new("SELECT t.pk").append(found),
            })
        }
        Clause::Name(test) => tagged(keys::TRACE_NAME, test).map(from),
        Clause::Tag { key, test } => tagged(key, test).map(from),
        Clause::Metadata { key, test } => described(key, test).map(from),
        Clause::RunId(test @ KeyTest::Match(TextMatch::Eq(run))) => {
            let logged = described(keys::SOURCE_RUN, test)?;
            let linked =
                Sql::new(" UNION ALL SELECT e.trace_pk FROM trace_runs AS e WHERE e.run_id = ").bind(run.clone());
            Some(Driver {
                entries: Sql::new("SELECT e.trace_pk").append(logged.clone()).append(linked.clone()),
                traces: Sql::new("SELECT e.trace_pk").append(logged).append(linked),
            })
        }
        Clause::Prompt { name, version } => {
            Some(from(Sql::new(" FROM trace_prompts AS e WHERE e.prompt = ").bind(format!("{name}/{version}"))))
        }
        _ => None,
    }
}

const TAGS: &str = " FROM trace_tags AS e INDEXED BY trace_tags_by_value \
    WHERE e.key NOT IN ('mlflow.artifactLocation', 'mlflow.trace.spansLocation')";
const METADATA: &str = " FROM trace_metadata AS e INDEXED BY trace_metadata_by_value \
    WHERE e.key NOT IN ('mlflow.trace.infoFinalized', 'mlflow.trace.sizeStats')";

fn tagged(key: &str, test: &KeyTest) -> Option<Sql> {
    let indexed = ![keys::ARTIFACT_LOCATION, keys::SPANS_LOCATION].contains(&key);
    entry(TAGS, key, test).filter(|_| indexed)
}

fn described(key: &str, test: &KeyTest) -> Option<Sql> {
    let indexed = ![keys::INFO_FINALIZED, keys::SIZE_STATS].contains(&key);
    entry(METADATA, key, test).filter(|_| indexed)
}

fn entry(source: &'static str, key: &str, test: &KeyTest) -> Option<Sql> {
    let entry = Sql::new(source).push(" AND e.key = ").bind(key.to_owned());
    match test {
        KeyTest::Match(TextMatch::Eq(wanted)) => Some(
            entry
                .push(" AND e.value_head = substr(")
                .bind(wanted.clone())
                .push(", 1, 100) AND e.value = ")
                .bind(wanted.clone()),
        ),
        KeyTest::IsNull { negated: true } => Some(entry),
        _ => None,
    }
}

/// Counts the entries of an index, up to `bound`.
fn count(connection: &Connection, entries: &Sql, bound: i64) -> Result<i64> {
    let counted = Sql::new("SELECT count(*) FROM (").append(entries.clone()).push(" LIMIT ").bind(bound).push(")");
    let count = connection.first(&counted.text, params_from_iter(&counted.values), |row| row.get(0));
    Ok(count.during("plan a search")?.unwrap_or_default())
}

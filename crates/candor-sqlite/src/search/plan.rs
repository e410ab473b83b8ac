//! From which side a search finds its traces.
//!
//! Two ways lead to a page. Walking an experiment's traces in their order and checking each is fast
//! when many fit, since it ends with the page. Starting from an index on what the filter asks for is
//! fast when few fit. Which one it is nobody knows beforehand: a value may be frequent, but not of
//! late. So a search takes turns: while the index has more entries than the budget it walks as many
//! traces as the budget says, then raises the budget. The way costs a small multiple of the shorter
//! one's, whatever the data. Feedback of one value stands in its index in the order of time, and is
//! taken from there in portions instead of walking. Tags and metadata of one value stand in the order of
//! the traces' numbers, which is that of arrival: who walks takes those of the numbers he meets at once,
//! instead of looking at every trace.

use candor_filter::{Clause, CompareOp, NumberField, OrderBy, OrderKey, PageToken, SortValue, TraceFilter};
use candor_model::ExperimentId;
use candor_store::Result;
use rusqlite::{Connection, params_from_iter};

use super::drivers::{self, Driver};
use super::sql::Sql;
use super::{Found, clauses, order};
use crate::error::During;
use crate::statements::Statements;

const OPERATION: &str = "search traces";
/// Before the number of an experiment: its traces in the order of time.
const WALK: &str = " FROM traces AS t INDEXED BY traces_by_time WHERE t.experiment_id = ";

/// Where a statement starts from.
#[derive(Debug)]
pub(crate) enum Start {
    /// The traces in the order of time.
    Walk,
    /// The index that the clause at a place asks for.
    Index(usize, Driver),
    /// The traces in the order of time, of which only those are looked at that the index has.
    WalkWith(usize, Driver),
}

/// A search, whichever of its experiments comes next.
pub(crate) struct Plan<'a> {
    pub(crate) filter: &'a TraceFilter,
    /// All that are searched.
    pub(crate) experiments: &'a [ExperimentId],
    /// The effective one.
    pub(crate) order: &'a [OrderBy],
    pub(crate) after: Option<&'a PageToken>,
    /// How many traces are wanted.
    pub(crate) limit: usize,
    /// How many traces are walked, or entries of an index collected, at first.
    pub(crate) budget: i64,
}

impl Plan<'_> {
    /// The first traces of an experiment that fit, in order.
    pub(super) fn run(&self, connection: &Connection, experiment: ExperimentId) -> Result<Vec<Found>> {
        let experiment = experiment.get();
        let everywhere = Window::default();
        let drivers = self.drivers(experiment, &everywhere);
        match self.order.first() {
            Some(first) if first.key == OrderKey::TimestampMs && !drivers.is_empty() => {
                self.take_turns(connection, experiment, first.descending)
            }
            // In any other order walking means to see all traces, of which there are about so many.
            _ => {
                let traces = connection.first("SELECT max(pk) FROM traces", [], |row| row.get::<_, Option<i64>>(0));
                let traces = traces.during(OPERATION)?.flatten().unwrap_or_default();
                let index = cheapest(connection, drivers, self.budget.max(traces / 4))?;
                let start = index.map_or(Start::Walk, |(place, driver)| Start::Index(place, driver));
                self.fetch(connection, self.select(experiment, start, &everywhere, self.limit)?)
            }
        }
    }

    fn take_turns(&self, connection: &Connection, experiment: i64, descending: bool) -> Result<Vec<Found>> {
        let mut window = Window { descending, ..Window::default() };
        let mut budget = self.budget;
        let mut found = Vec::new();
        loop {
            let start = self.turn(connection, experiment, &mut window, budget)?;
            let wanted = self.limit - found.len();
            found.extend(self.fetch(connection, self.select(experiment, start, &window, wanted)?)?);
            if found.len() >= self.limit || window.last.is_none() {
                return Ok(found);
            }
            window = Window { behind: window.last, last: None, descending };
            budget = budget.saturating_mul(4);
        }
    }

    /// Decides where the next turn starts from, and ends the window where the budget ends.
    fn turn(&self, connection: &Connection, experiment: i64, window: &mut Window, budget: i64) -> Result<Start> {
        let drivers = self.drivers(experiment, window);
        let mut stretches = Vec::new();
        for (place, driver) in &drivers {
            let ends =
                driver.in_time_order.iter().map(|entries| skip(connection, entries, "a.trace_ms", window, budget));
            let ends = ends.collect::<Result<Vec<_>>>()?;
            if !ends.is_empty() {
                stretches.push((window.nearest(ends.into_iter().flatten()), *place));
            }
        }
        let (in_trace_order, others) = drivers.into_iter().partition(|(_, driver)| driver.in_trace_order);
        for (drivers, bound) in [(others, budget), (in_trace_order, budget / WALKED_PER_LOOK_UP)] {
            if let Some((place, all_that_is_left)) = cheapest(connection, drivers, bound)? {
                return Ok(Start::Index(place, all_that_is_left));
            }
        }
        // Of an index in time order as much as the budget says reaches further than walking does.
        let furthest = stretches.into_iter().reduce(|a, b| if window.reaches_further(a.0, b.0) { a } else { b });
        if let Some((last, place)) = furthest {
            window.last = last;
            let narrowed = self.drivers(experiment, window).into_iter().find(|(other, _)| *other == place);
            return Ok(narrowed.map_or(Start::Walk, |(place, driver)| Start::Index(place, driver)));
        }
        window.last = skip(connection, &self.walk(experiment, window), "t.request_ms", window, budget)?;
        self.walk_with(connection, experiment, window, budget)
    }

    /// The traces of a window, from the index on times alone.
    fn walk(&self, experiment: i64, window: &Window) -> Sql {
        let walk = Sql::new(WALK).bind(experiment);
        self.time_bounds(window).into_iter().fold(walk, |walk, bound| walk.push(" AND t.request_ms").append(bound))
    }

    /// Whether an index has few entries of the numbers of a window's traces.
    ///
    /// When traces have come in the order of time they are as rare as those that fit.
    fn walk_with(&self, connection: &Connection, experiment: i64, window: &Window, budget: i64) -> Result<Start> {
        let mut drivers = self.drivers(experiment, window);
        drivers.retain(|(_, driver)| driver.in_trace_order);
        if drivers.is_empty() {
            return Ok(Start::Walk);
        }
        let numbers = Sql::new("SELECT min(t.pk), max(t.pk)").append(self.walk(experiment, window));
        let numbers = connection.first(&numbers.text, params_from_iter(&numbers.values), |row| {
            Ok(row.get::<_, Option<i64>>(0)?.zip(row.get::<_, Option<i64>>(1)?))
        });
        let Some((first, last)) = numbers.during(OPERATION)?.flatten() else { return Ok(Start::Walk) };
        let narrowed = drivers.into_iter().filter_map(|(place, driver)| Some((place, driver.between(first, last)?)));
        let index = cheapest(connection, narrowed.collect(), budget)?;
        Ok(index.map_or(Start::Walk, |(place, driver)| Start::WalkWith(place, driver)))
    }

    /// The statement that finds the traces of a window.
    pub(crate) fn select(&self, experiment: i64, start: Start, window: &Window, limit: usize) -> Result<Sql> {
        let mut select = Sql::new("SELECT t.pk");
        for item in self.order {
            select = select.push(", ").append(order::expression(&item.key));
        }
        let (mut select, done) = match start {
            Start::Walk => (select.push(WALK).bind(experiment), None),
            // The plus signs keep other indexes out of it.
            Start::Index(place, driver) => {
                let found = select.push(" FROM traces AS t WHERE t.pk IN (").append(driver.traces);
                (found.push(") AND +t.experiment_id = ").bind(experiment), Some(place))
            }
            Start::WalkWith(place, driver) => {
                let among = select.push(WALK).bind(experiment).push(" AND +t.pk IN (").append(driver.traces);
                (among.push(")"), Some(place))
            }
        };
        for bound in window.bounds() {
            select = select.push(" AND t.request_ms").append(bound);
        }
        if let Some(token) = self.after {
            select = select.push(" AND ").append(order::behind(self.order, &token.last)?);
        }
        let conditions = clauses::conditions(self.filter, done, self.experiments);
        if !conditions.is_empty() {
            select = select.push(" AND ").append(Sql::all(conditions));
        }
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(select.push(" ORDER BY ").push(&order::terms(self.order)).push(" LIMIT ").bind(limit))
    }

    /// The ways to find the traces of a window from what a clause asks for, with the clause's place.
    pub(crate) fn drivers(&self, experiment: i64, window: &Window) -> Vec<(usize, Driver)> {
        let inside = self.time_bounds(window);
        let clauses = self.filter.clauses.iter().enumerate();
        clauses
            .filter_map(|(place, clause)| {
                Some((place, drivers::of_clause(experiment, clause, &inside, self.experiments)?))
            })
            .collect()
    }

    /// What filter, page and window say of request times, each with the comparator before it.
    fn time_bounds(&self, window: &Window) -> Vec<Sql> {
        let of_clause = |clause: &Clause| match clause {
            Clause::Number {
                field: NumberField::TimestampMs,
                op: op @ (CompareOp::Eq | CompareOp::Order(_)),
                value,
            } => Some(Sql::new(" ").push(op.as_str()).push(" ").bind(clauses::number(*value))),
            _ => None,
        };
        let mut bounds: Vec<Sql> = self.filter.clauses.iter().filter_map(of_clause).collect();
        let first = self.order.first().filter(|item| item.key == OrderKey::TimestampMs);
        let last = self.after.and_then(|token| token.last.first());
        if let (Some(item), Some(SortValue::Int(last))) = (first, last) {
            bounds.push(Sql::new(if item.descending { " <= " } else { " >= " }).bind(*last));
        }
        bounds.extend(window.bounds());
        bounds
    }

    fn fetch(&self, connection: &Connection, statement: Sql) -> Result<Vec<Found>> {
        let mut select = connection.prepare_cached(&statement.text).during(OPERATION)?;
        let mut rows = select.query(params_from_iter(&statement.values)).during(OPERATION)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().during(OPERATION)? {
            let keys = self.order.iter().enumerate().map(|(index, item)| order::read(row, index + 1, &item.key));
            let keys = keys.collect::<rusqlite::Result<_>>().during(OPERATION)?;
            found.push(Found { pk: row.get(0).during(OPERATION)?, keys });
        }
        Ok(found)
    }
}

/// A stretch of request times, in the direction of the order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    descending: bool,
    /// The last time of the window before.
    behind: Option<i64>,
    /// The last time inside.
    last: Option<i64>,
}

impl Window {
    /// The end that comes first; `None` when there is none.
    fn nearest(&self, ends: impl Iterator<Item = i64>) -> Option<i64> {
        if self.descending { ends.max() } else { ends.min() }
    }

    /// Whether a window that ends at `a` holds more than one that ends at `b`.
    fn reaches_further(&self, a: Option<i64>, b: Option<i64>) -> bool {
        match (a, b) {
            (None, _) => true,
            (_, None) => false,
            (Some(a), Some(b)) => (a < b) == self.descending,
        }
    }

    fn bounds(&self) -> impl Iterator<Item = Sql> + use<> {
        let (after, until) = if self.descending { (" < ", " >= ") } else { (" > ", " <= ") };
        let after = self.behind.map(|time| Sql::new(after).bind(time));
        let until = self.last.map(|time| Sql::new(until).bind(time));
        after.into_iter().chain(until)
    }
}

/// The time of the entry `count` places on; `None` when there are no more than that.
fn skip(
    connection: &Connection,
    entries: &Sql,
    time: &'static str,
    window: &Window,
    count: i64,
) -> Result<Option<i64>> {
    let direction = if window.descending { " DESC" } else { " ASC" };
    let skip = Sql::new("SELECT ").push(time).append(entries.clone()).push(" ORDER BY ").push(time).push(direction);
    let skip = skip.push(" LIMIT 1 OFFSET ").bind(count);
    connection.first(&skip.text, params_from_iter(&skip.values), |row| row.get(0)).during(OPERATION)
}

/// How many traces are walked in the time that it takes to look one up that an index has, when few of
/// those walked must be looked at.
const WALKED_PER_LOOK_UP: i64 = 16;

/// The driver with the fewest entries, if that is below `bound`.
fn cheapest(connection: &Connection, drivers: Vec<(usize, Driver)>, mut bound: i64) -> Result<Option<(usize, Driver)>> {
    let mut best = None;
    for (place, driver) in drivers {
        let count = count(connection, &driver.entries, bound)?;
        if count < bound {
            (bound, best) = (count, Some((place, driver)));
        }
    }
    Ok(best)
}

/// Counts the entries of an index, up to `bound`.
fn count(connection: &Connection, entries: &Sql, bound: i64) -> Result<i64> {
    let counted = Sql::new("SELECT count(*) FROM (").append(entries.clone()).push(" LIMIT ").bind(bound).push(")");
    let count = connection.first(&counted.text, params_from_iter(&counted.values), |row| row.get(0));
    Ok(count.during(OPERATION)?.unwrap_or_default())
}

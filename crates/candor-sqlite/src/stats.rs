//! Counts of feedback: whole days and hours from rollups, the rest from indexes that hold all that is
//! counted.
//!
//! Rollups are kept (`migrations/0005_days.sql`) by the time of the trace. By the time of
//! the feedback everything comes from the index: of how many traces the verdicts of a period are
//! cannot be summed up from those of its hours.

mod segments;
mod values;

use candor_model::{AssessmentName, ExperimentId, SourceType, TimestampMs};
use candor_store::{FeedbackStats, PeriodCounts, Periods, Result, SeriesQuery, StatsQuery, TimeAxis};
use rusqlite::{Connection, Row, params};

use crate::convert::{json_numbers, source_code};
use crate::error::{During, corrupt};
use crate::statements::Statements;

pub(crate) use segments::count as segments;
pub(crate) use values::count as values;

/// The condition on experiment and time; the first part says whose they are.
macro_rules! inside {
    ($of:literal, $time:literal) => {
        concat!(
            " ",
            $of,
            "experiment_id IN (SELECT value FROM json_each(?1)) AND ",
            $of,
            $time,
            " >= ?2 AND ",
            $of,
            $time,
            " <= ?3"
        )
    };
}
use inside;

/// The verdicts `a`, from the traces `t` on.
macro_rules! from_traces {
    () => {
        " FROM traces AS t INDEXED BY traces_by_time \
         CROSS JOIN assessments AS a INDEXED BY assessments_by_trace ON a.trace_pk = t.pk"
    };
}
use from_traces;

/// The verdicts `a` by their own time.
macro_rules! from_verdicts {
    () => {
        " FROM assessments AS a INDEXED BY assessments_by_time"
    };
}
use from_verdicts;

macro_rules! counted {
    ($from:expr, $of:literal, $time:literal) => {
        concat!(
            "SELECT ",
            $of,
            $time,
            ", a.trace_pk, a.name, a.value_type, a.value_num, a.source_type",
            $from,
            " WHERE a.valid = 1 AND a.counted = 1 AND",
            inside!($of, $time)
        )
    };
}

pub(crate) const BY_TRACE_TIME: &str = counted!(from_traces!(), "t.", "request_ms");
pub(crate) const BY_TIME: &str = counted!(from_verdicts!(), "a.", "create_ms");
pub(crate) const TRACES: &str =
    concat!("SELECT request_ms FROM traces INDEXED BY traces_by_time WHERE", inside!("", "request_ms"));

macro_rules! feedback_periods {
    ($hours:literal) => {
        concat!(
            "SELECT hour, name, source_type, class, value, verdicts FROM feedback_periods",
            " WHERE verdicts <> 0 AND hours = ",
            $hours,
            " AND",
            inside!("", "hour")
        )
    };
}
macro_rules! trace_periods {
    ($hours:literal) => {
        concat!("SELECT hour, judged_by, traces FROM trace_periods WHERE hours = ", $hours, " AND", inside!("", "hour"))
    };
}

/// Counts by the day, and those by the hour.
pub(crate) const FEEDBACK_PERIODS: [&str; 2] = [feedback_periods!("24"), feedback_periods!("1")];
pub(crate) const TRACE_PERIODS: [&str; 2] = [trace_periods!("24"), trace_periods!("1")];

const OPERATION: &str = "count feedback";

pub(crate) fn count(connection: &Connection, query: &StatsQuery) -> Result<FeedbackStats> {
    let scope = Scope::new(connection, query.experiments.as_deref(), &query.source_types)?;
    let periods = Periods::one(query.range);
    Ok(scope.count(connection, quicker_axis(query), &periods)?.pop().unwrap_or_default())
}

pub(crate) fn series(connection: &Connection, query: &SeriesQuery) -> Result<Vec<FeedbackStats>> {
    let scope = Scope::new(connection, query.experiments.as_deref(), &query.source_types)?;
    scope.count(connection, query.axis, &Periods::between(&query.bounds))
}

/// Over all times both axes count the same, and that of the trace has rollups.
fn quicker_axis(query: &StatsQuery) -> TimeAxis {
    match (query.range.from, query.range.until) {
        (None, None) => TimeAxis::Trace,
        _ => query.axis,
    }
}

/// Whose feedback, and where.
pub(crate) struct Scope {
    /// The experiments as a JSON array.
    experiments: String,
    /// The source types, one bit each.
    sources: i64,
}

impl Scope {
    fn new(connection: &Connection, experiments: Option<&[ExperimentId]>, sources: &[SourceType]) -> Result<Self> {
        let experiments = match experiments {
            Some(ids) => ids.iter().map(|id| id.get()).collect(),
            None => all_experiments(connection)?,
        };
        let sources = sources.iter().fold(0, |bits, source| bits | 1 << source_code(*source));
        Ok(Self { experiments: json_numbers(experiments), sources })
    }

    fn has(&self, source_code: i64) -> bool {
        self.sources >> source_code & 1 == 1
    }

    /// Shows the rows of a statement that ends in `inside!`, from the first to the last of what it has
    /// of time.
    fn rows(
        &self,
        connection: &Connection,
        sql: &str,
        (first, last): (i64, i64),
        mut visit: impl FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut select = connection.prepare_cached(sql).during(OPERATION)?;
        let mut rows = select.query(params![self.experiments, first, last]).during(OPERATION)?;
        while let Some(row) = rows.next().during(OPERATION)? {
            visit(row)?;
        }
        Ok(())
    }

    fn count(&self, connection: &Connection, axis: TimeAxis, periods: &Periods) -> Result<Vec<FeedbackStats>> {
        let mut counts: Vec<Counts> = (0..periods.count()).map(|_| Counts::default()).collect();
        self.count_hours(connection, axis, periods, &mut counts)?;
        for times in periods.ragged() {
            self.rows(connection, TRACES, times, |row| {
                let place = periods.place(row.get(0).during(OPERATION)?);
                place.and_then(|place| counts.get_mut(place)).into_iter().for_each(|counts| counts.traces += 1);
                Ok(())
            })?;
        }
        let (sql, stretches) = match axis {
            TimeAxis::Trace => (BY_TRACE_TIME, periods.ragged()),
            TimeAxis::Feedback => (BY_TIME, periods.whole()),
        };
        for times in stretches {
            self.rows(connection, sql, times, |row| {
                if !self.has(row.get(5).during(OPERATION)?) {
                    return Ok(());
                }
                let place = periods.place(row.get(0).during(OPERATION)?);
                let Some(counts) = place.and_then(|place| counts.get_mut(place)) else { return Ok(()) };
                counts.judged.insert(row.get(1).during(OPERATION)?);
                let class: i64 = row.get(3).during(OPERATION)?;
                add(counts, row, 2, class, row.get::<_, Option<f64>>(4).during(OPERATION)?, 1)
            })?;
        }
        Ok(counts.into_iter().map(PeriodCounts::finish).collect())
    }

    fn count_hours(
        &self,
        connection: &Connection,
        axis: TimeAxis,
        periods: &Periods,
        counts: &mut [Counts],
    ) -> Result<()> {
        self.rollups(connection, TRACE_PERIODS, periods, |place, row| {
            let Some(counts) = counts.get_mut(place) else { return Ok(()) };
            let traces = row.get::<_, i64>(2).during(OPERATION)?.cast_unsigned();
            counts.traces += traces;
            if axis == TimeAxis::Trace && row.get::<_, i64>(1).during(OPERATION)? & self.sources != 0 {
                counts.judged_in_hours += traces;
            }
            Ok(())
        })?;
        if axis == TimeAxis::Feedback {
            return Ok(());
        }
        self.rollups(connection, FEEDBACK_PERIODS, periods, |place, row| {
            let Some(counts) = counts.get_mut(place) else { return Ok(()) };
            if !self.has(row.get(2).during(OPERATION)?) {
                return Ok(());
            }
            let class: i64 = row.get(3).during(OPERATION)?;
            let number = if class == 4 { Some(row.get(4).during(OPERATION)?) } else { None };
            add(counts, row, 1, class, number, row.get::<_, i64>(5).during(OPERATION)?.cast_unsigned())
        })
    }

    /// Shows counts of whole days, and of the hours of days that a bound divides, each with its place.
    fn rollups(
        &self,
        connection: &Connection,
        [by_day, by_hour]: [&str; 2],
        periods: &Periods,
        mut visit: impl FnMut(usize, &Row<'_>) -> Result<()>,
    ) -> Result<()> {
        if let Some(days) = periods.days() {
            self.rows(connection, by_day, days, |row| {
                let place = periods.place_of_day(row.get(0).during(OPERATION)?);
                place.map_or(Ok(()), |place| visit(place, row))
            })?;
        }
        for hours in periods.ragged_days() {
            self.rows(connection, by_hour, hours, |row| {
                let place = periods.place_of_hour(row.get(0).during(OPERATION)?);
                place.map_or(Ok(()), |place| visit(place, row))
            })?;
        }
        Ok(())
    }
}

/// By row number of their traces.
type Counts = PeriodCounts<i64>;

/// Adds verdicts of one value; the name is in a column of the row.
fn add(
    counts: &mut Counts,
    row: &Row<'_>,
    name_column: usize,
    class: i64,
    number: Option<f64>,
    verdicts: u64,
) -> Result<()> {
    let name = row.get_ref(name_column).and_then(|name| Ok(name.as_str()?)).during(OPERATION)?;
    let thumb = match class {
        1 => Some(false),
        2 => Some(true),
        _ => None,
    };
    counts.add(name, thumb, number, verdicts).map_err(|error| corrupt("name of an assessment", error))
}

fn name_of(text: &str) -> Result<AssessmentName> {
    AssessmentName::new(text).map_err(|error| corrupt("name of an assessment", error))
}

pub(crate) fn all_experiments(connection: &Connection) -> Result<Vec<i64>> {
    connection.all("SELECT id FROM experiments", [], |row| row.get(0)).during("list experiments")
}

/// The first and the last millisecond of a range; none when it is empty.
pub(crate) fn first_and_last(from: Option<TimestampMs>, until: Option<TimestampMs>) -> Option<(i64, i64)> {
    let first = from.map_or(i64::MIN, TimestampMs::as_millis);
    let last = until.map_or(Some(i64::MAX), |until| until.as_millis().checked_sub(1))?;
    (first <= last).then_some((first, last))
}

//! Counts of feedback: whole hours from rollups, the rest row by row.
//!
//! By the time of the feedback everything is counted row by row: of how many traces the verdicts of
//! a period are cannot be summed up from those of its hours.

mod segments;
mod values;

use candor_model::{AssessmentName, ExperimentId, SourceType, TimestampMs};
use candor_store::{FeedbackStats, PeriodCounts, Periods, Result, SeriesQuery, StatsQuery, TimeAxis};
use futures_util::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::convert::{experiment_numbers, source_code};
use crate::error::{During, corrupt};
use crate::text;

pub(crate) use segments::count as segments;
pub(crate) use values::count as values;

macro_rules! inside {
    ($table:literal, $time:literal) => {
        concat!(
            " FROM ",
            $table,
            " WHERE ($1::bigint[] IS NULL OR experiment_id = ANY($1)) AND ",
            $time,
            " >= $2 AND ",
            $time,
            " <= $3"
        )
    };
}
use inside;

const OPERATION: &str = "count feedback";

pub(crate) async fn count(connection: &mut PgConnection, query: &StatsQuery) -> Result<FeedbackStats> {
    let scope = Scope::new(query.experiments.as_deref(), &query.source_types);
    let periods = Periods::one(query.range);
    Ok(scope.count(connection, query.axis, &periods).await?.pop().unwrap_or_default())
}

pub(crate) async fn series(connection: &mut PgConnection, query: &SeriesQuery) -> Result<Vec<FeedbackStats>> {
    let scope = Scope::new(query.experiments.as_deref(), &query.source_types);
    scope.count(connection, query.axis, &Periods::between(&query.bounds)).await
}

/// Whose feedback, and where.
pub(crate) struct Scope {
    /// All when `None`.
    experiments: Option<Vec<i64>>,
    /// The source types, one bit each.
    sources: i16,
}

impl Scope {
    fn new(experiments: Option<&[ExperimentId]>, sources: &[SourceType]) -> Self {
        let sources = sources.iter().fold(0, |bits, source| bits | 1 << source_code(*source));
        Self { experiments: experiments.map(experiment_numbers), sources }
    }

    fn has(&self, source_code: i16) -> bool {
        self.sources >> source_code & 1 == 1
    }

    /// Shows the rows of a statement that ends in `inside!`, from the first to the last of what it has
    /// of time.
    async fn rows(
        &self,
        connection: &mut PgConnection,
        sql: &'static str,
        (first, last): (i64, i64),
        mut visit: impl FnMut(&PgRow) -> Result<()>,
    ) -> Result<()> {
        let mut rows = sqlx::query(sql).bind(self.experiments.clone()).bind(first).bind(last).fetch(connection);
        while let Some(row) = rows.try_next().await.during(OPERATION)? {
            visit(&row)?;
        }
        Ok(())
    }

    async fn count(
        &self,
        connection: &mut PgConnection,
        axis: TimeAxis,
        periods: &Periods,
    ) -> Result<Vec<FeedbackStats>> {
        const TRACES: &str = concat!("SELECT request_ms", inside!("traces", "request_ms"));
        const BY_TRACE_TIME: &str = concat!(
            "SELECT trace_ms, trace_id, name, class, value_num, source_type",
            inside!("assessments", "trace_ms"),
            " AND valid AND class IS NOT NULL"
        );
        const BY_TIME: &str = concat!(
            "SELECT create_ms, trace_id, name, class, value_num, source_type",
            inside!("assessments", "create_ms"),
            " AND valid AND class IS NOT NULL"
        );
        let mut counts: Vec<Counts> = (0..periods.count()).map(|_| Counts::default()).collect();
        self.count_hours(connection, axis, periods, &mut counts).await?;
        for times in periods.ragged() {
            self.rows(connection, TRACES, times, |row| {
                let place = periods.place(row.try_get(0).during(OPERATION)?);
                place.and_then(|place| counts.get_mut(place)).into_iter().for_each(|counts| counts.traces += 1);
                Ok(())
            })
            .await?;
        }
        let (sql, stretches) = match axis {
            TimeAxis::Trace => (BY_TRACE_TIME, periods.ragged()),
            TimeAxis::Feedback => (BY_TIME, periods.whole()),
        };
        for times in stretches {
            self.rows(connection, sql, times, |row| {
                if !self.has(row.try_get(5).during(OPERATION)?) {
                    return Ok(());
                }
                let place = periods.place(row.try_get(0).during(OPERATION)?);
                let Some(counts) = place.and_then(|place| counts.get_mut(place)) else { return Ok(()) };
                counts.judged.insert(row.try_get(1).during(OPERATION)?);
                let class = row.try_get(3).during(OPERATION)?;
                add(counts, row, 2, class, row.try_get(4).during(OPERATION)?, 1)
            })
            .await?;
        }
        Ok(counts.into_iter().map(PeriodCounts::finish).collect())
    }

    async fn count_hours(
        &self,
        connection: &mut PgConnection,
        axis: TimeAxis,
        periods: &Periods,
        counts: &mut [Counts],
    ) -> Result<()> {
        const TRACES: &str =
            concat!("SELECT hour, judged_by, traces", inside!("trace_hours", "hour"), " AND traces <> 0");
        let Some(hours) = periods.hours() else { return Ok(()) };
        self.rows(connection, TRACES, hours, |row| {
            let place = periods.place_of_hour(row.try_get(0).during(OPERATION)?);
            let Some(counts) = place.and_then(|place| counts.get_mut(place)) else { return Ok(()) };
            let traces = row.try_get::<i64, _>(2).during(OPERATION)?.cast_unsigned();
            counts.traces += traces;
            if axis == TimeAxis::Trace && row.try_get::<i16, _>(1).during(OPERATION)? & self.sources != 0 {
                counts.judged_in_hours += traces;
            }
            Ok(())
        })
        .await?;
        if axis == TimeAxis::Feedback {
            return Ok(());
        }
        self.rows(connection, HOURS, hours, |row| {
            if !self.has(row.try_get(2).during(OPERATION)?) {
                return Ok(());
            }
            let place = periods.place_of_hour(row.try_get(0).during(OPERATION)?);
            let Some(counts) = place.and_then(|place| counts.get_mut(place)) else { return Ok(()) };
            let class: i16 = row.try_get(3).during(OPERATION)?;
            let number = if class == 4 { Some(number(row, 4)?) } else { None };
            add(counts, row, 1, class, number, row.try_get::<i64, _>(5).during(OPERATION)?.cast_unsigned())
        })
        .await
    }
}

const HOURS: &str = concat!(
    "SELECT hour, name, source_type, class, value, verdicts",
    inside!("feedback_hours", "hour"),
    " AND verdicts <> 0"
);

/// By their traces.
type Counts = PeriodCounts<Uuid>;

/// Adds verdicts of one value; the name is in a column of the row.
fn add(
    counts: &mut Counts,
    row: &PgRow,
    name_column: usize,
    class: i16,
    number: Option<f64>,
    verdicts: u64,
) -> Result<()> {
    let name = text::read(row.try_get(name_column).during(OPERATION)?);
    let thumb = match class {
        1 => Some(false),
        2 => Some(true),
        _ => None,
    };
    counts.add(&name, thumb, number, verdicts).map_err(|error| corrupt("name of an assessment", error))
}

/// The number that a text column holds.
fn number(row: &PgRow, column: usize) -> Result<f64> {
    let text: &str = row.try_get(column).during(OPERATION)?;
    text.parse().map_err(|error: std::num::ParseFloatError| corrupt("value of an assessment", error))
}

fn name_of(kept: String) -> Result<AssessmentName> {
    AssessmentName::new(text::read(kept)).map_err(|error| corrupt("name of an assessment", error))
}

/// The first and the last millisecond of a range; none when it is empty.
pub(crate) fn first_and_last(from: Option<TimestampMs>, until: Option<TimestampMs>) -> Option<(i64, i64)> {
    let first = from.map_or(i64::MIN, TimestampMs::as_millis);
    let last = until.map_or(Some(i64::MAX), |until| until.as_millis().checked_sub(1))?;
    (first <= last).then_some((first, last))
}

//! Counts of feedback by value.

use candor_model::Value;
use candor_store::{BoxError, Periods, Result, StatsQuery, TimeAxis, ValueCount, ValueCounts};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::{HOURS, OPERATION, Scope, inside, name_of};
use crate::error::{During, corrupt};

pub(crate) async fn count(connection: &mut PgConnection, query: &StatsQuery) -> Result<Vec<ValueCount>> {
    const BY_TRACE_TIME: &str = concat!(
        "SELECT trace_ms, name, source_type, class, value, 1::bigint",
        inside!("assessments", "trace_ms"),
        " AND valid AND class IS NOT NULL"
    );
    const BY_TIME: &str = concat!(
        "SELECT create_ms, name, source_type, class, value, 1::bigint",
        inside!("assessments", "create_ms"),
        " AND valid AND class IS NOT NULL"
    );
    let scope = Scope::new(query.experiments.as_deref(), &query.source_types);
    let periods = Periods::one(query.range);
    let mut counts = ValueCounts::default();
    let mut add = |row: &PgRow| {
        if scope.has(row.try_get(2).during(OPERATION)?) {
            let name = name_of(row.try_get(1).during(OPERATION)?)?;
            let verdicts = row.try_get::<i64, _>(5).during(OPERATION)?.cast_unsigned();
            counts.add_count(name, value(row)?, verdicts);
        }
        Ok(())
    };
    let (sql, stretches) = match query.axis {
        TimeAxis::Trace => (BY_TRACE_TIME, periods.ragged()),
        TimeAxis::Feedback => (BY_TIME, periods.whole()),
    };
    if let (TimeAxis::Trace, Some(hours)) = (query.axis, periods.hours()) {
        let visit = |row: &PgRow| match periods.place_of_hour(row.try_get(0).during(OPERATION)?) {
            Some(_) => add(row),
            None => Ok(()),
        };
        scope.rows(connection, HOURS, hours, visit).await?;
    }
    for times in stretches {
        scope.rows(connection, sql, times, &mut add).await?;
    }
    Ok(counts.finish())
}

/// What the class and the value in columns 3 and 4 stand for.
fn value(row: &PgRow) -> Result<Option<Value>> {
    let class: i16 = row.try_get(3).during(OPERATION)?;
    let text: &str = row.try_get(4).during(OPERATION)?;
    let read = || -> Result<Option<Value>, BoxError> {
        Ok(match class {
            1 => Some(Value::Bool(false)),
            2 => Some(Value::Bool(true)),
            4 => Some(Value::try_from(text.parse::<f64>()?)?),
            5 | 6 => {
                let json: serde_json::Value = serde_json::from_str(text)?;
                Some(Value::try_from(json)?.with_floats())
            }
            _ => None,
        })
    };
    read().map_err(|error| corrupt("value of an assessment", error))
}

//! Counts of feedback by value.

use candor_model::Value;
use candor_store::{BoxError, Periods, Result, StatsQuery, TimeAxis, ValueCount, ValueCounts};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::{FEEDBACK_PERIODS, OPERATION, Scope, inside, name_of, quicker_axis};
use crate::error::{During, corrupt};

pub(crate) const BY_TRACE_TIME: &str = concat!(
    "SELECT t.request_ms, f.name, f.source_type, f.class, f.value, 1
    FROM traces AS t INDEXED BY traces_by_time CROSS JOIN counted_feedback AS f ON f.trace_pk = t.pk WHERE",
    inside!("t.", "request_ms")
);
pub(crate) const BY_TIME: &str = concat!(
    "SELECT create_ms, name, source_type, class, value, 1 FROM counted_feedback WHERE",
    inside!("", "create_ms")
);

pub(crate) fn count(connection: &Connection, query: &StatsQuery) -> Result<Vec<ValueCount>> {
    let scope = Scope::new(connection, query.experiments.as_deref(), &query.source_types)?;
    let periods = Periods::one(query.range);
    let mut counts = ValueCounts::default();
    let mut add = |row: &Row<'_>| {
        if scope.has(row.get(2).during(OPERATION)?) {
            let name = name_of(row.get_ref(1).and_then(|name| Ok(name.as_str()?)).during(OPERATION)?)?;
            let verdicts = row.get::<_, i64>(5).during(OPERATION)?.cast_unsigned();
            counts.add_count(name, value(row)?, verdicts);
        }
        Ok(())
    };
    let axis = quicker_axis(query);
    let (sql, stretches) = match axis {
        TimeAxis::Trace => (BY_TRACE_TIME, periods.ragged()),
        TimeAxis::Feedback => (BY_TIME, periods.whole()),
    };
    if axis == TimeAxis::Trace {
        scope.rollups(connection, FEEDBACK_PERIODS, &periods, |_, row| add(row))?;
    }
    for times in stretches {
        scope.rows(connection, sql, times, &mut add)?;
    }
    Ok(counts.finish())
}

/// What the class and the value in columns 3 and 4 stand for.
fn value(row: &Row<'_>) -> Result<Option<Value>> {
    let class: i64 = row.get(3).during(OPERATION)?;
    let read = || -> Result<Option<Value>, BoxError> {
        Ok(match (class, row.get_ref(4)?) {
            (1, _) => Some(Value::Bool(false)),
            (2, _) => Some(Value::Bool(true)),
            (_, ValueRef::Real(number)) => Some(Value::try_from(number)?),
            (_, ValueRef::Text(json)) => {
                let json: serde_json::Value = serde_json::from_slice(json)?;
                Some(Value::try_from(json)?.with_floats())
            }
            _ => None,
        })
    };
    read().map_err(|error| corrupt("value of an assessment", error))
}

//! Sort keys, and where the page before ended.

use candor_filter::{OrderBy, OrderKey, PageTokenError, SortValue};
use candor_model::{TraceId, keys};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::clauses::month_bound;
use super::sql::{Sql, Value};
use crate::convert::{trace_id, trace_uuid};
use crate::text;

/// What `traces AS t` has under a key.
pub(super) fn expression(key: &OrderKey) -> Sql {
    let entry = |column: &'static str, key: &str| {
        Sql::new("((t.").push(column).push(" ->> ").bind_text(key).push(") COLLATE \"C\")")
    };
    match key {
        OrderKey::TimestampMs => Sql::new("t.request_ms"),
        OrderKey::ExecutionTimeMs => Sql::new("t.duration_ms"),
        OrderKey::Status => Sql::new("t.state"),
        OrderKey::TraceId => Sql::new("t.trace_id"), // bytes sort as their hex digits do
        OrderKey::ExperimentId => Sql::new("t.experiment_id"),
        OrderKey::Name => entry("tags", keys::TRACE_NAME),
        OrderKey::RunId => entry("metadata", keys::SOURCE_RUN),
        OrderKey::Tag(key) => entry("tags", key),
        OrderKey::Metadata(key) => entry("metadata", key),
    }
}

/// The key's value in a row.
pub(super) fn read(row: &PgRow, index: usize, key: &OrderKey) -> Result<SortValue, sqlx::Error> {
    Ok(match key {
        OrderKey::TraceId => SortValue::Text(trace_id(row.try_get(index)?).to_string()),
        OrderKey::TimestampMs | OrderKey::ExecutionTimeMs | OrderKey::ExperimentId => {
            row.try_get::<Option<i64>, _>(index)?.map_or(SortValue::Null, SortValue::Int)
        }
        OrderKey::Status | OrderKey::Name | OrderKey::RunId | OrderKey::Tag(_) | OrderKey::Metadata(_) => {
            let kept: Option<String> = row.try_get(index)?;
            kept.map_or(SortValue::Null, |kept| SortValue::Text(text::read(kept)))
        }
    })
}

/// The ORDER BY terms; keys stand in the result as columns from 3 on.
pub(super) fn terms(order: &[OrderBy]) -> String {
    let term = |(index, item): (usize, &OrderBy)| {
        let direction = if item.descending { "DESC" } else { "ASC" };
        let nulls = if may_be_null(&item.key) { " NULLS LAST" } else { "" };
        format!("{} {direction}{nulls}", index + 3)
    };
    order.iter().enumerate().map(term).collect::<Vec<_>>().join(", ")
}

/// The condition that a trace stands behind the last one of the page before.
pub(super) fn behind(order: &[OrderBy], last: &[SortValue]) -> Result<Sql, PageTokenError> {
    let mut alternatives = Vec::new();
    let mut equal: Vec<Sql> = Vec::new();
    for (item, last) in order.iter().zip(last) {
        let key = || expression(&item.key);
        match value(&item.key, last)? {
            Some(last) => {
                let further = key().push(if item.descending { " < " } else { " > " }).bind(last.clone());
                let further = match may_be_null(&item.key) {
                    true => further.push(" OR ").append(key()).push(" IS NULL").in_parentheses(),
                    false => further,
                };
                let all = equal.iter().cloned().chain([further]);
                alternatives.push(Sql::join(all, " AND ").in_parentheses());
                equal.push(key().push(" = ").bind(last));
            }
            None => equal.push(key().push(" IS NULL")),
        }
    }
    if alternatives.is_empty() {
        return Ok(Sql::new("FALSE"));
    }
    let mut behind = Sql::join(alternatives, " OR ").in_parentheses();
    // The same once more, coarser, in a form that an index can be searched by.
    if let (Some(OrderBy { key: OrderKey::TimestampMs, descending }), Some(SortValue::Int(last))) =
        (order.first(), last.first())
    {
        let op = if *descending { "<=" } else { ">=" };
        let bound = Sql::new(" AND t.request_ms ").push(op).push(" ").bind(Value::Int(*last));
        behind = behind.append(bound).append(month_bound(op, *last));
    }
    Ok(behind)
}

fn value(key: &OrderKey, last: &SortValue) -> Result<Option<Value>, PageTokenError> {
    Ok(match (key, last) {
        (OrderKey::TraceId, SortValue::Text(id)) => {
            let id: TraceId = id.parse().map_err(|_| PageTokenError::Malformed)?;
            Some(Value::Id(trace_uuid(id)))
        }
        (OrderKey::TraceId, _) => return Err(PageTokenError::Malformed),
        (_, SortValue::Null) => None,
        (OrderKey::TimestampMs | OrderKey::ExecutionTimeMs | OrderKey::ExperimentId, SortValue::Int(number)) => {
            Some(Value::Int(*number))
        }
        (OrderKey::TimestampMs | OrderKey::ExecutionTimeMs | OrderKey::ExperimentId, _) | (_, SortValue::Int(_)) => {
            return Err(PageTokenError::Malformed);
        }
        (_, SortValue::Text(text)) => Some(Value::Text(text::kept(text).into_owned())),
    })
}

fn may_be_null(key: &OrderKey) -> bool {
    !matches!(key, OrderKey::TimestampMs | OrderKey::Status | OrderKey::TraceId | OrderKey::ExperimentId)
}

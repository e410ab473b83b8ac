//! Sort keys, and where the page before ended.

use candor_filter::{OrderBy, OrderKey, PageTokenError, SortValue};
use candor_model::{TraceId, keys};
use rusqlite::Row;
use rusqlite::types::{Type, Value, ValueRef};

use super::sql::Sql;
use crate::convert::trace_id;
use crate::traces::known_keys;

/// What `traces AS t` has under a key.
pub(crate) fn expression(key: &OrderKey) -> Sql {
    let entry = |table: &'static str, key: &str| {
        Sql::new("(SELECT e.value FROM ")
            .push(table)
            .push(" AS e WHERE e.trace_pk = t.pk AND e.key = ")
            .bind(known_keys::stored(key))
            .push(")")
    };
    match key {
        OrderKey::TimestampMs => Sql::new("t.request_ms"),
        OrderKey::ExecutionTimeMs => Sql::new("t.duration_ms"),
        OrderKey::Status => Sql::new("t.state"),
        OrderKey::TraceId => Sql::new("t.trace_id"), // bytes sort as their hex digits do
        OrderKey::ExperimentId => Sql::new("t.experiment_id"),
        OrderKey::Name => entry("trace_tags", keys::TRACE_NAME),
        OrderKey::RunId => entry("trace_metadata", keys::SOURCE_RUN),
        OrderKey::Tag(key) => entry("trace_tags", key),
        OrderKey::Metadata(key) => entry("trace_metadata", key),
    }
}

/// The key's value in a row.
pub(crate) fn read(row: &Row<'_>, index: usize, key: &OrderKey) -> rusqlite::Result<SortValue> {
    if *key == OrderKey::TraceId {
        return Ok(SortValue::Text(trace_id(row.get(index)?).to_string()));
    }
    match row.get_ref(index)? {
        ValueRef::Null => Ok(SortValue::Null),
        ValueRef::Integer(number) => Ok(SortValue::Int(number)),
        text @ ValueRef::Text(_) => Ok(SortValue::Text(text.as_str()?.to_owned())),
        ValueRef::Real(_) => Err(rusqlite::Error::InvalidColumnType(index, format!("{key:?}"), Type::Real)),
        ValueRef::Blob(_) => Err(rusqlite::Error::InvalidColumnType(index, format!("{key:?}"), Type::Blob)),
    }
}

/// The ORDER BY terms; keys stand in the result as columns from 2 on.
pub(crate) fn terms(order: &[OrderBy]) -> String {
    let term = |(index, item): (usize, &OrderBy)| {
        let direction = if item.descending { "DESC" } else { "ASC" };
        let nulls = if may_be_null(&item.key) { " NULLS LAST" } else { "" };
        format!("{} {direction}{nulls}", index + 2)
    };
    order.iter().enumerate().map(term).collect::<Vec<_>>().join(", ")
}

/// The condition that a trace stands behind the last one of the page before.
pub(crate) fn behind(order: &[OrderBy], last: &[SortValue]) -> Result<Sql, PageTokenError> {
    let mut alternatives = Vec::new();
    let mut equal: Vec<Sql> = Vec::new();
    for (item, last) in order.iter().zip(last) {
        let key = || expression(&item.key);
        let last = value(&item.key, last)?;
        if last != Value::Null {
            let further = key().push(if item.descending { " < " } else { " > " }).bind(last.clone());
            let further = match may_be_null(&item.key) {
                true => further.push(" OR ").append(key()).push(" IS NULL").in_parentheses(),
                false => further,
            };
            let all = equal.iter().cloned().chain([further]);
            alternatives.push(Sql::join(all, " AND ").in_parentheses());
        }
        equal.push(key().push(" IS ").bind(last));
    }
    let mut behind = Sql::join(alternatives, " OR ").in_parentheses();
    // The same once more, coarser, in a form that an index can be searched by.
    if let (Some(OrderBy { key: OrderKey::TimestampMs, descending }), Some(SortValue::Int(last))) =
        (order.first(), last.first())
    {
        behind = behind.push(if *descending { " AND t.request_ms <= " } else { " AND t.request_ms >= " }).bind(*last);
    }
    Ok(behind)
}

fn value(key: &OrderKey, last: &SortValue) -> Result<Value, PageTokenError> {
    match (key, last) {
        (OrderKey::TraceId, SortValue::Text(id)) => {
            let id: TraceId = id.parse().map_err(|_| PageTokenError::Malformed)?;
            Ok(id.as_bytes().to_vec().into())
        }
        (OrderKey::TraceId, _) => Err(PageTokenError::Malformed),
        (_, SortValue::Null) => Ok(Value::Null),
        (_, SortValue::Int(number)) => Ok((*number).into()),
        (_, SortValue::Text(text)) => Ok(text.clone().into()),
    }
}

fn may_be_null(key: &OrderKey) -> bool {
    !matches!(key, OrderKey::TimestampMs | OrderKey::Status | OrderKey::TraceId | OrderKey::ExperimentId)
}

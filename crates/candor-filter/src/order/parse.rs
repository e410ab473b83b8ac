use std::collections::HashSet;

use candor_model::keys;

use super::{OrderBy, OrderKey};
use crate::FilterError;
use crate::syntax::{self, Subject};

const KEYS: [&str; 11] = [
    "execution_time",
    "execution_time_ms",
    "experiment_id",
    "metadata.<key>",
    "name",
    "request_id",
    "run_id",
    "status",
    "tags.<key>",
    "timestamp",
    "timestamp_ms",
];

pub(super) fn trace_order(items: &[String]) -> Result<Vec<OrderBy>, FilterError> {
    let read = |item: &String| {
        let (subject, descending) = syntax::order_item(item)?;
        Ok(OrderBy { key: key(item, subject)?, descending })
    };
    let order: Vec<OrderBy> = items.iter().map(read).collect::<Result<_, FilterError>>()?;
    let mut seen = HashSet::new();
    for (item, written) in order.iter().zip(items) {
        if !seen.insert(&item.key) {
            return Err(FilterError::new("the order names this key twice", written, 0..written.len()));
        }
    }
    Ok(order)
}

fn key(text: &str, subject: Subject) -> Result<OrderKey, FilterError> {
    let refuse = || {
        let message = format!("traces cannot be ordered by {}", &text[subject.span()]);
        Err(FilterError::new(message, text, subject.span()).allowing(&KEYS))
    };
    match subject.prefix.as_deref() {
        None | Some("attribute" | "attributes" | "trace") => match subject.key.as_str() {
            "timestamp" | "timestamp_ms" => Ok(OrderKey::TimestampMs),
            "execution_time" | "execution_time_ms" => Ok(OrderKey::ExecutionTimeMs),
            "status" => Ok(OrderKey::Status),
            "request_id" => Ok(OrderKey::TraceId),
            "experiment_id" => Ok(OrderKey::ExperimentId),
            "name" => Ok(OrderKey::Name),
            "run_id" => Ok(OrderKey::RunId),
            _ => refuse(),
        },
        Some("tag" | "tags") if subject.key == keys::TRACE_NAME => Ok(OrderKey::Name),
        Some("tag" | "tags") => Ok(OrderKey::Tag(subject.key)),
        Some("metadata" | "request_metadata") => match subject.key.as_str() {
            keys::SOURCE_RUN => Ok(OrderKey::RunId),
            keys::TOKEN_USAGE | keys::COST => refuse(),
            _ => Ok(OrderKey::Metadata(subject.key)),
        },
        Some(_) => refuse(),
    }
}

//! In which order traces are listed.

mod parse;

use std::cmp::Ordering;

use candor_model::{TraceInfo, keys};

use crate::FilterError;

/// One sort key of a trace search.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OrderBy {
    /// What to sort by.
    pub key: OrderKey,
    /// Whether the largest comes first. Traces without the key come last in both directions.
    pub descending: bool,
}

/// What traces can be sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OrderKey {
    /// When the request came.
    TimestampMs,
    /// How long it took.
    ExecutionTimeMs,
    /// The state's name.
    Status,
    /// The trace's id; MLflow calls it `request_id` here.
    TraceId,
    /// The experiment's number.
    ExperimentId,
    /// The trace's name.
    Name,
    /// The run that logged the trace.
    RunId,
    /// A tag's text, never `mlflow.traceName` when parsed.
    Tag(String),
    /// A metadata entry's text, never `mlflow.sourceRun` when parsed.
    Metadata(String),
}

/// What a row has under a sort key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SortValue {
    /// Nothing; last in both directions.
    Null,
    /// A number.
    Int(i64),
    /// A text, sorted by its UTF-8 bytes.
    Text(String),
}

impl OrderBy {
    /// Reads MLflow's `order_by` list; an empty one is [`effective_order`]'s default.
    ///
    /// # Errors
    /// [`FilterError`] when an item is not `<key>`, `<key> ASC` or `<key> DESC`, when traces cannot be
    /// sorted by the key, or when a key stands twice.
    pub fn parse_list(items: &[String]) -> Result<Vec<Self>, FilterError> {
        parse::trace_order(items)
    }
}

/// The order with its tie-breakers, so that no two traces are equal: `timestamp DESC`, `request_id ASC`.
///
/// [`sort_values`] and a page token need this form.
pub fn effective_order(order: &[OrderBy]) -> Vec<OrderBy> {
    let mut effective = order.to_vec();
    for (key, descending) in [(OrderKey::TimestampMs, true), (OrderKey::TraceId, false)] {
        if !effective.iter().any(|item| item.key == key) {
            effective.push(OrderBy { key, descending });
        }
    }
    effective
}

/// Compares two traces by the keys of `order`, as [`compare_values`] does with their values.
pub fn compare(order: &[OrderBy], a: &TraceInfo, b: &TraceInfo) -> Ordering {
    let compare_by = |item: &OrderBy| item.compare_values(&sort_value(&item.key, a), &sort_value(&item.key, b));
    order.iter().map(compare_by).find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
}

/// What the trace has under each key of `order`.
pub fn sort_values(order: &[OrderBy], info: &TraceInfo) -> Vec<SortValue> {
    order.iter().map(|item| sort_value(&item.key, info)).collect()
}

/// Compares two rows by their values under the keys of `order`: first by the first key, and so on.
pub fn compare_values(order: &[OrderBy], a: &[SortValue], b: &[SortValue]) -> Ordering {
    let pairs = order.iter().zip(a.iter().zip(b));
    pairs.map(|(item, (a, b))| item.compare_values(a, b)).find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
}

impl OrderBy {
    fn compare_values(&self, a: &SortValue, b: &SortValue) -> Ordering {
        a.compare(b, self.descending)
    }
}

impl SortValue {
    /// How this value is sorted before or after another one of the same key.
    pub fn compare(&self, other: &Self, descending: bool) -> Ordering {
        let ascending = match (self, other) {
            (Self::Null, _) | (_, Self::Null) => {
                return matches!(self, Self::Null).cmp(&matches!(other, Self::Null));
            }
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            // One key has one type; SQLite's order for the sake of a total one.
            (Self::Int(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Int(_)) => Ordering::Greater,
        };
        if descending { ascending.reverse() } else { ascending }
    }
}

impl OrderKey {
    /// Whether its values are numbers.
    pub const fn is_numeric(&self) -> bool {
        matches!(self, Self::TimestampMs | Self::ExecutionTimeMs | Self::ExperimentId)
    }
}

fn sort_value(key: &OrderKey, info: &TraceInfo) -> SortValue {
    match key {
        OrderKey::TimestampMs => SortValue::Int(info.request_time.as_millis()),
        OrderKey::ExecutionTimeMs => {
            info.execution_duration.map_or(SortValue::Null, |duration| SortValue::Int(duration.as_millis()))
        }
        OrderKey::Status => SortValue::Text(info.state.as_str().to_owned()),
        OrderKey::TraceId => SortValue::Text(info.trace_id.to_string()),
        OrderKey::ExperimentId => SortValue::Int(info.experiment_id.get()),
        OrderKey::Name => info.name().into(),
        OrderKey::RunId => info.metadata.get(keys::SOURCE_RUN).map(String::as_str).into(),
        OrderKey::Tag(key) => info.tags.get(key).map(String::as_str).into(),
        OrderKey::Metadata(key) => info.metadata.get(key).map(String::as_str).into(),
    }
}

impl From<Option<&str>> for SortValue {
    fn from(text: Option<&str>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.to_owned()))
    }
}

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use candor_model::{AssessmentName, TraceInfo, Value};

use super::StatsQuery;

/// The longest text or list that is counted as a value of its own, in bytes of its JSON text.
pub const MAX_VALUE_TEXT: usize = 100;

/// How often one value was given under one name.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueCount {
    /// The assessment name.
    pub name: AssessmentName,
    /// The value as [`counted_value`] has it; `None` for all that have none.
    pub value: Option<Value>,
    /// The number of valid verdicts.
    pub count: u64,
}

/// What a value is counted as: numbers as doubles; nothing for maps and for texts and lists that are
/// longer than [`MAX_VALUE_TEXT`].
pub fn counted_value(value: &Value) -> Option<Value> {
    match value {
        Value::Null | Value::Map(_) => None,
        Value::Bool(_) => Some(value.clone()),
        // Zero has one sign here: back ends sum up what is equal.
        Value::Int(_) | Value::Float(_) => Value::try_from(value.as_f64()? + 0.0).ok(),
        Value::Text(_) | Value::List(_) => (value.json_text().len() <= MAX_VALUE_TEXT).then(|| value.clone()),
    }
}

/// Counts by name and value, under way.
#[derive(Clone, Debug, Default)]
pub struct ValueCounts {
    // By name and JSON text; what is counted under no value has none.
    counts: BTreeMap<(AssessmentName, Option<String>), (Option<Value>, u64)>,
}

impl ValueCounts {
    /// Counts one trace's valid feedback; the trace itself must be in the query's experiments.
    pub fn add(&mut self, info: &TraceInfo, query: &StatsQuery) {
        for assessment in query.verdicts(info) {
            let value = assessment.body.value().and_then(counted_value);
            self.add_count(assessment.name.clone(), value, 1);
        }
    }

    /// Adds to the count of a name and a value that [`counted_value`] returned.
    pub fn add_count(&mut self, name: AssessmentName, value: Option<Value>, count: u64) {
        let text = value.as_ref().map(Value::json_text);
        self.counts.entry((name, text)).or_insert((value, 0)).1 += count;
    }

    /// The counts, by name, then by the value's JSON text; what has none comes first.
    pub fn finish(self) -> Vec<ValueCount> {
        let rows = self.counts.into_iter().filter(|(_, (_, count))| *count > 0);
        rows.map(|((name, _), (value, count))| ValueCount { name, value, count }).collect()
    }
}

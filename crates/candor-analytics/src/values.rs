use std::collections::BTreeMap;

use candor_model::{AssessmentName, Value};
use candor_store::{StoreError, TrackingStore};

use crate::ReportOptions;

/// How often each value of one name was given.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Values {
    /// The values, most frequent first; items of lists one by one.
    pub values: Vec<(Value, u64)>,
    /// Verdicts and items that are not among them: long ones, and maps.
    pub other: u64,
}

impl Values {
    /// Leaves the most frequent ones and counts the rest among [`other`](Self::other).
    #[must_use]
    pub fn top(mut self, max: usize) -> Self {
        let rest = self.values.split_off(max.min(self.values.len()));
        self.other += rest.iter().map(|(_, count)| count).sum::<u64>();
        self
    }
}

/// Counts the values of one name.
///
/// # Errors
/// Those of the store.
pub async fn values<S: TrackingStore + ?Sized>(
    store: &S,
    options: &ReportOptions,
    name: &AssessmentName,
) -> Result<Values, StoreError> {
    let counts = store.feedback_values(&options.stats_query()).await?;
    let mut by_text: BTreeMap<String, (Value, u64)> = BTreeMap::new();
    let mut other = 0;
    for row in counts.into_iter().filter(|row| row.name == *name) {
        let items = match row.value {
            Some(Value::List(items)) => items,
            value => vec![value.unwrap_or(Value::Null)],
        };
        for item in items {
            match item {
                Value::Null | Value::List(_) | Value::Map(_) => other += row.count,
                item => by_text.entry(item.json_text()).or_insert((item, 0)).1 += row.count,
            }
        }
    }
    let mut values: Vec<(Value, u64)> = by_text.into_values().collect();
    values.sort_by_key(|(_, count)| std::cmp::Reverse(*count)); // stable: equal ones stay by their text
    Ok(Values { values, other })
}

#[cfg(test)]
mod tests {
    use candor_model::{AssessmentBody, ExperimentId, Source, TimestampMs, TraceId, TraceInfo};
    use candor_store::{MemoryStore, NewAssessment, TrackingStoreExt};
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn items_of_lists_count_one_by_one() {
        let (store, now) = (MemoryStore::new(), TimestampMs::from_millis(0));
        let trace = TraceId::from_bytes([1; 16]);
        store.start_trace(TraceInfo::new(trace, ExperimentId::DEFAULT, now)).await.unwrap();
        for (n, value) in [
            json!("late"),
            json!(["wrong", "late"]),
            json!(["wrong"]),
            json!({"a": 1}),
            json!("x".repeat(101)),
            json!(["wrong", 4]),
        ]
        .into_iter()
        .enumerate()
        {
            let body = AssessmentBody::feedback(Value::try_from(value).unwrap());
            let source = Source::human(&format!("u-{n}")).unwrap();
            let verdict = NewAssessment::new(trace, "issue".parse().unwrap(), source, body, now);
            store.log_assessment(verdict).await.unwrap();
        }
        let got = values(&store, &ReportOptions::default(), &"issue".parse().unwrap()).await.unwrap();
        let four = Value::try_from(4.0).unwrap();
        assert_eq!(got, Values { values: vec![("wrong".into(), 3), ("late".into(), 2), (four, 1)], other: 2 });
        assert_eq!(got.top(1), Values { values: vec![("wrong".into(), 3)], other: 5 });
    }
}

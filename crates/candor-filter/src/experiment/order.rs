use std::cmp::Ordering;

use candor_model::Experiment;

use crate::{FilterError, SortValue, syntax};

/// One sort key of an experiment search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExperimentOrderBy {
    /// What to sort by.
    pub key: ExperimentOrderKey,
    /// Whether the largest comes first.
    pub descending: bool,
}

/// What experiments can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExperimentOrderKey {
    /// The name.
    Name,
    /// The id, as a number.
    Id,
    /// When it was created.
    CreationTime,
    /// When it was last changed.
    LastUpdateTime,
}

impl ExperimentOrderKey {
    const ALL: [Self; 4] = [Self::Name, Self::Id, Self::CreationTime, Self::LastUpdateTime];

    /// The key's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Id => "experiment_id",
            Self::CreationTime => "creation_time",
            Self::LastUpdateTime => "last_update_time",
        }
    }
}

impl ExperimentOrderBy {
    /// Reads MLflow's `order_by` list; an empty one is [`effective_experiment_order`]'s default. A key
    /// that stands again changes nothing.
    ///
    /// # Errors
    /// [`FilterError`] when an item is not `<key>`, `<key> ASC` or `<key> DESC`, or the key is unknown.
    pub fn parse_list(items: &[String]) -> Result<Vec<Self>, FilterError> {
        let mut order: Vec<Self> = Vec::new();
        for item in items {
            let parsed = parse_item(item)?;
            if !order.iter().any(|earlier| earlier.key == parsed.key) {
                order.push(parsed);
            }
        }
        Ok(order)
    }
}

fn parse_item(item: &str) -> Result<ExperimentOrderBy, FilterError> {
    let (subject, descending) = syntax::order_item(item)?;
    let keys = ExperimentOrderKey::ALL;
    let is_attribute = matches!(subject.prefix.as_deref(), None | Some("attribute"));
    match keys.into_iter().find(|key| is_attribute && key.as_str() == subject.key) {
        Some(key) => Ok(ExperimentOrderBy { key, descending }),
        None => {
            let span = subject.span();
            let message = format!("experiments cannot be ordered by {}", &item[span.clone()]);
            let allowed = keys.map(ExperimentOrderKey::as_str);
            Err(FilterError::new(message, item, span).allowing(&allowed))
        }
    }
}

/// The order with its tie-breaker `experiment_id DESC`; `creation_time DESC, experiment_id ASC` when empty.
pub fn effective_experiment_order(order: &[ExperimentOrderBy]) -> Vec<ExperimentOrderBy> {
    let mut effective = order.to_vec();
    if effective.is_empty() {
        effective.push(ExperimentOrderBy { key: ExperimentOrderKey::CreationTime, descending: true });
        effective.push(ExperimentOrderBy { key: ExperimentOrderKey::Id, descending: false });
    } else if !effective.iter().any(|item| item.key == ExperimentOrderKey::Id) {
        effective.push(ExperimentOrderBy { key: ExperimentOrderKey::Id, descending: true });
    }
    effective
}

/// Compares two experiments by the keys of `order`.
pub fn compare_experiments(order: &[ExperimentOrderBy], a: &Experiment, b: &Experiment) -> Ordering {
    compare_experiment_values(order, &experiment_sort_values(order, a), &experiment_sort_values(order, b))
}

/// What the experiment has under each key of `order`.
pub fn experiment_sort_values(order: &[ExperimentOrderBy], experiment: &Experiment) -> Vec<SortValue> {
    let value = |item: &ExperimentOrderBy| match item.key {
        ExperimentOrderKey::Name => SortValue::Text(experiment.name.as_str().to_owned()),
        ExperimentOrderKey::Id => SortValue::Int(experiment.id.get()),
        ExperimentOrderKey::CreationTime => SortValue::Int(experiment.creation_time.as_millis()),
        ExperimentOrderKey::LastUpdateTime => SortValue::Int(experiment.last_update_time.as_millis()),
    };
    order.iter().map(value).collect()
}

/// Compares two rows by their values under the keys of `order`: first by the first key, and so on.
pub fn compare_experiment_values(order: &[ExperimentOrderBy], a: &[SortValue], b: &[SortValue]) -> Ordering {
    let pairs = order.iter().zip(a.iter().zip(b));
    let mut orderings = pairs.map(|(item, (a, b))| a.compare(b, item.descending));
    orderings.find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
}

//! The smaller filter language of experiment searches.

mod order;
mod parse;

pub use order::{
    ExperimentOrderBy, ExperimentOrderKey, compare_experiment_values, compare_experiments, effective_experiment_order,
    experiment_sort_values,
};

use candor_model::{Experiment, ExperimentId};

use crate::{CompareOp, FilterError, KeyTest, TextMatch};

/// A search filter over experiments: all clauses must hold; none means that every experiment matches.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ExperimentFilter {
    /// The clauses, in the order they were written.
    pub clauses: Vec<ExperimentClause>,
}

/// One condition on an experiment. Parsing never yields [`TextMatch::RLike`] here.
#[derive(Clone, Debug, PartialEq)]
pub enum ExperimentClause {
    /// The name.
    Name(TextMatch),
    /// `=`, `IN` and their negations.
    Id {
        /// Whether it must be none of these.
        negated: bool,
        /// The ids, at least one when parsed.
        ids: Vec<ExperimentId>,
    },
    /// A time compared with a number of milliseconds since the epoch.
    Time {
        /// The left side.
        field: ExperimentTime,
        /// How to compare.
        op: CompareOp,
        /// The right side, in milliseconds since the epoch.
        value_ms: i64,
    },
    /// A tag.
    Tag {
        /// The tag's key.
        key: String,
        /// What is asked of it; an absent tag fulfils only [`KeyTest::IsNull`].
        test: KeyTest,
    },
}

/// A time of an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExperimentTime {
    /// When it was created.
    Created,
    /// When it was last changed.
    LastUpdated,
}

impl ExperimentTime {
    /// The field's name in filters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "creation_time",
            Self::LastUpdated => "last_update_time",
        }
    }
}

impl ExperimentFilter {
    /// Reads a filter; the empty text matches everything.
    ///
    /// # Errors
    /// [`FilterError`] says what is wrong, where, and what would be right.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parse::filter(text)
    }

    /// Whether every experiment matches.
    pub fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }

    /// Whether the experiment fulfils all clauses.
    pub fn matches(&self, experiment: &Experiment) -> bool {
        self.clauses.iter().all(|clause| clause.matches(experiment))
    }
}

impl ExperimentClause {
    fn matches(&self, experiment: &Experiment) -> bool {
        match self {
            Self::Name(test) => test.matches(experiment.name.as_str()),
            Self::Id { negated, ids } => ids.contains(&experiment.id) != *negated,
            Self::Time { field, op, value_ms } => {
                let time = match field {
                    ExperimentTime::Created => experiment.creation_time,
                    ExperimentTime::LastUpdated => experiment.last_update_time,
                };
                op.accepts(time.as_millis().cmp(value_ms))
            }
            Self::Tag { key, test } => test.matches(experiment.tags.get(key).map(String::as_str)),
        }
    }
}

#[cfg(test)]
mod tests;

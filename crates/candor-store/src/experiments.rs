use std::collections::BTreeMap;

use candor_filter::{ExperimentFilter, ExperimentOrderBy};
use candor_model::{ExperimentId, ExperimentName, TagKey, TimestampMs};

/// An experiment to be created.
#[derive(Clone, Debug, PartialEq)]
pub struct NewExperiment {
    /// Must not be taken, not even by a deleted experiment.
    pub name: ExperimentName,
    /// Where clients would put files; `mlflow-artifacts:/<id>` when `None`.
    pub artifact_location: Option<String>,
    /// Free labels.
    pub tags: BTreeMap<String, String>,
    /// Now.
    pub creation_time: TimestampMs,
}

/// How a caller names an experiment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExperimentKey {
    /// By id.
    Id(ExperimentId),
    /// By name, case-sensitive.
    Name(ExperimentName),
}

/// A change of one experiment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExperimentChange {
    /// Gives it another name; its own is no clash.
    Rename(ExperimentName),
    /// Closes it to new traces; its traces stay readable. `NotFound` when deleted already.
    Delete,
    /// Opens it again. `NotFound` when it is not deleted.
    Restore,
    /// Adds or replaces a tag.
    SetTag {
        /// The tag's key.
        key: TagKey,
        /// The tag's value.
        value: String,
    },
    /// Removes a tag.
    DeleteTag {
        /// The tag's key.
        key: String,
    },
}

/// Which experiments, in which order.
#[derive(Clone, Debug, PartialEq)]
pub struct ExperimentQuery {
    /// Deleted ones too?
    pub view: ExperimentView,
    /// What they must fulfil.
    pub filter: ExperimentFilter,
    /// The order; newest first when empty.
    pub order_by: Vec<ExperimentOrderBy>,
    /// The longest page, in experiments.
    pub max_results: usize,
    /// Where the page before ended.
    pub page_token: Option<String>,
}

/// Which lifecycle stages a search sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum ExperimentView {
    /// Experiments in use.
    #[default]
    ActiveOnly,
    /// Deleted experiments.
    DeletedOnly,
    /// Both.
    All,
}

use std::collections::BTreeMap;

use crate::{ExperimentId, ExperimentName, TimestampMs};

/// A named group of traces.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// Assigned by the store.
    pub id: ExperimentId,
    /// Unique among all experiments, deleted ones too; case-sensitive.
    pub name: ExperimentName,
    /// Where MLflow's clients would put files, e.g. `mlflow-artifacts:/1`.
    pub artifact_location: String,
    /// Whether new traces may be started in it.
    pub lifecycle_stage: LifecycleStage,
    /// When it was created.
    pub creation_time: TimestampMs,
    /// When it was last renamed, deleted, restored or tagged.
    pub last_update_time: TimestampMs,
    /// Free labels.
    pub tags: BTreeMap<String, String>,
}

/// Whether an experiment takes new traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LifecycleStage {
    /// In use.
    Active,
    /// Deleted: readable and restorable, closed to new traces.
    Deleted,
}

impl LifecycleStage {
    /// MLflow's name of the stage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
        }
    }
}

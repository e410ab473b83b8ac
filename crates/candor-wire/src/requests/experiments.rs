use std::collections::BTreeMap;

use candor_model::{ExperimentId, ExperimentName};
use serde::{Deserialize, Serialize};

use crate::scalar::{tags, text};

/// Creates an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateExperiment {
    /// Must not be taken.
    #[serde(with = "text")]
    pub name: ExperimentName,
    /// Where clients would put files; the server's choice when absent.
    #[serde(default, alias = "artifactLocation", with = "text::option", skip_serializing_if = "Option::is_none")]
    pub artifact_location: Option<String>,
    /// Free labels.
    #[serde(
        default,
        serialize_with = "tags::serialize",
        deserialize_with = "tags::deserialize_checked",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub tags: BTreeMap<String, String>,
}

/// Reads, deletes or restores an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExperimentById {
    /// The experiment.
    #[serde(alias = "experimentId", with = "text::experiment_id")]
    pub experiment_id: ExperimentId,
}

/// Reads an experiment by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExperimentByName {
    /// The name, case-sensitive. Any text: what is no name finds nothing.
    #[serde(alias = "experimentName", with = "text")]
    pub experiment_name: String,
}

/// Gives an experiment another name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenameExperiment {
    /// The experiment.
    #[serde(alias = "experimentId", with = "text::experiment_id")]
    pub experiment_id: ExperimentId,
    /// Must not be taken.
    #[serde(alias = "newName", with = "text")]
    pub new_name: ExperimentName,
}

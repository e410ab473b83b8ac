use candor_model::{ExperimentId, TagKey};
use serde::{Deserialize, Deserializer, Serialize};

use crate::scalar::absent::or_default;
use crate::scalar::text;
use crate::trace::cut;

/// The longest value that a tag of a trace is stored with, in characters; MLflow cuts what is longer.
pub const MAX_TAG_VALUE_CHARS: usize = 8000;

/// Sets a tag of an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetExperimentTag {
    /// The experiment.
    #[serde(alias = "experimentId", with = "text::experiment_id")]
    pub experiment_id: ExperimentId,
    /// The tag's key.
    #[serde(with = "text::tag_key")]
    pub key: TagKey,
    /// The tag's value, at most 20000 characters; empty when absent.
    #[serde(default, deserialize_with = "experiment_tag_value")]
    pub value: String,
}

/// Removes a tag of an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteExperimentTag {
    /// The experiment.
    #[serde(alias = "experimentId", with = "text::experiment_id")]
    pub experiment_id: ExperimentId,
    /// The tag's key.
    #[serde(with = "text")]
    pub key: String,
}

/// Sets a tag of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetTraceTag {
    /// The tag's key.
    #[serde(with = "text::tag_key")]
    pub key: TagKey,
    /// The tag's value, cut to [`MAX_TAG_VALUE_CHARS`] when read; empty when absent.
    #[serde(default, deserialize_with = "trace_tag_value")]
    pub value: String,
}

/// Removes a tag of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteTraceTag {
    /// The tag's key.
    #[serde(with = "text")]
    pub key: String,
}

fn trace_tag_value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let mut value: String = or_default(deserializer)?;
    value.truncate(cut(&value, MAX_TAG_VALUE_CHARS).len());
    Ok(value)
}

fn experiment_tag_value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    const MAX_CHARS: usize = 20_000;
    let value: String = or_default(deserializer)?;
    if cut(&value, MAX_CHARS).len() < value.len() {
        let text = format!("'value' exceeds the maximum length of {MAX_CHARS} characters");
        return Err(serde::de::Error::custom(text));
    }
    Ok(value)
}

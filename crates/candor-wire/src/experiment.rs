use std::borrow::Borrow;
use std::collections::BTreeMap;

use candor_model::{Experiment, ExperimentId, ExperimentName, LifecycleStage, TimestampMs};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::responses::Shown;
use crate::scalar::absent::or_default;
use crate::scalar::{number, tags, text};

/// An experiment as JSON: written from `&Experiment` or [`Experiment`], read as [`Experiment`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExperimentJson<T>(pub T);

impl<T: Borrow<Experiment>> Serialize for ExperimentJson<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let experiment = self.0.borrow();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("experiment_id", &Shown(&experiment.id))?;
        map.serialize_entry("name", experiment.name.as_str())?;
        map.serialize_entry("artifact_location", &experiment.artifact_location)?;
        map.serialize_entry("lifecycle_stage", experiment.lifecycle_stage.as_str())?;
        map.serialize_entry("last_update_time", &experiment.last_update_time.as_millis())?;
        map.serialize_entry("creation_time", &experiment.creation_time.as_millis())?;
        if !experiment.tags.is_empty() {
            map.serialize_entry("tags", &tags::TagsJson(&experiment.tags))?;
        }
        // The only workspace that a server without workspaces has.
        map.serialize_entry("workspace", "default")?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for ExperimentJson<Experiment> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Raw {
            #[serde(alias = "experimentId", with = "text")]
            experiment_id: ExperimentId,
            #[serde(with = "text")]
            name: ExperimentName,
            #[serde(default, alias = "artifactLocation", deserialize_with = "or_default")]
            artifact_location: String,
            #[serde(default, alias = "lifecycleStage", deserialize_with = "or_default")]
            lifecycle_stage: String,
            #[serde(default, alias = "creationTime", deserialize_with = "number::optional")]
            creation_time: Option<i64>,
            #[serde(default, alias = "lastUpdateTime", deserialize_with = "number::optional")]
            last_update_time: Option<i64>,
            #[serde(default, deserialize_with = "tags::deserialize")]
            tags: BTreeMap<String, String>,
        }

        let raw = Raw::deserialize(deserializer)?;
        let deleted = raw.lifecycle_stage == LifecycleStage::Deleted.as_str();
        Ok(Self(Experiment {
            id: raw.experiment_id,
            name: raw.name,
            artifact_location: raw.artifact_location,
            lifecycle_stage: if deleted { LifecycleStage::Deleted } else { LifecycleStage::Active },
            creation_time: TimestampMs::from_millis(raw.creation_time.unwrap_or_default()),
            last_update_time: TimestampMs::from_millis(raw.last_update_time.unwrap_or_default()),
            tags: raw.tags,
        }))
    }
}

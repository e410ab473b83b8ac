use candor_model::ExperimentId;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use crate::responses::Shown;
use crate::scalar::absent::message;
use crate::scalar::text;

const EXPERIMENT: &str = "MLFLOW_EXPERIMENT";

/// Where a trace is: an experiment.
pub(crate) struct LocationJson(pub(crate) ExperimentId);

impl Serialize for LocationJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", EXPERIMENT)?;
        map.serialize_entry("mlflow_experiment", &ExperimentLocation { experiment_id: Shown(self.0) })?;
        map.end()
    }
}

#[derive(Serialize)]
struct ExperimentLocation {
    experiment_id: Shown<ExperimentId>,
}

/// A location as anybody sends it; other kinds than experiments have other fields.
#[derive(Deserialize)]
pub(crate) struct RawLocation {
    #[serde(default, rename = "type")]
    kind: serde_json::Value,
    #[serde(default, alias = "mlflowExperiment", deserialize_with = "message")]
    mlflow_experiment: Option<RawExperiment>,
}

#[derive(Deserialize)]
struct RawExperiment {
    #[serde(default, alias = "experimentId", deserialize_with = "text::option::deserialize")]
    experiment_id: Option<String>,
}

impl RawLocation {
    /// The text of the experiment id, when it is an experiment's location.
    pub(crate) fn experiment(&self) -> Option<&str> {
        self.mlflow_experiment.as_ref()?.experiment_id.as_deref()
    }

    /// The experiment of a trace; type and content must fit.
    pub(super) fn into_experiment(self) -> Result<ExperimentId, String> {
        let id = self.mlflow_experiment.and_then(|location| location.experiment_id);
        let id = id.ok_or("missing field `mlflow_experiment.experiment_id`")?;
        if self.kind != EXPERIMENT && self.kind != 1 {
            let kind = match &self.kind {
                serde_json::Value::String(name) => name,
                _ => "TRACE_LOCATION_TYPE_UNSPECIFIED",
            };
            return Err(format!(
                "Trace location type TraceLocationType.{kind} does not match the provided location \
                 MlflowExperimentLocation(experiment_id='{id}')."
            ));
        }
        text::experiment_id::parse(&id)
    }
}

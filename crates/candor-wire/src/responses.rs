//! What servers answer: written from borrowed or owned model types, read as owned ones.
//!
//! An answer with nothing to say is [`Empty`]; empty lists are left out, as MLflow does.

mod envelope;
mod metrics;
mod page;

use std::collections::BTreeMap;
use std::fmt;

use candor_model::ExperimentId;
use serde::{Deserialize, Serialize, Serializer};

use crate::scalar::{number, text};

pub use envelope::{AssessmentEnvelope, ExperimentEnvelope, TraceEnvelope, TraceInfoEnvelope};
pub use metrics::{Correlation, MetricDataPoint, MetricPoints};
pub use page::{ExperimentPage, TraceInfoList, TraceList, TracePage};

/// `{}`: it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Empty {}

/// The answer to a creation of an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExperimentCreated {
    /// The new experiment's id.
    #[serde(alias = "experimentId", with = "text")]
    pub experiment_id: ExperimentId,
}

/// The answer to a deletion of traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracesDeleted {
    /// How many there were.
    #[serde(default, alias = "tracesDeleted", deserialize_with = "number::integer")]
    pub traces_deleted: u64,
}

/// What a server says of itself at `/api/3.0/mlflow/server-info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ServerInfo {
    /// The kind of store, `SqlStore` on MLflow's own servers.
    pub store_type: String,
    /// Whether experiments are grouped in workspaces.
    pub workspaces_enabled: bool,
    /// Whether old spans are moved to an archive.
    pub trace_archival_enabled: bool,
    /// Whether large files may be sent in parts.
    pub multipart_uploads_enabled: bool,
    /// Whether large files may be fetched in parts.
    pub multipart_downloads_enabled: bool,
    /// Whether a run's id is enough to ask for an upload address.
    pub presigned_upload_run_id_supported: bool,
    /// Whether a model's id is enough to ask for an upload address.
    pub presigned_upload_model_id_supported: bool,
    /// Further parts of the server, switched on or off.
    pub features_enabled: BTreeMap<String, bool>,
}

impl Default for ServerInfo {
    /// A server of traces and nothing else.
    fn default() -> Self {
        Self {
            store_type: "SqlStore".to_owned(),
            workspaces_enabled: false,
            trace_archival_enabled: false,
            multipart_uploads_enabled: false,
            multipart_downloads_enabled: false,
            presigned_upload_run_id_supported: false,
            presigned_upload_model_id_supported: false,
            features_enabled: BTreeMap::new(),
        }
    }
}

/// A value by its text.
#[derive(Clone, Copy)]
pub(crate) struct Shown<T>(pub(crate) T);

impl<T: fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A list made as it is written.
pub(crate) struct Seq<I>(pub(crate) I);

impl<I: Iterator<Item: Serialize> + Clone> Serialize for Seq<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone())
    }
}

//! What clients ask before they ask for anything.

use axum::Json;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::MlflowError;
use super::extract::Query;

/// The version of MLflow whose API this is, as Python's version rules allow it to be marked.
///
/// Clients upload spans only to servers of 3.4 or later.
const VERSION: &str = "3.17.2+candor";

pub(super) async fn version() -> &'static str {
    VERSION
}

pub(super) async fn server_info() -> Json<Value> {
    Json(json!({
        "store_type": "SqlStore",
        "workspaces_enabled": false,
        "trace_archival_enabled": false,
        "multipart_uploads_enabled": false,
        "multipart_downloads_enabled": false,
        "presigned_upload_run_id_supported": false,
        "presigned_upload_model_id_supported": false,
        "features_enabled": {"gateway": false},
    }))
}

#[derive(Debug, Deserialize)]
pub(super) struct RunById {
    run_id: String,
}

/// Clients look a run up before they search its traces. No runs are kept here, so there is none.
pub(super) async fn run(Query(request): Query<RunById>) -> MlflowError {
    MlflowError::absent(format!("Run with id={} not found", request.run_id))
}

//! `PATCH` and `DELETE /api/{2.0,3.0}/mlflow/traces/{trace_id}/tags`

use axum::Json;
use axum::extract::State;
use candor_model::{TraceId, keys};
use candor_store::{Missing, StoreError, TagChange};
use candor_wire::requests::{DeleteTraceTag, SetTraceTag};
use candor_wire::responses::Empty;

use super::error::{Call, MlflowError};
use super::extract::{Body, PathText};
use crate::ApiState;

/// Tags that only the server sets.
const IMMUTABLE: [&str; 3] = [keys::SPANS_LOCATION, keys::ARCHIVE_LOCATION, keys::ARCHIVAL_FAILURE];

pub(super) async fn set(
    State(state): State<ApiState>,
    PathText(trace): PathText<String>,
    Body(request): Body<SetTraceTag>,
) -> Result<Json<Empty>, MlflowError> {
    let SetTraceTag { key, value } = request;
    if IMMUTABLE.contains(&key.as_str()) {
        return Err(immutable(key.as_str(), "set"));
    }
    let id: TraceId = trace.parse().map_err(|_| MlflowError::no_trace(Call::Any, &trace))?;
    state.write(|store| async move { store.update_trace_tag(id, TagChange::Set { key, value }).await }).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn delete(
    State(state): State<ApiState>,
    PathText(trace): PathText<String>,
    Body(request): Body<DeleteTraceTag>,
) -> Result<Json<Empty>, MlflowError> {
    let key = request.key;
    // Whoever has dealt with a failed archival may say so.
    if IMMUTABLE.contains(&key.as_str()) && key != keys::ARCHIVAL_FAILURE {
        return Err(immutable(&key, "deleted"));
    }
    let absent = MlflowError::no_trace_tag(&key, &trace);
    let Ok(id) = trace.parse::<TraceId>() else { return Err(absent) };
    match state.write(|store| async move { store.update_trace_tag(id, TagChange::Delete { key }).await }).await {
        Ok(()) => Ok(Json(Empty {})),
        // An unknown trace lacks the tag, too, and that is how MLflow puts it.
        Err(StoreError::NotFound(Missing::Trace(_))) => Err(absent),
        Err(error) => Err(error.into()),
    }
}

fn immutable(key: &str, verb: &str) -> MlflowError {
    MlflowError::invalid(format!("Tag '{key}' is immutable and cannot be {verb} on a trace."))
}

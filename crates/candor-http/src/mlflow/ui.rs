//! What only MLflow's web pages call.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use candor_model::{Experiment, TraceId};
use candor_wire::ErrorCode;
use candor_wire::ui_artifact::TracesFile;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{Call, MlflowError};
use super::experiments;
use super::extract::{Body, Query};
use crate::ApiState;

#[derive(Debug, Deserialize)]
pub(super) struct TraceArtifact {
    request_id: String,
    /// An attachment of the trace; there are none here.
    path: Option<String>,
}

/// `GET /ajax-api/{2.0,3.0}/mlflow/get-trace-artifact`: the trace's spans as a file.
pub(super) async fn trace_artifact(
    State(state): State<ApiState>,
    Query(request): Query<TraceArtifact>,
) -> Result<Response, MlflowError> {
    let path = request.path.as_deref().unwrap_or("traces.json");
    let absent = || MlflowError::new(ErrorCode::NotFound, format!("Trace data not found for path={path}"));
    if path != "traces.json" {
        return Err(absent());
    }
    let no_trace = || MlflowError::no_trace(Call::GetTrace, &request.request_id);
    let id: TraceId = request.request_id.parse().map_err(|_| no_trace())?;
    let trace = state.store.get_traces(&[id], true).await?.pop().ok_or_else(no_trace)?;
    if trace.spans.is_empty() {
        return Err(absent());
    }
    let file = Json(TracesFile(trace.spans)).into_response();
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=traces.json"),
    ];
    Ok((headers, file.into_body()).into_response())
}

#[derive(Debug, Deserialize)]
pub(super) struct GraphQl {
    #[serde(default, rename = "operationName")]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Value,
}

/// `POST /graphql`: the one query that the page of an experiment's traces makes.
pub(super) async fn graphql(
    State(state): State<ApiState>,
    Body(request): Body<GraphQl>,
) -> Result<Json<Value>, MlflowError> {
    if request.operation_name.as_deref() != Some("MlflowGetExperimentQuery") {
        let message = "Only MlflowGetExperimentQuery is answered here.";
        return Ok(Json(json!({"data": null, "errors": [message]})));
    }
    let id = request.variables.pointer("/input/experimentId").and_then(Value::as_str).unwrap_or_default();
    let found = match id.parse() {
        Ok(id) => experiments::find(&state, id).await,
        Err(_) => Err(MlflowError::experiment_id(id)),
    };
    match found {
        Ok(experiment) => {
            let answer = json!({"apiError": null, "experiment": experiment_json(&experiment)});
            Ok(Json(json!({"data": {"mlflowGetExperiment": answer}, "errors": null})))
        }
        Err(error) => match error.message_for_caller() {
            Some(message) => Ok(Json(json!({"data": {"mlflowGetExperiment": null}, "errors": [message]}))),
            None => Err(error),
        },
    }
}

/// Unlike everywhere else, names are camelCase and times are texts.
fn experiment_json(experiment: &Experiment) -> Value {
    let tags: Vec<Value> = experiment.tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    json!({
        "artifactLocation": experiment.artifact_location,
        "creationTime": experiment.creation_time.as_millis().to_string(),
        "experimentId": experiment.id.to_string(),
        "lastUpdateTime": experiment.last_update_time.as_millis().to_string(),
        "lifecycleStage": experiment.lifecycle_stage.as_str(),
        "name": experiment.name.as_str(),
        "tags": tags,
    })
}

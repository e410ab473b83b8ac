//! `/api/3.0/mlflow/traces/{trace_id}/assessments…`

use axum::Json;
use axum::extract::State;
use candor_model::{Assessment, AssessmentId, TraceId};
use candor_store::{AssessmentUpdate, Missing, NewAssessment, StoreError, TrackingStoreExt, new_assessment_id};
use candor_wire::requests::{CreateAssessment, UpdateAssessment};
use candor_wire::responses::{AssessmentEnvelope, Empty};
use candor_wire::{AnyId, AssessmentInput};

use super::error::{Call, MlflowError};
use super::extract::{Body, PathText};
use crate::ApiState;

type Result<T, E = MlflowError> = std::result::Result<T, E>;
type Answer = Json<AssessmentEnvelope<Assessment>>;

pub(super) async fn create(
    State(state): State<ApiState>,
    PathText(trace): PathText<String>,
    Body(request): Body<CreateAssessment>,
) -> Result<Answer> {
    let trace: TraceId = trace.parse().map_err(|_| MlflowError::no_trace(Call::Any, &trace))?;
    let mut input = request.assessment;
    let overrides = match input.overrides.take() {
        Some(AnyId::Foreign(id)) => return Err(nothing_to_override(&state, trace, &id).await),
        Some(AnyId::Ours(id)) => Some(id),
        None => None,
    };
    let new = NewAssessment { overrides, ..on_trace(trace, input, &state) };
    let logged = state.write(|store| async move { store.log_assessment(new).await }).await?;
    // An id that waits for its trace in the feedback API is no reason to say that the trace is here.
    let assessment = logged.assessment().cloned().ok_or(StoreError::NotFound(Missing::Trace(trace)))?;
    Ok(Json(AssessmentEnvelope(assessment)))
}

pub(super) async fn get(
    State(state): State<ApiState>,
    PathText((trace, id)): PathText<(String, String)>,
) -> Result<Answer> {
    let (trace, id) = known(&state, &trace, &id).await?;
    let assessment = state.store.get_assessment(trace, id).await;
    assessment.map(AssessmentEnvelope).map(Json).map_err(|error| MlflowError::store(Call::Assessment, error))
}

pub(super) async fn update(
    State(state): State<ApiState>,
    PathText((trace, id)): PathText<(String, String)>,
    Body(request): Body<UpdateAssessment>,
) -> Result<Answer> {
    let (trace, id) = known(&state, &trace, &id).await?;
    let UpdateAssessment { name, feedback, expectation, rationale, metadata } = request;
    let update = AssessmentUpdate { name, feedback, expectation, rationale, metadata };
    let now = state.clock.now();
    let updated = state.write(|store| async move { store.update_assessment(trace, id, update, now).await }).await;
    updated.map(AssessmentEnvelope).map(Json).map_err(|error| MlflowError::store(Call::Assessment, error))
}

/// Deletes what is there; what is not there is deleted already. The body repeats the ids and is not read.
pub(super) async fn delete(
    State(state): State<ApiState>,
    PathText((trace, id)): PathText<(String, String)>,
) -> Result<Json<Empty>> {
    if let (Ok(trace), Ok(id)) = (trace.parse(), id.parse()) {
        state.write(|store| async move { store.delete_assessment(trace, id).await }).await?;
    }
    Ok(Json(Empty {}))
}

fn on_trace(trace: TraceId, input: AssessmentInput, state: &ApiState) -> NewAssessment {
    let create_time = input.create_time.unwrap_or_else(|| state.clock.now());
    let new = NewAssessment::new(trace, input.name, input.source, input.body, create_time);
    NewAssessment {
        id: input.assessment_id.unwrap_or_else(new_assessment_id),
        span_id: input.span_id,
        rationale: input.rationale,
        metadata: input.metadata,
        last_update_time: input.last_update_time.unwrap_or(create_time),
        ..new
    }
}

/// The ids, if they are of a form that can be found at all.
async fn known(state: &ApiState, trace: &str, id: &str) -> Result<(TraceId, AssessmentId)> {
    let trace: TraceId = trace.parse().map_err(|_| MlflowError::no_trace(Call::Assessment, trace))?;
    match id.parse() {
        Ok(id) => Ok((trace, id)),
        Err(_) => match state.store.trace_info(trace).await? {
            Some(_) => Err(MlflowError::no_assessment(id, trace)),
            None => Err(MlflowError::no_trace(Call::Assessment, trace)),
        },
    }
}

async fn nothing_to_override(state: &ApiState, trace: TraceId, id: &str) -> MlflowError {
    match state.store.trace_info(trace).await {
        Ok(Some(_)) => MlflowError::no_assessment(id, trace),
        Ok(None) => MlflowError::no_trace(Call::Any, trace),
        Err(error) => error.into(),
    }
}

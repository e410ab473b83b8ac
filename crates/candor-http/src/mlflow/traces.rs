//! `/api/3.0/mlflow/traces…`, and what the older version still has of it.

mod embedded;
mod export;
mod within;

use axum::Json;
use axum::extract::State;
use candor_model::{Trace, TraceId, TraceInfo};
use candor_store::{TraceLink, TraceSelection, TrackingStoreExt, new_assessment_id};
use candor_wire::AnyId;
use candor_wire::requests::{
    BatchGetInfos, BatchGetTraces, DeleteTraces, GetTrace, LinkPrompts, LinkToRun, PromptVersion, StartTrace,
};
use candor_wire::responses::{Empty, TraceEnvelope, TraceInfoEnvelope, TraceInfoList, TraceList, TracesDeleted};

use super::error::{Call, MlflowError};
use super::extract::{Body, PathText, Query};
use crate::ApiState;
use within::Within;

type Result<T, E = MlflowError> = std::result::Result<T, E>;

pub(super) async fn start(
    State(state): State<ApiState>,
    Body(mut request): Body<StartTrace>,
) -> Result<Json<TraceInfoEnvelope<TraceInfo>>> {
    embedded::name_by_content(&mut request);
    let info = request.into_info(new_assessment_id, state.clock.now())?;
    let started = state.write(|store| async move { store.start_trace(info).await }).await?;
    Ok(Json(TraceInfoEnvelope(started)))
}

pub(super) async fn get_info(
    State(state): State<ApiState>,
    PathText(trace): PathText<String>,
) -> Result<Json<TraceInfoEnvelope<TraceInfo>>> {
    let id: TraceId = trace.parse().map_err(|_| MlflowError::no_trace(Call::Any, &trace))?;
    let info = state.store.trace_info(id).await?;
    info.map(TraceInfoEnvelope).map(Json).ok_or_else(|| MlflowError::no_trace(Call::Any, id))
}

pub(super) async fn get(
    State(state): State<ApiState>,
    Query(request): Query<GetTrace>,
) -> Result<Json<TraceEnvelope<Trace>>> {
    let AnyId::Ours(id) = request.trace_id else {
        return Err(MlflowError::no_trace(Call::GetTrace, request.trace_id));
    };
    let trace = if request.allow_partial {
        state.store.get_traces(&[id], true).await?.pop()
    } else {
        export::wait_for_spans(&state, id).await?
    };
    trace.map(TraceEnvelope).map(Json).ok_or_else(|| MlflowError::no_trace(Call::GetTrace, id))
}

/// Traces that are not there, or not all there yet, are passed over.
pub(super) async fn batch_get(
    State(state): State<ApiState>,
    Query(Within { request, experiments }): Query<Within<BatchGetTraces>>,
) -> Result<Json<TraceList<Vec<Trace>>>> {
    let mut traces = state.store.get_traces(&request.trace_ids, true).await?;
    traces.retain(|trace| export::is_complete(trace) && experiments.contain(&trace.info));
    Ok(Json(TraceList(traces)))
}

pub(super) async fn batch_get_infos(
    State(state): State<ApiState>,
    Body(Within { request, experiments }): Body<Within<BatchGetInfos>>,
) -> Result<Json<TraceInfoList<Vec<TraceInfo>>>> {
    let traces = state.store.get_traces(&request.trace_ids, false).await?;
    let infos = traces.into_iter().map(|trace| trace.info).filter(|info| experiments.contain(info));
    Ok(Json(TraceInfoList(infos.collect())))
}

pub(super) async fn delete(
    State(state): State<ApiState>,
    Body(request): Body<DeleteTraces>,
) -> Result<Json<TracesDeleted>> {
    let (experiment, selection) = match request {
        DeleteTraces::Ids { experiment_id, trace_ids } => (experiment_id, TraceSelection::Ids(trace_ids)),
        DeleteTraces::Until { experiment_id, max_timestamp, max_traces } => {
            (experiment_id, TraceSelection::Until { max_request_time: max_timestamp, max_traces })
        }
    };
    let traces_deleted = state.write(|store| async move { store.delete_traces(experiment, selection).await }).await?;
    Ok(Json(TracesDeleted { traces_deleted }))
}

pub(super) async fn link_to_run(State(state): State<ApiState>, Body(request): Body<LinkToRun>) -> Result<Json<Empty>> {
    let LinkToRun { trace_ids, run_id } = request;
    state.write(|store| async move { store.link_traces(&trace_ids, TraceLink::Run(run_id)).await }).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn link_prompts(
    State(state): State<ApiState>,
    Body(request): Body<LinkPrompts>,
) -> Result<Json<Empty>> {
    let no_trace = || MlflowError::no_trace(Call::Any, &request.trace_id);
    let AnyId::Ours(trace) = request.trace_id else { return Err(no_trace()) };
    state.store.trace_info(trace).await?.ok_or_else(no_trace)?;
    for PromptVersion { name, version } in request.prompt_versions {
        let link = TraceLink::PromptVersion { name, version };
        state.write(|store| async move { store.link_traces(&[trace], link).await }).await?;
    }
    Ok(Json(Empty {}))
}

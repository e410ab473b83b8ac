//! `/api/2.0/mlflow/experiments/…`

use axum::Json;
use axum::extract::State;
use candor_filter::{ExperimentFilter, ExperimentOrderBy};
use candor_model::{Experiment, ExperimentId};
use candor_store::{ExperimentChange, ExperimentKey, ExperimentQuery, ExperimentView, NewExperiment, StoreError};
use candor_wire::ErrorCode;
use candor_wire::requests::{
    CreateExperiment, DeleteExperimentTag, ExperimentById, ExperimentByName, RenameExperiment, SearchExperiments,
    SetExperimentTag, ViewType,
};
use candor_wire::responses::{Empty, ExperimentCreated, ExperimentEnvelope, ExperimentPage};

use super::error::{Call, MlflowError};
use super::extract::{Body, Query};
use crate::ApiState;

type Result<T, E = MlflowError> = std::result::Result<T, E>;

pub(super) async fn create(
    State(state): State<ApiState>,
    Body(request): Body<CreateExperiment>,
) -> Result<Json<ExperimentCreated>> {
    let CreateExperiment { name, artifact_location, tags } = request;
    if let Some(location) = artifact_location.as_deref().filter(|location| location.starts_with("runs:/")) {
        let message = format!("Artifact location cannot be a runs:/ URI. Given: '{location}'");
        return Err(MlflowError::invalid(message));
    }
    let new = NewExperiment { name: name.clone(), artifact_location, tags, creation_time: state.clock.now() };
    let created = state.write(|store| async move { store.create_experiment(new).await }).await;
    match created {
        Ok(experiment_id) => Ok(Json(ExperimentCreated { experiment_id })),
        Err(StoreError::AlreadyExists { .. }) => Err(name_is_taken(&name)),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn get(
    State(state): State<ApiState>,
    Query(request): Query<ExperimentById>,
) -> Result<Json<ExperimentEnvelope<Experiment>>> {
    find(&state, request.experiment_id).await.map(ExperimentEnvelope).map(Json)
}

/// The experiment of that id, deleted or not.
pub(super) async fn find(state: &ApiState, id: ExperimentId) -> Result<Experiment> {
    let experiment = state.store.get_experiment(&ExperimentKey::Id(id)).await?;
    experiment.ok_or_else(|| MlflowError::absent(format!("No Experiment with id={id} exists")))
}

pub(super) async fn get_by_name(
    State(state): State<ApiState>,
    Query(request): Query<ExperimentByName>,
) -> Result<Json<ExperimentEnvelope<Experiment>>> {
    // A text that is no name is the name of no experiment.
    let experiment = match request.experiment_name.parse() {
        Ok(name) => state.store.get_experiment(&ExperimentKey::Name(name)).await?,
        Err(_) => None,
    };
    let missing = || format!("Could not find experiment with name '{}'", request.experiment_name);
    experiment.map(ExperimentEnvelope).map(Json).ok_or_else(|| MlflowError::absent(missing()))
}

pub(super) async fn search_by_query(
    state: State<ApiState>,
    Query(request): Query<SearchExperiments>,
) -> Result<Json<ExperimentPage<Vec<Experiment>>>> {
    search(state, Body(request)).await
}

pub(super) async fn search(
    State(state): State<ApiState>,
    Body(request): Body<SearchExperiments>,
) -> Result<Json<ExperimentPage<Vec<Experiment>>>> {
    let query = ExperimentQuery {
        view: match request.view_type {
            ViewType::ActiveOnly => ExperimentView::ActiveOnly,
            ViewType::DeletedOnly => ExperimentView::DeletedOnly,
            ViewType::All => ExperimentView::All,
        },
        filter: ExperimentFilter::parse(request.filter.as_deref().unwrap_or_default()).map_err(StoreError::from)?,
        order_by: ExperimentOrderBy::parse_list(&request.order_by).map_err(StoreError::from)?,
        max_results: request.max_results,
        page_token: request.page_token,
    };
    let page = state.store.search_experiments(&query).await?;
    Ok(Json(ExperimentPage { experiments: page.items, next_page_token: page.next_page_token }))
}

pub(super) async fn rename(
    State(state): State<ApiState>,
    Body(request): Body<RenameExperiment>,
) -> Result<Json<Empty>> {
    let RenameExperiment { experiment_id, new_name } = request;
    match change(&state, experiment_id, ExperimentChange::Rename(new_name.clone())).await {
        Ok(()) => Ok(Json(Empty {})),
        Err(StoreError::AlreadyExists { .. }) => Err(name_is_taken(&new_name)),
        Err(error) => Err(MlflowError::store(Call::RenameExperiment, error)),
    }
}

pub(super) async fn delete(State(state): State<ApiState>, Body(request): Body<ExperimentById>) -> Result<Json<Empty>> {
    change(&state, request.experiment_id, ExperimentChange::Delete).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn restore(State(state): State<ApiState>, Body(request): Body<ExperimentById>) -> Result<Json<Empty>> {
    change(&state, request.experiment_id, ExperimentChange::Restore).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn set_tag(
    State(state): State<ApiState>,
    Body(request): Body<SetExperimentTag>,
) -> Result<Json<Empty>> {
    let SetExperimentTag { experiment_id, key, value } = request;
    change(&state, experiment_id, ExperimentChange::SetTag { key, value }).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn delete_tag(
    State(state): State<ApiState>,
    Body(request): Body<DeleteExperimentTag>,
) -> Result<Json<Empty>> {
    let DeleteExperimentTag { experiment_id, key } = request;
    change(&state, experiment_id, ExperimentChange::DeleteTag { key }).await?;
    Ok(Json(Empty {}))
}

async fn change(state: &ApiState, id: ExperimentId, change: ExperimentChange) -> Result<(), StoreError> {
    let now = state.clock.now();
    state.write(|store| async move { store.update_experiment(id, change, now).await }).await
}

fn name_is_taken(name: &candor_model::ExperimentName) -> MlflowError {
    MlflowError::new(ErrorCode::ResourceAlreadyExists, format!("Experiment(name={name}) already exists."))
}

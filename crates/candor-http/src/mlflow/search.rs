//! `POST /api/3.0/mlflow/traces/search`

use axum::Json;
use axum::extract::State;
use candor_filter::{OrderBy, TraceFilter};
use candor_model::TraceInfo;
use candor_store::{StoreError, TraceQuery};
use candor_wire::requests::SearchTraces;
use candor_wire::responses::TracePage;

use super::error::MlflowError;
use super::extract::Body;
use crate::ApiState;

pub(super) async fn search(
    State(state): State<ApiState>,
    Body(request): Body<SearchTraces>,
) -> Result<Json<TracePage<Vec<TraceInfo>>>, MlflowError> {
    let query = TraceQuery {
        experiments: request.locations,
        filter: TraceFilter::parse(request.filter.as_deref().unwrap_or_default()).map_err(StoreError::from)?,
        order_by: OrderBy::parse_list(&request.order_by).map_err(StoreError::from)?,
        max_results: request.max_results,
        page_token: request.page_token,
    };
    let page = state.store.search_traces(&query).await?;
    Ok(Json(TracePage { traces: page.items, next_page_token: page.next_page_token }))
}

//! Lists of what MLflow keeps and Candor does not: runs, data sets, models, queues for reviewers.
//!
//! MLflow's pages ask for them beside the traces and complain of a server that does not know them. The
//! answer is that of MLflow's own server when there are none; whatever the request filters, nothing
//! fits. What would make one has no route here.

use axum::Json;
use axum::Router;
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::ApiState;

pub(super) fn version_2() -> Router<ApiState> {
    Router::new()
        .route("/runs/search", post(nothing))
        .route("/logged-models/search", post(nothing))
        .route("/registered-models/search", get(nothing))
}

pub(super) fn version_3() -> Router<ApiState> {
    Router::new()
        .route("/datasets/search", post(nothing))
        .route("/scorers/list", get(nothing))
        .route("/issues/search", post(last_page))
        .route("/review-queues/list", get(last_page))
        .route("/label-schemas/list", get(last_page))
}

/// A list that protobuf writes without its empty fields.
async fn nothing() -> Json<Value> {
    Json(json!({}))
}

/// The newer lists tell their end by an empty token.
async fn last_page() -> Json<Value> {
    Json(json!({"next_page_token": ""}))
}

/// `GET /ajax-api/3.0/mlflow/ui-telemetry`: the pages shall report to nobody what people do in them.
pub(super) async fn no_telemetry() -> Json<Value> {
    Json(json!({"disable_ui_events": [], "disable_ui_telemetry": true, "ui_rollout_percentage": 0}))
}

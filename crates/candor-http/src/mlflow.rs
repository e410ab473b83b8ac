//! MLflow 3's tracking API, as far as traces and their assessments need it.
//!
//! The stock Python client takes a server with these routes for its tracking server, and MLflow's
//! web pages show its traces. Every route exists below `/api` and, for web pages, below `/ajax-api`.
//! Where MLflow's own server answers a mistake of the caller with a status of 500, which its client
//! repeats for minutes, the answer here is 400 or 404.

mod absent;
mod assessments;
mod correlation;
pub(crate) mod error;
mod experiments;
mod extract;
mod metrics;
mod probes;
mod search;
mod tags;
mod traces;
mod ui;

use axum::Router;
use axum::extract::OriginalUri;
use axum::routing::{get, patch, post};

use crate::ApiState;
use error::MlflowError;

/// The routes of MLflow's API, to be mounted at the root of an app.
///
/// Outside of MLflow's own prefixes it takes `/version`, by which clients tell that they may upload
/// spans, and `/graphql`, which MLflow's pages need. A `/health` is the app's business.
///
/// Paths that are not known are answered in MLflow's form below `/api/2.0/mlflow` and
/// `/api/3.0/mlflow` (and their twins) only; all others are left to the app. Bodies may be as long as
/// the app's [`DefaultBodyLimit`](axum::extract::DefaultBodyLimit) says, 2 MB without one.
pub fn router(state: ApiState) -> Router {
    let mut router = Router::new()
        .route("/version", get(probes::version))
        .route("/ajax-api/3.0/mlflow/ui-telemetry", get(absent::no_telemetry))
        .route("/graphql", post(ui::graphql))
        .method_not_allowed_fallback(method_not_allowed);
    for prefix in ["/api", "/ajax-api"] {
        let is_ajax = prefix == "/ajax-api";
        router = router
            .nest(&format!("{prefix}/2.0/mlflow"), scoped(version_2(), is_ajax))
            .nest(&format!("{prefix}/3.0/mlflow"), scoped(version_3(), is_ajax));
    }
    router.with_state(state)
}

fn version_2() -> Router<ApiState> {
    Router::new()
        .route("/experiments/get-by-name", get(experiments::get_by_name))
        .route("/experiments/get", get(experiments::get))
        .route("/experiments/search", get(experiments::search_by_query).post(experiments::search))
        .route("/experiments/create", post(experiments::create))
        .route("/experiments/update", post(experiments::rename))
        .route("/experiments/delete", post(experiments::delete))
        .route("/experiments/restore", post(experiments::restore))
        .route("/experiments/set-experiment-tag", post(experiments::set_tag))
        .route("/experiments/delete-experiment-tag", post(experiments::delete_tag))
        .route("/runs/get", get(probes::run))
        .route("/traces/link-to-run", post(traces::link_to_run))
        .route("/traces/link-prompts", post(traces::link_prompts))
        .merge(absent::version_2())
}

fn version_3() -> Router<ApiState> {
    Router::new()
        .route("/server-info", get(probes::server_info))
        .route("/traces", post(traces::start))
        .route("/traces/get", get(traces::get))
        .route("/traces/batchGet", get(traces::batch_get))
        .route("/traces/batchGetInfos", post(traces::batch_get_infos))
        .route("/traces/search", post(search::search))
        .route("/traces/metrics", post(metrics::query))
        .route("/traces/calculate-filter-correlation", post(correlation::calculate))
        .route("/traces/{trace_id}", get(traces::get_info))
        .route("/traces/{trace_id}/assessments", post(assessments::create))
        .route(
            "/traces/{trace_id}/assessments/{assessment_id}",
            get(assessments::get).patch(assessments::update).delete(assessments::delete),
        )
        .merge(absent::version_3())
}

/// What both versions have, and the answers to paths and methods that they do not have.
fn scoped(router: Router<ApiState>, is_ajax: bool) -> Router<ApiState> {
    let router = router
        .route("/traces/delete-traces", post(traces::delete))
        .route("/traces/{trace_id}/tags", patch(tags::set).delete(tags::delete));
    let router = if is_ajax { router.route("/get-trace-artifact", get(ui::trace_artifact)) } else { router };
    router.fallback(no_route).method_not_allowed_fallback(method_not_allowed)
}

async fn no_route(OriginalUri(uri): OriginalUri) -> MlflowError {
    MlflowError::no_route(uri.path())
}

async fn method_not_allowed() -> MlflowError {
    MlflowError::method_not_allowed()
}

//! What waits in the spool, for the web UI: the same that `candor spool` shows.

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use candor::spool::{EntryQuery, EntryState, SpoolFile};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::spool::{entry_json, status_json};

/// The entries that are listed, oldest first.
const LISTED: usize = 100;

/// `GET /api/v1/spool` and `POST /api/v1/spool/retry`; `file` is `None` when no spool is in use.
pub(super) fn router(file: Option<PathBuf>) -> Router {
    Router::new().route("/api/v1/spool", get(show)).route("/api/v1/spool/retry", post(retry)).with_state(Arc::new(file))
}

type File = State<Arc<Option<PathBuf>>>;

async fn show(State(file): File) -> Response {
    let Some(path) = file.as_ref().clone() else { return Json(json!({"enabled": false})).into_response() };
    answer(move || {
        let file = SpoolFile::open(&path)?;
        let entries = file.list(&EntryQuery { limit: Some(LISTED), ..EntryQuery::default() })?;
        let entries: Vec<Value> = entries.iter().map(entry_json).collect();
        Ok(json!({"enabled": true, "status": status_json(&file.status()?), "entries": entries}))
    })
    .await
}

/// Which entries to put back into the queue.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Selection {
    /// Those numbers.
    Entries(Vec<i64>),
    /// All dead letters; `false` selects nothing.
    Dead(bool),
}

async fn retry(State(file): File, selection: Result<Json<Selection>, JsonRejection>) -> Response {
    let selection = match selection {
        Ok(Json(selection)) => selection,
        Err(rejection) => return problem(rejection.status(), "invalid_parameter", &rejection.body_text()),
    };
    let Some(path) = file.as_ref().clone() else {
        return problem(StatusCode::NOT_FOUND, "not_found", "this server has no spool");
    };
    let query = match selection {
        Selection::Entries(seqs) => EntryQuery { seqs: Some(seqs), ..EntryQuery::default() },
        Selection::Dead(true) => EntryQuery { state: Some(EntryState::Dead), ..EntryQuery::default() },
        Selection::Dead(false) => return Json(json!({"retried": 0})).into_response(),
    };
    answer(move || Ok(json!({"retried": SpoolFile::open(&path)?.retry(&query)?}))).await
}

/// Looks at the file where it blocks nobody.
async fn answer(work: impl FnOnce() -> anyhow::Result<Value> + Send + 'static) -> Response {
    let failure = match tokio::task::spawn_blocking(work).await {
        Ok(Ok(answer)) => return Json(answer).into_response(),
        Ok(Err(error)) => error,
        Err(panic) => panic.into(),
    };
    tracing::error!(error = format!("{failure:#}"), "the spool's file cannot be looked at");
    problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the spool's file cannot be looked at")
}

fn problem(status: StatusCode, code: &str, detail: &str) -> Response {
    let kind = format!("urn:candor:problem:{}", code.replace('_', "-"));
    let body = json!({"type": kind, "title": detail, "status": status.as_u16(), "code": code, "detail": detail});
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
}

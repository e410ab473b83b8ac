//! `GET /api/v1/feedback`: the verdicts on an answer, overridden and withdrawn ones too.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use candor_model::AssessmentKind;
use candor_store::{Missing, StoreError, TrackingStoreExt};
use serde::Serialize;

use super::api::Api;
use super::fields::Fields;
use super::target::Aim;
use super::view::FeedbackView;
use crate::problem::Result;

/// The verdicts on one answer.
#[derive(Debug, Serialize)]
pub(super) struct HistoryView {
    trace_id: String,
    client_request_id: Option<String>,
    experiment_id: String,
    /// Oldest first.
    feedback: Vec<FeedbackView>,
}

/// Lists them; only those of one span when the request names it.
pub(super) async fn get(State(api): State<Api>, uri: Uri) -> Result<Json<HistoryView>> {
    let mut fields = Fields::of_query(&uri);
    let aim = Aim::of_any(&mut fields);
    let Aim { mut target, span_id, experiment } = fields.finish(aim)?;
    api.confine(&mut target, experiment.as_ref()).await?;
    let unknown = || StoreError::NotFound(Missing::from(target.clone()));
    let resolved = api.state.store.resolve_target(&target).await?.ok_or_else(unknown)?;
    let info = api.state.store.trace_info(resolved.trace_id).await?.ok_or_else(unknown)?;
    let wanted = info
        .assessments
        .iter()
        .filter(|one| one.body.kind() == AssessmentKind::Feedback && (span_id.is_none() || one.span_id == span_id));
    Ok(Json(HistoryView {
        trace_id: info.trace_id.to_string(),
        client_request_id: info.client_request_id.as_ref().map(ToString::to_string),
        experiment_id: info.experiment_id.to_string(),
        feedback: wanted.map(FeedbackView::from).collect(),
    }))
}

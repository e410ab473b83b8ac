use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use candor_model::{DurationMs, ExperimentId, TimestampMs};
use candor_store::{ExperimentKey, Missing, StoreError, Target, WhenMissing};
use serde_json::{Map, Value as Json};

use super::config::FeedbackConfig;
use super::fields::kind_of;
use crate::ApiState;
use crate::problem::{Problem, ProblemKind, Result};

/// What every handler of the feedback API works on.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) state: ApiState,
    pub(crate) config: Arc<FeedbackConfig>,
}

/// A body, or why it could not be read.
pub(crate) type Body = Result<Bytes, BytesRejection>;

impl Api {
    /// The time now.
    pub(crate) fn now(&self) -> TimestampMs {
        self.state.clock.now()
    }

    /// Verdicts that were put on hold before are orphans.
    pub(crate) fn orphaned_before(&self) -> TimestampMs {
        let patience = i64::try_from(self.config.orphan_after.as_millis()).unwrap_or(i64::MAX);
        self.now().minus(DurationMs::from_millis(patience))
    }

    /// What becomes of a verdict whose trace is unknown; `strict` is the request's own wish.
    pub(crate) fn when_missing(&self, strict: bool) -> WhenMissing {
        let may_wait = self.state.store.capabilities().holds_feedback;
        if strict || self.config.strict || !may_wait { WhenMissing::Fail } else { WhenMissing::Hold }
    }

    /// Confines a target to the experiment that the request names, else to the configured one.
    ///
    /// # Errors
    /// 404 when there is no such experiment.
    pub(crate) async fn confine(&self, target: &mut Target, experiment: Option<&ExperimentKey>) -> Result<()> {
        target.experiment = match experiment {
            Some(key) => Some(self.experiment(key).await?),
            None => self.config.experiment,
        };
        Ok(())
    }

    async fn experiment(&self, key: &ExperimentKey) -> Result<ExperimentId> {
        match (self.state.store.get_experiment(key).await?, key) {
            (Some(experiment), _) => Ok(experiment.id),
            (None, ExperimentKey::Id(id)) => Err(StoreError::NotFound(Missing::Experiment(*id)).into()),
            (None, ExperimentKey::Name(name)) => {
                Err(Problem::new(ProblemKind::ExperimentNotFound, format!("experiment {name} does not exist")))
            }
        }
    }
}

/// Reads a body that must be a JSON object.
///
/// # Errors
/// 415, 413, 408 and 400, in this order.
pub(crate) async fn read_object(headers: &HeaderMap, body: Body) -> Result<Map<String, Json>> {
    check_media_type(headers)?;
    let bytes = body.map_err(|rejection| {
        let (status, words) = crate::server::body::explain(&rejection);
        let kind = match status {
            StatusCode::PAYLOAD_TOO_LARGE => ProblemKind::TooLarge,
            StatusCode::REQUEST_TIMEOUT => ProblemKind::RequestTimeout,
            _ => ProblemKind::MalformedJson,
        };
        Problem::new(kind, words)
    })?;
    let malformed = |words: String| Problem::new(ProblemKind::MalformedJson, words);
    match crate::server::body::decode_aside(bytes.len(), move || serde_json::from_slice(&bytes)).await {
        Ok(Json::Object(object)) => Ok(object),
        Ok(other) => Err(malformed(format!("the body must be a JSON object, got {}", kind_of(&other)))),
        Err(error) => Err(malformed(format!("the body is not JSON: {error}"))),
    }
}

fn check_media_type(headers: &HeaderMap) -> Result<()> {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media_type == "application/json" || (media_type.starts_with("application/") && media_type.ends_with("+json")) {
        return Ok(());
    }
    let detail = format!("Content-Type must be application/json, got {media_type:?}");
    Err(Problem::new(ProblemKind::UnsupportedMediaType, detail))
}

//! Refusals in the form of MLflow's OTLP endpoint, which differs from all its others.

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use candor_store::StoreError;
use candor_wire::otlp::OtlpError;
use serde_json::json;

use crate::mlflow::error::MlflowError;
use crate::server::body;

/// Why spans were not taken.
#[derive(Debug)]
pub(super) enum Refusal {
    /// There is no `x-mlflow-experiment-id`.
    MissingExperiment,
    /// It is no experiment id.
    ExperimentId(String),
    /// Neither protobuf nor JSON.
    ContentType(String),
    /// An encoding that nobody here can undo.
    Encoding(String),
    /// The body is not what its encoding says.
    Corrupt(&'static str),
    /// The body unpacks to more than is taken.
    TooLong,
    /// The body does not hold spans.
    Undecodable(OtlpError),
    /// The body did not arrive.
    Body(BytesRejection),
    /// The store did not take them; MLflow's envelope.
    Store(StoreError),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::MissingExperiment => {
                let problem = json!({
                    "type": "missing", "loc": ["header", "x-mlflow-experiment-id"],
                    "msg": "Field required", "input": null,
                });
                (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "detail": [problem] }))).into_response()
            }
            Self::ExperimentId(text) => MlflowError::experiment_id(&text).into_response(),
            Self::ContentType(got) => {
                let expected = "Expected: application/x-protobuf or application/json";
                detail(StatusCode::BAD_REQUEST, &format!("Invalid Content-Type: {got}. {expected}"))
            }
            Self::Encoding(got) => detail(StatusCode::BAD_REQUEST, &format!("Unsupported Content-Encoding: {got}")),
            Self::Corrupt(encoding) => {
                detail(StatusCode::BAD_REQUEST, &format!("Failed to decompress {encoding} payload"))
            }
            Self::TooLong => {
                detail(StatusCode::PAYLOAD_TOO_LARGE, "The request body is larger than this server takes.")
            }
            Self::Undecodable(error) => {
                tracing::debug!(error = crate::mlflow::error::chain(&error), "an OTLP body is not readable");
                let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
                detail(status, &error.to_string())
            }
            Self::Body(rejection) => {
                let (status, message) = body::explain(&rejection);
                detail(status, &message)
            }
            Self::Store(error) => MlflowError::from(error).into_response(),
        }
    }
}

impl From<OtlpError> for Refusal {
    fn from(error: OtlpError) -> Self {
        Self::Undecodable(error)
    }
}

impl From<BytesRejection> for Refusal {
    fn from(rejection: BytesRejection) -> Self {
        Self::Body(rejection)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// An answer of the form `{"detail": …}`.
pub(crate) fn detail(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "detail": message }))).into_response()
}

pub(super) fn method_not_allowed() -> Response {
    detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
}

use axum::Json;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use candor_wire::ErrorCode;
use serde_json::json;

use crate::mlflow::error::MlflowError;
use crate::otlp::detail;

/// How an API says that something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ErrorForm {
    /// MLflow's envelope.
    Mlflow,
    /// MLflow's form for OTLP, `{"detail": …}`.
    Otlp,
    /// RFC 9457 problem details.
    Problem,
}

/// What can go wrong around a handler, whichever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The handler took too long.
    Timeout,
    /// The handler panicked.
    Panic,
    /// A page of another site tried to change something.
    ForeignOrigin,
    /// There is no such path.
    NoRoute,
}

impl ErrorForm {
    /// The form of the API that a path belongs to, known or not.
    fn of_path(path: &str) -> Self {
        let is_below = |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
        if is_below("/api/v1") {
            Self::Problem // Candor's own
        } else if is_below("/api") || is_below("/ajax-api") {
            Self::Mlflow
        } else if path == "/v1/traces" {
            Self::Otlp
        } else {
            Self::Problem
        }
    }

    pub(super) fn response(self, trouble: Trouble) -> Response {
        let (status, code, message) = trouble.parts();
        let mut response = match self {
            Self::Mlflow => MlflowError::new(trouble.mlflow_code(), message).into_response(),
            Self::Otlp => detail(status, message),
            Self::Problem => {
                let kind = format!("urn:candor:problem:{}", code.replace('_', "-"));
                let problem =
                    json!({"type": kind, "title": message, "status": status.as_u16(), "detail": message, "code": code});
                let content_type = HeaderValue::from_static("application/problem+json");
                (status, [(header::CONTENT_TYPE, content_type)], Json(problem)).into_response()
            }
        };
        if trouble == Trouble::Timeout {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl Trouble {
    const fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Timeout => (StatusCode::SERVICE_UNAVAILABLE, "timeout", "The request took too long."),
            Self::Panic => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "An internal error occurred."),
            Self::ForeignOrigin => (StatusCode::FORBIDDEN, "foreign_origin", "Cross-origin request blocked"),
            Self::NoRoute => (StatusCode::NOT_FOUND, "not_found", "There is nothing at this path."),
        }
    }

    const fn mlflow_code(self) -> ErrorCode {
        match self {
            Self::Timeout => ErrorCode::TemporarilyUnavailable,
            Self::Panic => ErrorCode::InternalError,
            Self::ForeignOrigin => ErrorCode::PermissionDenied,
            Self::NoRoute => ErrorCode::EndpointNotFound,
        }
    }
}

/// Answers a path that no router knows.
pub(super) async fn not_found(uri: Uri) -> Response {
    ErrorForm::of_path(uri.path()).response(Trouble::NoRoute)
}

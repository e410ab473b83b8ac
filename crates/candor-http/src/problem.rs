//! Errors of Candor's own routes: RFC 9457 problem details.
//!
//! `code` is stable and for programs, `title` names the kind and `detail` the case, for people. What
//! went wrong inside the server goes to the log, never into an answer.

use std::time::Duration;

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use candor_model::TraceId;
use candor_store::{Missing, StoreError};
use serde::Serialize;

/// What a handler of Candor's own routes returns.
pub(crate) type Result<T, E = Problem> = std::result::Result<T, E>;

/// Why a request was refused; nothing was written then.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    kind: ProblemKind,
    detail: String,
    errors: Vec<FieldError>,
    candidates: Vec<TraceId>,
    retry_after: Option<Duration>,
}

/// A field that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FieldError {
    /// The parameter, header or path into the body, e.g. `source.type`.
    pub(crate) field: String,
    /// The rule and, if it helps, the value.
    pub(crate) reason: String,
}

/// The kinds of problems; each has one status, code and title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    /// A parameter, header or field is missing, malformed or unknown.
    InvalidParameter,
    /// An idempotency key came a second time with something else.
    IdempotencyKeyReused,
    /// The body is not JSON, or no object.
    MalformedJson,
    /// The body is not declared as JSON.
    UnsupportedMediaType,
    /// The body is longer than the route takes.
    TooLarge,
    /// The body did not come in time.
    RequestTimeout,
    /// The route has no such method.
    MethodNotAllowed,
    /// No trace fits the ids, and the verdict may not wait.
    TraceNotFound,
    /// The trace has no such verdict.
    AssessmentNotFound,
    /// No such experiment.
    ExperimentNotFound,
    /// There is no verdict to withdraw.
    NothingToWithdraw,
    /// Several traces fit, or the ids disagree.
    AmbiguousTarget,
    /// The verdict was replaced or is a withdrawal itself.
    NotCurrent,
    /// The id is taken.
    AlreadyExists,
    /// The experiment is deleted.
    ExperimentDeleted,
    /// The back end cannot do this.
    Unsupported,
    /// Too much is waiting to be written.
    Overloaded,
    /// The back end cannot be reached.
    Unavailable,
    /// A fault of the server.
    Internal,
}

impl ProblemKind {
    const fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::InvalidParameter => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_parameter", "Invalid parameter"),
            Self::IdempotencyKeyReused => {
                (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", "Idempotency key reused")
            }
            Self::MalformedJson => (StatusCode::BAD_REQUEST, "malformed_json", "Malformed JSON"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Unsupported media type")
            }
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "Body too large"),
            Self::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "request_timeout", "Request timeout"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed"),
            Self::TraceNotFound => (StatusCode::NOT_FOUND, "trace_not_found", "Trace not found"),
            Self::AssessmentNotFound => (StatusCode::NOT_FOUND, "assessment_not_found", "Assessment not found"),
            Self::ExperimentNotFound => (StatusCode::NOT_FOUND, "experiment_not_found", "Experiment not found"),
            Self::NothingToWithdraw => (StatusCode::NOT_FOUND, "nothing_to_withdraw", "Nothing to withdraw"),
            Self::AmbiguousTarget => (StatusCode::CONFLICT, "ambiguous_target", "Ambiguous target"),
            Self::NotCurrent => (StatusCode::CONFLICT, "not_current", "Not the current verdict"),
            Self::AlreadyExists => (StatusCode::CONFLICT, "already_exists", "Already exists"),
            Self::ExperimentDeleted => (StatusCode::CONFLICT, "experiment_deleted", "Experiment deleted"),
            Self::Unsupported => (StatusCode::NOT_IMPLEMENTED, "unsupported", "Unsupported by the back end"),
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded", "Overloaded"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", "Store unavailable"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
        }
    }
}

impl Problem {
    /// A problem that concerns no field in particular.
    pub(crate) fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), errors: Vec::new(), candidates: Vec::new(), retry_after: None }
    }

    /// Fields that break rules, in the order they were read.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let reasons: Vec<String> = errors.iter().map(|error| format!("{}: {}", error.field, error.reason)).collect();
        Self { errors, ..Self::new(ProblemKind::InvalidParameter, reasons.join("; ")) }
    }

    /// One field that breaks a rule.
    pub(crate) fn field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { field: field.into(), reason: reason.into() }])
    }

    /// Which kind it is.
    pub(crate) fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// The status that it is answered with.
    pub(crate) fn status(&self) -> StatusCode {
        self.kind.parts().0
    }

    /// What is wrong, for people.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// The problem as JSON; `request_id` names the request in the server's log.
    pub(crate) fn body(&self, request_id: Option<&str>) -> ProblemBody {
        let (status, code, title) = self.kind.parts();
        ProblemBody {
            kind: format!("urn:candor:problem:{}", code.replace('_', "-")),
            title,
            status: status.as_u16(),
            detail: self.detail.clone(),
            code,
            field: self.errors.first().map(|error| error.field.clone()),
            errors: self.errors.clone(),
            candidates: self.candidates.iter().map(TraceId::to_string).collect(),
            request_id: request_id.map(str::to_owned),
        }
    }
}

impl From<StoreError> for Problem {
    /// The one place where what a store says becomes what a client reads.
    fn from(error: StoreError) -> Self {
        let detail = error.to_string();
        match error {
            StoreError::NotFound(missing) => Self::new(kind_of_missing(&missing), detail),
            StoreError::Ambiguous { candidates, .. } => {
                Self { candidates, ..Self::new(ProblemKind::AmbiguousTarget, detail) }
            }
            StoreError::Invalid { field, reason } => Self::field(field, reason),
            StoreError::Filter(_) => Self::field("filter", detail),
            StoreError::PageToken(_) => Self::field("page_token", detail),
            StoreError::AlreadyExists { .. } => Self::new(ProblemKind::AlreadyExists, detail),
            StoreError::ExperimentDeleted { .. } => Self::new(ProblemKind::ExperimentDeleted, detail),
            StoreError::Unsupported { .. } => Self::new(ProblemKind::Unsupported, detail),
            StoreError::Overloaded { retry_after, .. } => Self {
                retry_after: Some(retry_after),
                ..Self::new(ProblemKind::Overloaded, "too many writes are waiting; nothing was written, try again")
            },
            StoreError::Unavailable { .. } => {
                log(&error);
                let detail = "the store cannot be reached now; nothing was written, try again";
                Self { retry_after: Some(UNAVAILABLE_RETRY), ..Self::new(ProblemKind::Unavailable, detail) }
            }
            fault => {
                log(&fault);
                Self::new(ProblemKind::Internal, "the server failed; the cause is in its log")
            }
        }
    }
}

/// When to try again after an outage of which nobody knows the end.
const UNAVAILABLE_RETRY: Duration = Duration::from_secs(2);

fn kind_of_missing(missing: &Missing) -> ProblemKind {
    match missing {
        Missing::Experiment(_) | Missing::ExperimentTag { .. } => ProblemKind::ExperimentNotFound,
        Missing::Trace(_) | Missing::Target(_) | Missing::TraceTag { .. } => ProblemKind::TraceNotFound,
        Missing::Assessment { .. } => ProblemKind::AssessmentNotFound,
    }
}

fn log(error: &StoreError) {
    tracing::error!(error = error as &dyn std::error::Error, "the store failed");
}

/// The members of a problem, as RFC 9457 and Candor name them.
#[derive(Debug, Serialize)]
pub(crate) struct ProblemBody {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: String,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Json(self.body(None))).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Middleware: names the request's `X-Request-Id` in the problem that it is answered with.
pub(crate) async fn name_request(request: Request, next: Next) -> Response {
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let mut response = next.run(request).await;
    let problem = response.extensions_mut().remove::<Problem>();
    if let (Some(id), Some(problem)) = (id, problem) {
        let named = Json(problem.body(Some(&id))).into_response();
        *response.body_mut() = named.into_body();
    }
    response
}

/// Answers a known path that is called with another method.
pub(crate) async fn method_not_allowed() -> Problem {
    Problem::new(ProblemKind::MethodNotAllowed, "the path exists, but not with this method")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overload_says_when_to_try_again() {
        let error = StoreError::Overloaded { backend: "sqlite", waiting: 9, retry_after: Duration::from_millis(300) };
        let response = Problem::from(error).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    }

    #[test]
    fn faults_of_the_server_are_not_told() {
        let error = StoreError::Backend { backend: "sqlite", operation: "read", source: "disk on fire".into() };
        let body = serde_json::to_string(&Problem::from(error).body(None)).unwrap();
        assert!(!body.contains("sqlite") && !body.contains("fire"), "{body}");
    }

    #[test]
    fn every_field_is_named_and_the_first_one_twice() {
        let errors = ["a", "b"].map(|field| FieldError { field: field.into(), reason: "is required".into() });
        let body = serde_json::to_value(Problem::invalid(errors.to_vec()).body(Some("r-1"))).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "type": "urn:candor:problem:invalid-parameter", "title": "Invalid parameter", "status": 422,
                "detail": "a: is required; b: is required", "code": "invalid_parameter", "field": "a",
                "errors": [{"field": "a", "reason": "is required"}, {"field": "b", "reason": "is required"}],
                "request_id": "r-1",
            })
        );
    }
}

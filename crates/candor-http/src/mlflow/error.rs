//! MLflow's error envelope, and what becomes of every error on the way into it.

use std::error::Error;
use std::fmt::Display;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use candor_model::ModelError;
use candor_store::{Missing, StoreError, TargetRef};
use candor_wire::{ErrorBody, ErrorCode, WireError};

use crate::server::body;

/// An answer in MLflow's error envelope.
#[derive(Debug)]
pub(crate) struct MlflowError {
    status: StatusCode,
    code: ErrorCode,
    message: String,
    retry_after: Option<Duration>,
    /// Kept back from the caller, written to the log.
    cause: Option<Box<dyn Error + Send + Sync>>,
}

/// The calls whose errors MLflow words in their own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// `GET traces/{id}`, `POST traces/{id}/assessments`, and whatever is not named below.
    Any,
    /// `GET traces/get`.
    GetTrace,
    /// `GET` and `PATCH` of one assessment.
    Assessment,
    /// `POST experiments/update`.
    RenameExperiment,
}

impl MlflowError {
    /// The error `code` with its own status.
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, code, message: message.into(), retry_after: None, cause: None }
    }

    /// A request that says something that cannot be.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidParameterValue, message)
    }

    /// Nothing of that name or id.
    pub(crate) fn absent(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ResourceDoesNotExist, message)
    }

    /// No trace of that id, which need not be one that could exist.
    pub(crate) fn no_trace(call: Call, id: impl Display) -> Self {
        Self::absent(match call {
            Call::Any | Call::RenameExperiment => format!("Trace with ID '{id}' not found."),
            Call::GetTrace => format!("Trace with ID {id} is not found."),
            Call::Assessment => format!("Trace with request_id '{id}' not found"),
        })
    }

    /// No assessment of that id, which need not be one that could exist.
    pub(crate) fn no_assessment(id: impl Display, trace: impl Display) -> Self {
        Self::absent(format!("Assessment with ID '{id}' not found for trace '{trace}'"))
    }

    /// No tag of that key on the trace.
    pub(crate) fn no_trace_tag(key: &str, trace: impl Display) -> Self {
        Self::absent(format!("No trace tag with key '{key}' for trace with ID '{trace}'"))
    }

    /// A text that is no experiment id.
    pub(crate) fn experiment_id(text: &str) -> Self {
        Self::invalid(format!("Invalid experiment ID '{text}'. Experiment ID must be a valid integer."))
    }

    /// A route that this server does not have.
    pub(crate) fn no_route(path: &str) -> Self {
        Self::new(ErrorCode::EndpointNotFound, format!("There is no endpoint {path} on this server."))
    }

    /// A method that the route does not take; the router says which it takes.
    pub(crate) fn method_not_allowed() -> Self {
        let message = "The method is not allowed for the requested URL.";
        Self { status: StatusCode::METHOD_NOT_ALLOWED, ..Self::new(ErrorCode::BadRequest, message) }
    }

    /// The error with another status than its code's.
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// A defect of ours: the cause is logged, the answer says nothing of it.
    pub(crate) fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let message = "An internal error occurred. The server's log has the cause under the request's X-Request-ID.";
        Self { cause: Some(cause.into()), ..Self::new(ErrorCode::InternalError, message) }
    }

    /// What a store's error is to the caller. All wording of store errors is in this file.
    pub(crate) fn store(call: Call, error: StoreError) -> Self {
        match error {
            StoreError::NotFound(missing) => Self::missing(call, &missing),
            StoreError::AlreadyExists { what } => {
                Self::new(ErrorCode::ResourceAlreadyExists, capitalised(format!("{what} already exists.")))
            }
            StoreError::Invalid { field: "expectation", reason } if reason.contains("feedback") => {
                Self::invalid("Cannot update expectation value on a Feedback assessment.")
            }
            StoreError::Invalid { field: "feedback", reason } if reason.contains("expectation") => {
                Self::invalid("Cannot update feedback value on an Expectation assessment.")
            }
            StoreError::Invalid { field, reason } if reason.contains(field) => Self::invalid(reason),
            StoreError::Invalid { field, reason } => Self::invalid(format!("Invalid value for '{field}': {reason}")),
            // MLflow answers 500, which its client repeats for minutes.
            StoreError::ExperimentDeleted { .. } if call == Call::RenameExperiment => {
                Self::new(ErrorCode::InvalidState, "Cannot rename a non-active experiment.")
                    .with_status(StatusCode::BAD_REQUEST)
            }
            StoreError::ExperimentDeleted { id } => {
                Self::invalid(format!("The experiment {id} must be in the 'active' state. Current state is deleted."))
            }
            StoreError::Ambiguous { reason, .. } => Self::invalid(capitalised(reason)),
            StoreError::Filter(error) => Self::invalid(capitalised(format!("{error}\n{}", error.pointer()))),
            StoreError::PageToken(error) => Self::invalid(capitalised(error.to_string())),
            StoreError::Unsupported { .. } => Self::new(ErrorCode::NotImplemented, error.to_string()),
            StoreError::Overloaded { retry_after, .. } => Self::busy(retry_after, error),
            StoreError::Unavailable { .. } => Self::busy(Duration::from_secs(1), error),
            StoreError::Corrupt { .. } | StoreError::Backend { .. } => Self::internal(error),
            error => Self::internal(error), // the enum may grow
        }
    }

    /// The message, unless the error is one of the server's own.
    pub(crate) fn message_for_caller(&self) -> Option<&str> {
        self.status.is_client_error().then_some(self.message.as_str())
    }

    fn missing(call: Call, missing: &Missing) -> Self {
        match missing {
            Missing::Experiment(id) => Self::absent(format!("No Experiment with id={id} exists")),
            Missing::ExperimentTag { key, experiment } => {
                Self::absent(format!("No tag with name: {key} in experiment with id {experiment}"))
            }
            Missing::Trace(id) => Self::no_trace(call, id),
            Missing::Target(target) => match target.refs.as_slice() {
                [TargetRef::Trace(id)] => Self::no_trace(call, id),
                _ => Self::absent(format!("No trace found for {target}")),
            },
            Missing::TraceTag { key, trace } => Self::no_trace_tag(key, trace),
            Missing::Assessment { id, trace } => Self::no_assessment(id, trace),
        }
    }

    fn busy(retry_after: Duration, cause: StoreError) -> Self {
        Self {
            retry_after: Some(retry_after),
            cause: Some(cause.into()),
            ..Self::new(ErrorCode::TemporarilyUnavailable, "The server is too busy just now. Try again later.")
        }
    }
}

impl IntoResponse for MlflowError {
    fn into_response(self) -> Response {
        if let Some(cause) = &self.cause {
            let error = chain(cause.as_ref());
            if self.status == StatusCode::SERVICE_UNAVAILABLE {
                tracing::warn!(error, "the store turned a request away");
            } else {
                tracing::error!(error, "a request failed inside");
            }
        }
        let mut response = (self.status, Json(ErrorBody::new(self.code, self.message))).into_response();
        if let Some(after) = self.retry_after {
            let secs = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs.max(1)));
        }
        response
    }
}

impl From<StoreError> for MlflowError {
    fn from(error: StoreError) -> Self {
        Self::store(Call::Any, error)
    }
}

impl From<WireError> for MlflowError {
    fn from(error: WireError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<ModelError> for MlflowError {
    fn from(error: ModelError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<BytesRejection> for MlflowError {
    fn from(rejection: BytesRejection) -> Self {
        let (status, message) = body::explain(&rejection);
        Self::invalid(message).with_status(status)
    }
}

/// Errors of our libraries begin in lower case, messages of MLflow do not.
fn capitalised(mut text: String) -> String {
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// The error and its causes, in one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_stay_inside() {
        let cause = StoreError::Backend { backend: "sqlite", operation: "read", source: "disk at /var/lib".into() };
        let error = MlflowError::from(cause);
        assert_eq!(error.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!error.message.contains("/var/lib"));
        assert_eq!(chain(error.cause.unwrap().as_ref()), "sqlite failed to read: disk at /var/lib");
    }

    #[test]
    fn a_full_queue_says_when_to_come_back() {
        let cause = StoreError::Overloaded { backend: "sqlite", waiting: 9, retry_after: Duration::from_millis(1200) };
        let response = MlflowError::from(cause).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
    }
}

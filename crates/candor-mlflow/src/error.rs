use std::time::Duration;

use candor_store::{BoxError, StoreError};
use candor_wire::{ErrorBody, ErrorCode, WireError};
use reqwest::StatusCode;

/// This back end's name in errors and capabilities.
pub(crate) const BACKEND: &str = "mlflow";

/// An option or environment variable that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{field} {reason}")]
pub struct OptionsError {
    field: String,
    reason: String,
    #[source]
    source: Option<BoxError>,
}

impl OptionsError {
    pub(crate) fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into(), source: None }
    }

    pub(crate) fn because(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The option or variable.
    pub fn field(&self) -> &str {
        &self.field
    }
}

/// Why there is no connection to an MLflow server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// An option cannot be used.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The server could not be asked for its version.
    #[error("cannot connect to MLflow at {url}")]
    Unreachable {
        /// The server, without credentials.
        url: String,
        /// The cause.
        #[source]
        source: Box<MlflowError>,
    },
    /// The server does not let us in.
    #[error("MLflow at {url} does not let Candor in")]
    Denied {
        /// The server, without credentials.
        url: String,
        /// What was sent, and which variables set it.
        #[source]
        source: Box<MlflowError>,
    },
    /// What answers is no MLflow server, or one of a version that does not keep Candor's promises.
    #[error("{url} is {found}; needed is MLflow {needed}: {remedy}")]
    Version {
        /// The server, without credentials.
        url: String,
        /// What it says it is.
        found: String,
        /// The versions that work.
        needed: &'static str,
        /// What to do.
        remedy: &'static str,
    },
}

impl ConnectError {
    /// Why the server at `url` could not be asked.
    pub(crate) fn asking(url: &str, source: MlflowError) -> Self {
        let (url, source) = (url.to_owned(), Box::new(source));
        match *source {
            MlflowError::Denied { .. } => Self::Denied { url, source },
            _ => Self::Unreachable { url, source },
        }
    }
}

/// Why a call to an MLflow server failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MlflowError {
    /// There was no connection, so nothing was sent.
    #[error("cannot reach the MLflow server")]
    Unreachable(#[source] reqwest::Error),
    /// The server's certificate, or ours, was not accepted.
    #[error(
        "TLS with the MLflow server failed: {reason}; see MLFLOW_TRACKING_SERVER_CERT_PATH and MLFLOW_TRACKING_CLIENT_CERT_PATH"
    )]
    Tls {
        /// What rustls says.
        reason: String,
        /// The cause.
        #[source]
        source: reqwest::Error,
    },
    /// The connection broke after the request was sent; it may have been carried out.
    #[error("the connection to the MLflow server broke off")]
    Interrupted(#[source] reqwest::Error),
    /// No answer in time; the request may have been carried out.
    #[error("the MLflow server did not answer within {} s; MLFLOW_HTTP_REQUEST_TIMEOUT sets the limit", .after.as_secs_f64())]
    Timeout {
        /// The limit.
        after: Duration,
        /// The cause.
        #[source]
        source: reqwest::Error,
    },
    /// Who we are, or that we did not say so, was not accepted.
    #[error(
        "the MLflow server refuses {with}: status {status}; see MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD and MLFLOW_TRACKING_TOKEN"
    )]
    Denied {
        /// 401 or 403.
        status: StatusCode,
        /// What was sent: a request without credentials, or with which kind.
        with: &'static str,
    },
    /// The server answered with MLflow's error envelope.
    #[error("MLflow answers {status} {}: {}", .body.error_code, .body.message)]
    Refused {
        /// The HTTP status.
        status: StatusCode,
        /// What is wrong.
        body: ErrorBody,
        /// When to try again, if the server says so.
        retry_after: Option<Duration>,
    },
    /// The server answered with an error that is not MLflow's, as a proxy does.
    #[error("the server answers {status} with {start:?}, which is not MLflow's")]
    Foreign {
        /// The HTTP status.
        status: StatusCode,
        /// How the body begins.
        start: String,
        /// When to try again, if the server says so.
        retry_after: Option<Duration>,
    },
    /// The server said that all is well, but its answer cannot be read.
    #[error("the MLflow server's answer cannot be read; it begins with {start:?}")]
    Malformed {
        /// How the body begins.
        start: String,
        /// What is wrong with it.
        #[source]
        source: WireError,
    },
    /// The answer is too long to be taken in.
    #[error("the MLflow server's answer is longer than {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
}

impl MlflowError {
    /// MLflow's code, when the server sent one that is known.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused { body, .. } => body.code(),
            _ => None,
        }
    }

    /// When to try again, if the server says so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } | Self::Foreign { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the server surely did nothing, so that any call may be made again.
    pub(crate) fn is_unprocessed(&self) -> bool {
        matches!(self, Self::Unreachable(_)) || self.status() == Some(StatusCode::TOO_MANY_REQUESTS)
    }

    /// Whether the same call may succeed later.
    ///
    /// A 500 in MLflow's envelope is not among them: MLflow answers so to what it always fails on,
    /// and says 503 when its database was busy.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Interrupted(_) | Self::Timeout { .. } => true,
            Self::Foreign { status, .. } if status.is_server_error() => true,
            // SQLAlchemy's words for a busy database, in an envelope that blames the caller.
            Self::Refused { body, .. } if body.message.starts_with("QueuePool limit") => true,
            Self::Refused { .. } | Self::Foreign { .. } => {
                self.status().is_some_and(|status| matches!(status.as_u16(), 408 | 425 | 429 | 502 | 503 | 504))
            }
            Self::Tls { .. } | Self::Denied { .. } | Self::Malformed { .. } | Self::TooLong { .. } => false,
        }
    }

    fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused { status, .. } | Self::Foreign { status, .. } | Self::Denied { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The error as callers of the store see it, where the call itself gives it no other meaning.
    pub(crate) fn during(self, operation: &'static str) -> StoreError {
        if self.is_transient() {
            return StoreError::Unavailable { backend: BACKEND, source: self.into() };
        }
        match (self.code(), &self) {
            (Some(ErrorCode::InvalidParameterValue | ErrorCode::BadRequest), Self::Refused { body, .. }) => {
                StoreError::Invalid { field: "request", reason: body.message.clone() }
            }
            (Some(ErrorCode::ResourceAlreadyExists), Self::Refused { body, .. }) => {
                StoreError::AlreadyExists { what: body.message.clone() }
            }
            _ => StoreError::Backend { backend: BACKEND, operation, source: self.into() },
        }
    }
}

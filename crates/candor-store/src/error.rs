use std::time::Duration;

use candor_filter::{FilterError, PageTokenError};
use candor_model::{AssessmentId, ExperimentId, ModelError, TraceId};

/// What a [`TrackingStore`](crate::TrackingStore) returns.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// A cause of any type.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a store did not do what it was asked to; nothing was written then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// What the call is about does not exist.
    #[error("{0} does not exist")]
    NotFound(Missing),
    /// The name or id is taken.
    #[error("{what} already exists")]
    AlreadyExists {
        /// The thing and its name.
        what: String,
    },
    /// A value breaks a rule; the same call can never succeed.
    #[error("{field}: {reason}")]
    Invalid {
        /// The offending field.
        field: &'static str,
        /// The rule and, if it helps, the value.
        reason: String,
    },
    /// The experiment is deleted.
    #[error("the experiment {id} must be in the 'active' state; current state is deleted")]
    ExperimentDeleted {
        /// The experiment.
        id: ExperimentId,
    },
    /// Several traces fit the ids given, or the ids given fit no trace together.
    #[error("{reason}")]
    Ambiguous {
        /// What is wrong with the ids.
        reason: String,
        /// The traces that fit at least one id, newest first, ten at most.
        candidates: Vec<TraceId>,
    },
    /// The filter, order or page token is wrong.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The page token is not one of this query.
    #[error(transparent)]
    PageToken(#[from] PageTokenError),
    /// The back end cannot do this at all.
    #[error("{backend} cannot {operation}")]
    Unsupported {
        /// The back end's name.
        backend: &'static str,
        /// What was asked for.
        operation: &'static str,
    },
    /// Too much is waiting to be written; the same call may succeed later.
    #[error("{backend} is overloaded: {waiting} writes are waiting already")]
    Overloaded {
        /// The back end's name.
        backend: &'static str,
        /// The length of the queue, in calls.
        waiting: usize,
        /// When to try again.
        retry_after: Duration,
    },
    /// The back end cannot be reached or cannot write now; the same call may succeed later.
    #[error("{backend} is unavailable")]
    Unavailable {
        /// The back end's name.
        backend: &'static str,
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// Stored data break one of the model's rules.
    #[error("{backend} holds a corrupt {what}")]
    Corrupt {
        /// The back end's name.
        backend: &'static str,
        /// The row or record.
        what: String,
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// Anything else that went wrong in the back end.
    #[error("{backend} failed to {operation}")]
    Backend {
        /// The back end's name.
        backend: &'static str,
        /// What it was doing.
        operation: &'static str,
        /// The cause.
        #[source]
        source: BoxError,
    },
}

impl StoreError {
    /// Whether repeating the same call may succeed and cannot double data.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Overloaded { .. } | Self::Unavailable { .. })
    }

    /// The variant's name in snake case, for metrics and for lists of failures.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not_found",
            Self::AlreadyExists { .. } => "already_exists",
            Self::Invalid { .. } => "invalid",
            Self::ExperimentDeleted { .. } => "experiment_deleted",
            Self::Ambiguous { .. } => "ambiguous",
            Self::Filter(_) => "filter",
            Self::PageToken(_) => "page_token",
            Self::Unsupported { .. } => "unsupported",
            Self::Overloaded { .. } => "overloaded",
            Self::Unavailable { .. } => "unavailable",
            Self::Corrupt { .. } => "corrupt",
            Self::Backend { .. } => "backend",
        }
    }

    /// A rule broken by a model type.
    pub fn invalid(field: &'static str, error: &ModelError) -> Self {
        Self::Invalid { field, reason: error.to_string() }
    }
}

/// Something that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// No experiment of that id.
    #[error("experiment {0}")]
    Experiment(ExperimentId),
    /// The experiment has no such tag.
    #[error("tag {key:?} of experiment {experiment}")]
    ExperimentTag {
        /// The tag's key.
        key: String,
        /// The experiment.
        experiment: ExperimentId,
    },
    /// No trace of that id.
    #[error("trace {0}")]
    Trace(TraceId),
    /// No trace fits the ids given.
    #[error("a trace for {0}")]
    Target(crate::Target),
    /// The trace has no such tag.
    #[error("tag {key:?} of trace {trace}")]
    TraceTag {
        /// The tag's key.
        key: String,
        /// The trace.
        trace: TraceId,
    },
    /// The trace has no such assessment.
    #[error("assessment {id} of trace {trace}")]
    Assessment {
        /// The assessment.
        id: AssessmentId,
        /// The trace.
        trace: TraceId,
    },
}

impl From<crate::Target> for Missing {
    /// A target of nothing but a trace id is that trace.
    fn from(target: crate::Target) -> Self {
        match target.refs.as_slice() {
            [crate::TargetRef::Trace(id)] => Self::Trace(*id),
            _ => Self::Target(target),
        }
    }
}

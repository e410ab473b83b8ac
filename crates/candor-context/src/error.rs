use std::time::Duration;

/// What this crate's fallible calls return.
pub type Result<T, E = ContextError> = std::result::Result<T, E>;

/// Why a call about traces did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// A setting of the builder is out of range.
    #[error("{field}: {reason}")]
    Setting {
        /// The setting.
        field: &'static str,
        /// The rule it breaks.
        reason: &'static str,
    },
    /// The exporter to an OTLP endpoint could not be made.
    #[cfg(feature = "otlp")]
    #[error("the exporter to {endpoint} could not be made")]
    Otlp {
        /// The endpoint.
        endpoint: String,
        /// The cause.
        #[source]
        source: candor_store::BoxError,
    },
    /// The thread that exports could not be started.
    #[error("the exporter's thread could not be started")]
    Thread(#[source] std::io::Error),
    /// Not everything was exported within the deadline; it goes on in the background.
    #[error("not everything was exported within {deadline:?}")]
    Deadline {
        /// The time given.
        deadline: Duration,
    },
    /// The tracer was shut down.
    #[error("the tracer is shut down")]
    ShutDown,
    /// Another tracer is the process's default already.
    #[error("a tracer is installed already")]
    AlreadyInstalled,
}

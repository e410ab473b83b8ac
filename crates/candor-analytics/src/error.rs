use candor_model::ExperimentName;
use candor_store::StoreError;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnalyticsError {
    /// No experiment has that name.
    #[error("experiment {0} does not exist")]
    UnknownExperiment(ExperimentName),
    /// No time zone has that name.
    #[error("time zone {0:?} is unknown: give an IANA name such as Europe/Berlin, or an offset such as +05:30")]
    UnknownTimeZone(String),
    /// A series needs a beginning.
    #[error("a series needs a period with a beginning")]
    NoBeginning,
    /// The period is too long for such small buckets, or beyond the calendar.
    #[error("a series has at most {max} buckets: ask for a shorter period or larger buckets")]
    TooManyBuckets {
        /// The limit.
        max: usize,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

use candor_model::ExperimentName;
use candor_store::StoreError;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnalyticsError {
    /// No experiment has that name.
    #[error("experiment {0} does not exist")]
    UnknownExperiment(ExperimentName),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

use candor_model::ExperimentName;
use candor_store::StoreError;

/// Why a transfer ended early; what was copied stays, and running it again goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The source has no experiment of that name.
    #[error("the source has no experiment {0}")]
    UnknownExperiment(ExperimentName),
    /// The source could not be read.
    #[error("cannot read from the source")]
    Source(#[source] StoreError),
    /// The target could not be read or written.
    #[error("cannot write to the target")]
    Target(#[source] StoreError),
}

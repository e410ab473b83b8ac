use candor_model::ExperimentName;

/// How far a transfer has come; told after every page of traces.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The experiment at work.
    pub experiment: ExperimentName,
    /// Traces of the experiments to be moved, as counted at the start.
    pub traces_total: u64,
    /// Traces looked at so far, written or not.
    pub traces_done: u64,
}

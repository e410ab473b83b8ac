use candor_model::{Assessment, ExperimentId};

/// Feedback in the order in which it was committed.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrivals {
    /// What came, oldest first.
    pub items: Vec<Arrival>,
    /// Where to go on: the number of the last item, or the one that was asked behind of; of the last
    /// that ever came when the call named none.
    pub next: u64,
}

/// A feedback that came in.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    /// Higher than that of everything that was committed before; never used again.
    pub number: u64,
    /// The trace's experiment.
    pub experiment: ExperimentId,
    /// The feedback as it is now, valid or not; a withdrawal is one, too.
    pub feedback: Assessment,
}

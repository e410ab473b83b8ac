use candor_model::{AssessmentId, TimestampMs};

use crate::NewAssessment;

/// A verdict whose trace has not landed yet.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingFeedback {
    /// The verdict.
    pub item: NewAssessment,
    /// When it was accepted.
    pub received_at: TimestampMs,
}

/// Which pending verdicts; oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingQuery {
    /// Only those accepted before; tells orphans from fresh ones.
    pub received_before: Option<TimestampMs>,
    /// Only those accepted at or after.
    pub received_from: Option<TimestampMs>,
    /// Only this one.
    pub id: Option<AssessmentId>,
    /// The longest page, in verdicts.
    pub max_results: usize,
    /// Where the page before ended.
    pub page_token: Option<String>,
}

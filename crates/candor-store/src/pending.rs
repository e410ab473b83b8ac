use candor_filter::QueryId;
use candor_model::{AssessmentId, TimestampMs};

use crate::NewAssessment;

/// A verdict whose trace has not landed yet.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingFeedback {
    /// The verdict.
    pub item: NewAssessment,
    /// When it was accepted: its [`last_update_time`](NewAssessment::last_update_time), since stores
    /// read no clock and the creation time is the client's to say.
    pub received_at: TimestampMs,
}

impl PendingFeedback {
    /// Puts a verdict on hold.
    pub fn new(item: NewAssessment) -> Self {
        Self { received_at: item.last_update_time, item }
    }
}

/// Which pending verdicts; oldest first, those of the same millisecond in the order they came.
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

impl PendingQuery {
    /// Everything, in pages of `max_results`.
    pub fn all(max_results: usize) -> Self {
        Self { received_before: None, received_from: None, id: None, max_results, page_token: None }
    }

    /// The query that page tokens belong to; they hold two numbers, the time and the arrival.
    pub fn token_id(&self) -> QueryId {
        let Self { received_before, received_from, id, .. } = self;
        QueryId::new("pending", &format_args!("{received_from:?} {received_before:?} {id:?}"), 2)
    }
}

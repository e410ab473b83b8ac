use std::fmt;

use candor_store::{StoreError, TrackingStore};
use serde::Serialize;

use crate::{FeedbackSummary, Ratings, ReportOptions};

/// Summary and ratings of the same verdicts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// How many answers were judged, and how they fared.
    pub summary: FeedbackSummary,
    /// The mean of each dimension.
    pub ratings: Ratings,
}

/// Counts once and reports both.
///
/// # Errors
/// Those of the store.
pub async fn report<S: TrackingStore + ?Sized>(store: &S, options: &ReportOptions) -> Result<Report, StoreError> {
    let stats = store.feedback_stats(&options.stats_query()).await?;
    Ok(Report { summary: FeedbackSummary::from_stats(&stats), ratings: Ratings::from_stats(&stats) })
}

impl fmt::Display for Report {
    /// The summary's lines, then the ratings'.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.summary, self.ratings)
    }
}

#[cfg(test)]
mod tests;

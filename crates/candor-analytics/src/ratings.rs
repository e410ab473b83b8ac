use std::fmt;

use candor_store::{FeedbackStats, StoreError, TrackingStore, ValueCount};
use serde::Serialize;

use crate::distribution::distribution;
use crate::summary::plural;
use crate::{Bin, ReportOptions, USER_FEEDBACK, USER_PREFIX};

/// The mean of each dimension that people rate: every `user_*` name but `user_feedback`.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct Ratings {
    /// One row per dimension that has a number, by name.
    pub dimensions: Vec<DimensionRating>,
}

/// The mean of one dimension.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DimensionRating {
    /// The dimension, e.g. `accuracy`.
    pub dimension: String,
    /// The assessments' name, e.g. `user_accuracy`.
    pub name: String,
    /// Mean of the valid numeric verdicts; a fraction in 0..=1 when they came as detailed feedback.
    pub mean: f64,
    /// The number of those verdicts, at least 1.
    pub count: u64,
    /// How they are distributed, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution: Option<Vec<Bin>>,
}

impl Ratings {
    /// Reads the figures off a store's counts.
    pub fn from_stats(stats: &FeedbackStats) -> Self {
        let rated = stats.names.iter().filter(|row| row.numbers > 0 && row.name.as_str() != USER_FEEDBACK);
        let dimensions = rated.filter_map(|row| {
            Some(DimensionRating {
                dimension: row.name.as_str().strip_prefix(USER_PREFIX)?.to_owned(),
                name: row.name.to_string(),
                mean: row.sum / row.numbers as f64,
                count: row.numbers,
                distribution: None,
            })
        });
        Self { dimensions: dimensions.collect() }
    }

    /// The same with the distribution of each dimension, read off a store's counts by value.
    #[must_use]
    pub fn with_distributions(mut self, values: &[ValueCount]) -> Self {
        for dimension in &mut self.dimensions {
            dimension.distribution = Some(distribution(values, &dimension.name));
        }
        self
    }
}

/// Mean and distribution of each dimension.
///
/// # Errors
/// Those of the store.
pub async fn ratings<S: TrackingStore + ?Sized>(store: &S, options: &ReportOptions) -> Result<Ratings, StoreError> {
    let query = options.stats_query();
    let ratings = Ratings::from_stats(&store.feedback_stats(&query).await?);
    Ok(ratings.with_distributions(&store.feedback_values(&query).await?))
}

impl fmt::Display for Ratings {
    /// One line per dimension; nothing when there is none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for DimensionRating { dimension, mean, count, .. } in &self.dimensions {
            writeln!(f, "{dimension}: {mean:.2} out of 1.0 ({count} {})", plural(*count, "rating"))?;
        }
        Ok(())
    }
}

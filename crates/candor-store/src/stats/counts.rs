use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use candor_model::{AssessmentName, ModelError};

use super::{FeedbackStats, NameStats};

/// Counts of one period, under way, for back ends that count by the hour and trace by trace.
#[derive(Clone, Debug)]
pub struct PeriodCounts<T> {
    /// The period's traces.
    pub traces: u64,
    /// Its judged traces, as far as hours tell of them.
    pub judged_in_hours: u64,
    /// Its judged traces outside those hours.
    pub judged: HashSet<T>,
    names: HashMap<String, NameStats>,
}

impl<T> Default for PeriodCounts<T> {
    fn default() -> Self {
        Self { traces: 0, judged_in_hours: 0, judged: HashSet::new(), names: HashMap::new() }
    }
}

impl<T: Eq + Hash> PeriodCounts<T> {
    /// Adds verdicts of one name and value: the boolean or the number, if it is one of them.
    ///
    /// # Errors
    /// [`ModelError`] for a text that is no name.
    pub fn add(
        &mut self,
        name: &str,
        thumb: Option<bool>,
        number: Option<f64>,
        verdicts: u64,
    ) -> Result<(), ModelError> {
        let counts = match self.names.get_mut(name) {
            Some(counts) => counts,
            None => self.names.entry(name.to_owned()).or_insert(NameStats::new(AssessmentName::new(name)?)),
        };
        counts.count += verdicts;
        match (thumb, number) {
            (Some(false), _) => counts.negative += verdicts,
            (Some(true), _) => counts.positive += verdicts,
            (None, Some(number)) => {
                counts.numbers += verdicts;
                counts.sum += number * verdicts as f64;
            }
            (None, None) => {}
        }
        Ok(())
    }

    /// What was counted.
    pub fn finish(self) -> FeedbackStats {
        let mut names: Vec<NameStats> = self.names.into_values().collect();
        names.sort_by(|a, b| a.name.cmp(&b.name));
        let traces_with_feedback = self.judged_in_hours + self.judged.len() as u64;
        FeedbackStats { traces: self.traces, traces_with_feedback, names }
    }
}

//! Where judged traces are likely to be.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Every month that there is.
pub(super) const ALL_MONTHS: (i32, i32) = (i32::MIN, i32::MAX);
/// After so many batches without a trace of a month it is no longer recent.
const BATCHES: u64 = 256;

/// The months of traces that were judged lately: people judge what they have just been answered, and
/// years of partitions need not be asked for it. What is not found there is looked for everywhere.
#[derive(Debug, Default)]
pub(super) struct RecentMonths(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    batches: u64,
    /// The last batch that had a trace of the month.
    months: BTreeMap<i32, u64>,
}

impl RecentMonths {
    /// The first and the last of them.
    pub(super) fn range(&self) -> (i32, i32) {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = noted.months.first_key_value().zip(noted.months.last_key_value());
        ends.map_or(ALL_MONTHS, |((first, _), (last, _))| (*first, *last))
    }

    /// Notes the months of a batch.
    pub(super) fn note(&self, months: impl Iterator<Item = i32>) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.batches += 1;
        let batch = noted.batches;
        noted.months.extend(months.map(|month| (month, batch)));
        noted.months.retain(|_, last| *last + BATCHES > batch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_recent_for_a_number_of_batches() {
        let recent = RecentMonths::default();
        assert_eq!(recent.range(), ALL_MONTHS);
        recent.note([680, 672].into_iter());
        assert_eq!(recent.range(), (672, 680));
        (1..BATCHES).for_each(|_| recent.note([681].into_iter()));
        assert_eq!(recent.range(), (672, 681));
        recent.note([681].into_iter());
        assert_eq!(recent.range(), (681, 681));
    }
}

use std::collections::BTreeSet;

use super::TimeRange;
use candor_model::TimestampMs;

const HOUR_MS: i128 = 3_600_000;
const DAY_HOURS: i64 = 24;

/// Periods that follow one another, and the whole hours and days within them.
///
/// For back ends that keep counts by the hour: those of [`hours`](Self::hours) that
/// [`place_of_hour`](Self::place_of_hour) places are summed up, what lies in the
/// [`ragged`](Self::ragged) stretches is counted one by one. Hours are numbered from the epoch on.
///
/// Those that keep counts by the day (of UTC), too, sum up those of [`days`](Self::days) that
/// [`place_of_day`](Self::place_of_day) places, and hours of the [`ragged_days`](Self::ragged_days) alone.
///
/// Times are wider than the milliseconds they hold, so that an open end is a bound like any other.
#[derive(Clone, Debug)]
pub struct Periods {
    bounds: Vec<i128>,
    /// Hours that a bound divides.
    divided: BTreeSet<i128>,
    /// Days that a bound divides.
    divided_days: BTreeSet<i128>,
}

impl Periods {
    /// A single one.
    pub fn one(range: TimeRange) -> Self {
        let from = range.from.map_or(i128::from(i64::MIN), ms);
        let until = range.until.map_or(i128::from(i64::MAX) + 1, ms);
        Self::new(vec![from, until.max(from)])
    }

    /// Several, each from one bound to the next.
    pub fn between(bounds: &[TimestampMs]) -> Self {
        Self::new(bounds.iter().copied().map(ms).collect())
    }

    fn new(bounds: Vec<i128>) -> Self {
        let ends = [i128::from(i64::MIN), i128::from(i64::MAX) + 1];
        let divided_by = |length: i128| {
            let inner = bounds.iter().filter(|bound| bound.rem_euclid(length) != 0 && !ends.contains(bound));
            inner.map(|bound| bound.div_euclid(length)).collect()
        };
        let (divided, divided_days) = (divided_by(HOUR_MS), divided_by(HOUR_MS * i128::from(DAY_HOURS)));
        Self { bounds, divided, divided_days }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.bounds.len().saturating_sub(1)
    }

    /// The period of a time in milliseconds.
    pub fn place(&self, time: i64) -> Option<usize> {
        let begun = self.bounds.partition_point(|bound| *bound <= i128::from(time));
        (1..self.bounds.len()).contains(&begun).then(|| begun - 1)
    }

    /// The period that an hour lies in as a whole.
    pub fn place_of_hour(&self, hour: i64) -> Option<usize> {
        let is_divided = self.divided.contains(&i128::from(hour));
        self.place_of_begin(hour).filter(|_| !is_divided)
    }

    /// The period that a day lies in as a whole; it begins with the hour.
    pub fn place_of_day(&self, hour: i64) -> Option<usize> {
        let is_divided = self.divided_days.contains(&i128::from(hour.div_euclid(DAY_HOURS)));
        self.place_of_begin(hour).filter(|_| !is_divided)
    }

    fn place_of_begin(&self, hour: i64) -> Option<usize> {
        // At the ends of time hours are not whole, but neither is there anything beyond.
        let begin = (i128::from(hour) * HOUR_MS).max(i128::from(i64::MIN));
        i64::try_from(begin).ok().and_then(|begin| self.place(begin))
    }

    /// The first and the last millisecond of all periods together; one stretch, or none.
    pub fn whole(&self) -> Vec<(i64, i64)> {
        let ends = self.bounds.first().zip(self.bounds.last());
        ends.and_then(|(from, until)| stretch(*from, *until)).into_iter().collect()
    }

    /// The first and the last of the hours that may lie in a period as a whole.
    pub fn hours(&self) -> Option<(i64, i64)> {
        let (first, last) = self.whole().pop()?;
        let hour = |time: i64| time.div_euclid(HOUR_MS as i64);
        Some((hour(first), hour(last)))
    }

    /// The hours that the first and the last of the days begin with that may lie in a period as a whole.
    pub fn days(&self) -> Option<(i64, i64)> {
        let (first, last) = self.hours()?;
        let day = |hour: i64| hour.div_euclid(DAY_HOURS) * DAY_HOURS;
        Some((day(first), day(last)))
    }

    /// The first and the last hour of each stretch of days that bounds divide.
    pub fn ragged_days(&self) -> Vec<(i64, i64)> {
        let stretches = stretches_of(&self.divided_days, i128::from(DAY_HOURS)).into_iter();
        stretches.filter_map(|(begin, end)| stretch(begin, end)).collect()
    }

    /// The first and the last millisecond of each stretch of hours that bounds divide.
    pub fn ragged(&self) -> Vec<(i64, i64)> {
        let Some((from, until)) = self.bounds.first().zip(self.bounds.last()) else { return Vec::new() };
        let stretches = stretches_of(&self.divided, HOUR_MS).into_iter();
        stretches.filter_map(|(begin, end)| stretch(begin.max(*from), end.min(*until))).collect()
    }
}

/// Neighbours among pieces of one length, joined: where each stretch begins and ends.
fn stretches_of(pieces: &BTreeSet<i128>, length: i128) -> Vec<(i128, i128)> {
    let mut stretches: Vec<(i128, i128)> = Vec::new();
    for piece in pieces {
        match stretches.last_mut() {
            Some((_, end)) if *end == piece * length => *end += length,
            _ => stretches.push((piece * length, (piece + 1) * length)),
        }
    }
    stretches
}

fn ms(time: TimestampMs) -> i128 {
    time.as_millis().into()
}

fn stretch(from: i128, until: i128) -> Option<(i64, i64)> {
    let (first, last) = (i64::try_from(from).ok()?, i64::try_from(until - 1).ok()?);
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = HOUR_MS as i64;

    fn at(time: i64) -> TimestampMs {
        TimestampMs::from_millis(time)
    }

    fn many_periods() -> Vec<Periods> {
        let open = TimeRange::default();
        let from = TimeRange { from: Some(at(HOUR + 5)), until: None };
        let until = TimeRange { from: None, until: Some(at(-HOUR)) };
        let short = TimeRange { from: Some(at(7)), until: Some(at(9)) };
        let empty = TimeRange { from: Some(at(9)), until: Some(at(7)) };
        let mut all: Vec<Periods> = [open, from, until, short, empty].map(Periods::one).into();
        all.push(Periods::between(&[at(-HOUR / 2), at(0), at(HOUR / 2), at(HOUR), at(HOUR), at(5 * HOUR + 1)]));
        all.push(Periods::between(&[at(3)]));
        all.push(Periods::between(&[]));
        all
    }

    /// Every time is counted exactly once: with its hour or by itself.
    #[test]
    fn hours_and_ragged_stretches_cover_each_time_once() {
        let mut times = vec![i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX];
        times.extend((-8..14).flat_map(|half| [-1, 0, 1, 7, 8].map(|more| half * HOUR / 2 + more)));
        for periods in many_periods() {
            for time in &times {
                let hour = time.div_euclid(HOUR);
                let in_hours = periods.hours().is_some_and(|(first, last)| (first..=last).contains(&hour));
                let with_its_hour = periods.place_of_hour(hour).filter(|_| in_hours);
                let stretches = periods.ragged();
                let stretches = stretches.iter().filter(|(first, last)| (first..=last).contains(&time)).count();
                let expected = periods.place(*time);
                match stretches {
                    0 => assert_eq!(with_its_hour, expected, "{time} in {:?}", periods.bounds),
                    _ => assert_eq!((stretches, with_its_hour), (1, None), "{time} in {:?}", periods.bounds),
                }
            }
        }
    }

    /// Every hour that has a place is counted exactly once: with its day or by itself.
    #[test]
    fn days_and_hours_of_ragged_days_cover_each_hour_once() {
        let mut hours = vec![i64::MIN.div_euclid(HOUR), i64::MAX.div_euclid(HOUR)];
        hours.extend(-80..200);
        for periods in many_periods() {
            for hour in &hours {
                let day = hour.div_euclid(24) * 24;
                let among_days = periods.days().is_some_and(|(first, last)| (first..=last).contains(&day));
                let with_its_day = periods.place_of_day(day).filter(|_| among_days);
                let stretches = periods.ragged_days();
                let stretches = stretches.iter().filter(|(first, last)| (first..=last).contains(&hour)).count();
                let expected = periods.place_of_hour(*hour);
                match stretches {
                    0 => assert_eq!(with_its_day, expected, "{hour} in {:?}", periods.bounds),
                    _ => assert_eq!((stretches, with_its_day), (1, None), "{hour} in {:?}", periods.bounds),
                }
            }
        }
    }
}

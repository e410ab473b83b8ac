use candor_store::ValueCount;
use serde::Serialize;

/// The number of verdicts whose value lies in a range.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bin {
    /// The lowest value.
    pub low: f64,
    /// The same for a single value; else the first value above, but for the last bin, which has it.
    pub high: f64,
    /// The number of verdicts.
    pub count: u64,
}

/// The most bins; up to so many values have one each.
const MAX_BINS: usize = 50;

/// The numbers of one name, by value.
pub(crate) fn distribution(values: &[ValueCount], name: &str) -> Vec<Bin> {
    let own = values.iter().filter(|row| row.name.as_str() == name);
    let numbers = own.filter_map(|row| Some((row.value.as_ref()?.as_f64()?, row.count)));
    let mut bins: Vec<Bin> = numbers.map(|(value, count)| Bin { low: value, high: value, count }).collect();
    bins.sort_by(|a, b| a.low.total_cmp(&b.low));
    match bins.as_slice() {
        [first, .., last] if bins.len() > MAX_BINS => gather(&bins, first.low, last.low),
        _ => bins,
    }
}

fn gather(values: &[Bin], low: f64, high: f64) -> Vec<Bin> {
    // Not low plus so many widths: the whole range may be too wide for a double.
    let edge = |place: usize| {
        let share = place as f64 / MAX_BINS as f64;
        low * (1.0 - share) + high * share
    };
    let mut bins: Vec<Bin> =
        (0..MAX_BINS).map(|place| Bin { low: edge(place), high: edge(place + 1), count: 0 }).collect();
    for value in values {
        let place = bins.partition_point(|bin| bin.low <= value.low).saturating_sub(1);
        bins[place].count += value.count;
    }
    bins
}

#[cfg(test)]
mod tests {
    use candor_model::Value;

    use super::*;

    fn count(name: &str, value: impl Into<serde_json::Value>, count: u64) -> ValueCount {
        ValueCount { name: name.parse().unwrap(), value: Value::try_from(value.into()).ok(), count }
    }

    #[test]
    fn few_values_stand_for_themselves() {
        let values = [count("user_a", 1.0, 2), count("user_a", "x", 9), count("user_a", 0.5, 3), count("user_b", 0, 9)];
        let bin = |value, count| Bin { low: value, high: value, count };
        assert_eq!(distribution(&values, "user_a"), [bin(0.5, 3), bin(1.0, 2)]);
    }

    #[test]
    fn many_values_are_gathered_without_losing_one() {
        let values: Vec<ValueCount> = (0..=200).map(|n| count("user_a", f64::from(n) / 200.0, 1)).collect();
        let bins = distribution(&values, "user_a");
        assert_eq!((bins.len(), bins[0].low, bins[49].high), (50, 0.0, 1.0));
        for (place, bin) in bins.iter().enumerate() {
            let is_last = place == 49;
            let inside = |n: &u32| {
                let value = f64::from(*n) / 200.0;
                bin.low <= value && (value < bin.high || is_last && value <= bin.high)
            };
            assert_eq!(bin.count, (0..=200).filter(inside).count() as u64, "{bin:?}");
        }
    }
}

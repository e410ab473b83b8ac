use std::collections::{BTreeMap, BTreeSet};

use candor_model::TimestampMs;

use super::{Aggregation, MetricsQuery};

/// One thing measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Where its time bucket begins, when there are buckets.
    pub bucket: Option<TimestampMs>,
    /// Its texts, one for each dimension.
    pub dimensions: Vec<String>,
    /// What was measured.
    pub value: Measured,
}

/// A value that was measured.
#[derive(Clone, Debug, PartialEq)]
pub enum Measured {
    /// It is there.
    Once,
    /// A number.
    Number(f64),
    /// A name, of which different ones are counted.
    Distinct(String),
}

/// The values of one bucket and one text for each dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricPoint {
    /// Where the time bucket begins, when there are buckets.
    pub bucket: Option<TimestampMs>,
    /// One text for each dimension of the query.
    pub dimensions: Vec<String>,
    /// One value for each aggregation of the query.
    pub values: Vec<f64>,
}

/// Sums up observations.
#[derive(Clone, Debug)]
pub struct Aggregator {
    aggregations: Vec<Aggregation>,
    max_results: usize,
    groups: BTreeMap<(Option<TimestampMs>, Vec<String>), Group>,
}

/// What was observed of one point.
#[derive(Clone, Debug, Default)]
struct Group {
    count: u64,
    numbers: Vec<f64>,
    names: BTreeSet<String>,
}

impl Aggregator {
    /// Nothing observed yet.
    pub fn new(query: &MetricsQuery) -> Self {
        let mut groups = BTreeMap::new();
        // The count of nothing is nothing; the mean of nothing does not exist.
        if query.bucket_seconds.is_none() && query.dimensions.is_empty() {
            groups.insert((None, Vec::new()), Group::default());
        }
        Self { aggregations: query.aggregations.clone(), max_results: query.max_results, groups }
    }

    /// Takes one more observation.
    pub fn add(&mut self, observation: Observation) {
        let group = self.groups.entry((observation.bucket, observation.dimensions)).or_default();
        match observation.value {
            Measured::Once => group.count += 1,
            Measured::Number(number) => {
                group.count += 1;
                group.numbers.push(number);
            }
            Measured::Distinct(name) => group.count += u64::from(group.names.insert(name)),
        }
    }

    /// The points, by bucket, then by their texts.
    pub fn finish(self) -> Vec<MetricPoint> {
        let points = self.groups.into_iter().filter_map(|((bucket, dimensions), mut group)| {
            group.numbers.sort_by(f64::total_cmp);
            let values: Option<Vec<f64>> = self.aggregations.iter().map(|how| group.value(*how)).collect();
            Some(MetricPoint { bucket, dimensions, values: values? })
        });
        points.take(self.max_results).collect()
    }
}

impl Group {
    /// `None` for that of no number.
    fn value(&self, how: Aggregation) -> Option<f64> {
        let (first, last) = (self.numbers.first().copied(), self.numbers.last().copied());
        match how {
            Aggregation::Count => Some(self.count as f64),
            Aggregation::Sum => first.map(|_| self.numbers.iter().sum()),
            Aggregation::Avg => first.map(|_| self.numbers.iter().sum::<f64>() / self.numbers.len() as f64),
            Aggregation::Min => first,
            Aggregation::Max => last,
            Aggregation::Percentile(percent) => percentile(&self.numbers, percent),
        }
    }
}

/// Hyndman and Fan's seventh definition, numpy's default; the numbers are in rising order.
///
/// Source: R. J. Hyndman and Y. Fan, Sample quantiles in statistical packages, The American
/// Statistician 50 (1996), 361–365.
fn percentile(numbers: &[f64], percent: f64) -> Option<f64> {
    let place = (percent / 100.0).clamp(0.0, 1.0) * numbers.len().checked_sub(1)? as f64;
    let below = *numbers.get(place.floor() as usize)?;
    let above = *numbers.get(place.ceil() as usize)?;
    Some(below + (above - below) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_the_neighbours() {
        // numpy.percentile([100, 200, 300, 1000], q)
        let numbers = [100.0, 200.0, 300.0, 1000.0];
        for (percent, expected) in [(0.0, 100.0), (50.0, 250.0), (75.0, 475.0), (90.0, 790.0), (100.0, 1000.0)] {
            let got = percentile(&numbers, percent).unwrap();
            assert!((got - expected).abs() < 1e-9, "{percent}: {got} is not {expected}");
        }
        assert_eq!(percentile(&[7.0], 99.9), Some(7.0));
        assert_eq!(percentile(&[], 50.0), None);
    }
}

use serde::Serialize;

/// Where a rate lies with 95 % confidence, per cent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The lower end.
    pub low_percent: f64,
    /// The upper end.
    pub high_percent: f64,
}

/// The normal distribution's quantile at 0.975.
const Z: f64 = 1.959_963_984_540_054;

impl Interval {
    /// The Wilson score interval of `part` of `whole`, without continuity correction; `None` of
    /// nothing.
    ///
    /// Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference,
    /// Journal of the American Statistical Association 22 (1927), 209–212; recommended for small
    /// numbers by L. D. Brown, T. T. Cai and A. DasGupta, Interval estimation for a binomial
    /// proportion, Statistical Science 16 (2001), 101–133, whose equation (4) this is.
    pub fn wilson(part: u64, whole: u64) -> Option<Self> {
        if whole == 0 {
            return None;
        }
        let (x, n, square) = (part.min(whole) as f64, whole as f64, Z * Z);
        let centre = x + square / 2.0;
        let reach = Z * (x * (n - x) / n + square / 4.0).sqrt();
        // The ends touch 0 and 1 exactly when nothing or all is counted, whatever rounding makes of it.
        let low = if part == 0 { 0.0 } else { (centre - reach) / (n + square) };
        let high = if part >= whole { 1.0 } else { (centre + reach) / (n + square) };
        Some(Self { low_percent: low * 100.0, high_percent: high * 100.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SciPy, `binomtest(x, n).proportion_ci(method="wilson")`.
    #[test]
    fn wilson_intervals_are_those_of_scipy() {
        for (x, n, low, high) in [
            (0, 10, 0.0, 27.753_28),
            (1, 1, 20.654_93, 100.0),
            (7, 10, 39.677_81, 89.220_87),
            (12, 40, 18.074_84, 45.430_02),
            (500, 1000, 46.906_97, 53.093_03),
        ] {
            let got = Interval::wilson(x, n).unwrap();
            assert!((got.low_percent - low).abs() < 5e-5, "{x} of {n}: {got:?}");
            assert!((got.high_percent - high).abs() < 5e-5, "{x} of {n}: {got:?}");
        }
        assert_eq!(Interval::wilson(0, 0), None);
    }

    /// The interval holds exactly the rates that a score test would not refuse.
    #[test]
    fn the_ends_are_where_the_score_test_begins_to_refuse() {
        for n in 1..60_u64 {
            for x in 1..n {
                let got = Interval::wilson(x, n).unwrap();
                for end in [got.low_percent / 100.0, got.high_percent / 100.0] {
                    let score = (x as f64 / n as f64 - end).abs() / (end * (1.0 - end) / n as f64).sqrt();
                    assert!((score - Z).abs() < 1e-9, "{x} of {n}: {score}");
                }
            }
        }
    }
}

use std::fmt;

use candor_store::FeedbackStats;
use serde::Serialize;

use crate::{Interval, USER_FEEDBACK};

/// How many answers were judged, and how they fared.
///
/// # How it differs from MLflow's guide
/// The guide divides positive *verdicts* by *traces* that have feedback of any name, over the traces
/// of one page, overridden verdicts included. Two people who agree on one answer make 200 % there. Here
/// the positive rate is a share of verdicts: each person's last valid `user_feedback` on an answer
/// counts once, whatever other feedback the answer has.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FeedbackSummary {
    /// Traces of the experiments and period.
    pub total_traces: u64,
    /// Traces that carry at least one valid feedback of the sources asked for, of any name.
    pub traces_with_feedback: u64,
    /// `traces_with_feedback` per hundred `total_traces`; `None` without traces.
    pub feedback_rate_percent: Option<f64>,
    /// Valid `user_feedback` verdicts that say `true`.
    pub positive: u64,
    /// Valid `user_feedback` verdicts that say `false`.
    pub negative: u64,
    /// `positive` per hundred of `positive + negative`; `None` without such verdicts.
    pub positive_rate_percent: Option<f64>,
    /// Where that rate lies with 95 % confidence; `None` without such verdicts.
    pub positive_rate_interval: Option<Interval>,
}

impl FeedbackSummary {
    /// Reads the figures off a store's counts.
    pub fn from_stats(stats: &FeedbackStats) -> Self {
        let verdicts = stats.names.iter().find(|row| row.name.as_str() == USER_FEEDBACK);
        let (positive, negative) = verdicts.map_or((0, 0), |row| (row.positive, row.negative));
        Self {
            total_traces: stats.traces,
            traces_with_feedback: stats.traces_with_feedback,
            feedback_rate_percent: percent(stats.traces_with_feedback, stats.traces),
            positive,
            negative,
            positive_rate_percent: percent(positive, positive + negative),
            positive_rate_interval: Interval::wilson(positive, positive + negative),
        }
    }
}

impl fmt::Display for FeedbackSummary {
    /// Two lines, as in the guide: the feedback rate, the positive share.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { total_traces, traces_with_feedback, positive, negative, .. } = self;
        match self.feedback_rate_percent {
            Some(rate) => {
                let traces = plural(*total_traces, "trace");
                writeln!(f, "Feedback rate: {rate:.1}% ({traces_with_feedback} out of {total_traces} {traces})")?;
            }
            None => writeln!(f, "Feedback rate: no traces")?,
        }
        match self.positive_rate_percent {
            Some(rate) => {
                let total = positive + negative;
                writeln!(f, "Positive feedback: {rate:.1}% ({positive} out of {total} {})", plural(total, "verdict"))
            }
            None => writeln!(f, "Positive feedback: no verdicts"),
        }
    }
}

pub(crate) fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 * 100.0 / whole as f64)
}

pub(crate) fn plural(count: u64, noun: &str) -> String {
    if count == 1 { noun.to_owned() } else { format!("{noun}s") }
}

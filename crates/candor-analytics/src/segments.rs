use candor_filter::{Clause, KeyTest, TextMatch, TraceFilter};
use candor_model::TimestampMs;
use candor_store::{Segment, SegmentKey, SegmentQuery, StoreError, TrackingStore};
use serde::Serialize;

use crate::summary::percent;
use crate::{Interval, ReportOptions, USER_FEEDBACK};

/// How segments are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SegmentOrder {
    /// By the upper end of the interval, lowest first: bad luck with few verdicts does not outrank bad
    /// work with many.
    #[default]
    Worst,
    /// By the number of verdicts, most first.
    Most,
}

/// The people's verdicts on the traces of one segment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SegmentRow {
    /// What the traces have in common.
    pub segment: String,
    /// The figures.
    #[serde(flatten)]
    pub figures: SegmentFigures,
    /// The figures of the period before.
    pub previous: Option<SegmentFigures>,
    /// Finds the segment's traces; `None` where the filter language has no words for it.
    pub filter: Option<String>,
}

/// The figures of one segment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SegmentFigures {
    /// Traces with a `user_feedback` verdict.
    pub traces: u64,
    /// Verdicts `true`.
    pub positive: u64,
    /// Verdicts `false`.
    pub negative: u64,
    /// Both.
    pub verdicts: u64,
    /// `positive` per hundred `verdicts`.
    pub positive_rate_percent: Option<f64>,
    /// Where that rate lies with 95 % confidence.
    pub positive_rate_interval: Option<Interval>,
}

impl SegmentFigures {
    fn of(counts: &Segment) -> Self {
        let Segment { traces, positive, negative, .. } = *counts;
        Self {
            traces,
            positive,
            negative,
            verdicts: positive + negative,
            positive_rate_percent: percent(positive, positive + negative),
            positive_rate_interval: Interval::wilson(positive, positive + negative),
        }
    }
}

/// The segments of at least `min_verdicts` verdicts, each with the period before.
///
/// # Errors
/// Those of the store.
pub async fn segments<S: TrackingStore + ?Sized>(
    store: &S,
    options: &ReportOptions,
    by: &SegmentKey,
    min_verdicts: u64,
    order: SegmentOrder,
    now: TimestampMs,
) -> Result<Vec<SegmentRow>, StoreError> {
    let counts = count(store, options, by, min_verdicts).await?;
    let before = match options.period_before(now) {
        Some(before) => count(store, &before, by, 1).await?,
        None => Vec::new(),
    };
    let mut rows: Vec<SegmentRow> = counts
        .into_iter()
        .map(|counts| {
            let same = before.binary_search_by(|earlier| earlier.segment.cmp(&counts.segment));
            let previous = same.ok().and_then(|place| before.get(place)).map(SegmentFigures::of);
            let filter = filter(by, &counts.segment);
            SegmentRow { figures: SegmentFigures::of(&counts), segment: counts.segment, previous, filter }
        })
        .collect();
    match order {
        SegmentOrder::Worst => rows.sort_by(|a, b| upper_end(a).total_cmp(&upper_end(b))),
        SegmentOrder::Most => rows.sort_by_key(|row| std::cmp::Reverse(row.figures.verdicts)),
    }
    Ok(rows)
}

fn upper_end(row: &SegmentRow) -> f64 {
    row.figures.positive_rate_interval.map_or(100.0, |interval| interval.high_percent)
}

async fn count<S: TrackingStore + ?Sized>(
    store: &S,
    options: &ReportOptions,
    by: &SegmentKey,
    min_verdicts: u64,
) -> Result<Vec<Segment>, StoreError> {
    let Ok(name) = USER_FEEDBACK.parse() else { return Ok(Vec::new()) };
    store.feedback_segments(&SegmentQuery { stats: options.stats_query(), name, by: by.clone(), min_verdicts }).await
}

/// The filter that finds a segment's traces, if it reads back as what it says.
fn filter(by: &SegmentKey, segment: &str) -> Option<String> {
    let test = KeyTest::Match(TextMatch::Eq(segment.to_owned()));
    let clause = match by {
        SegmentKey::Tag(key) => Clause::Tag { key: key.clone(), test },
        SegmentKey::Prompt => {
            let (name, version) = segment.split_once('/')?;
            Clause::Prompt { name: name.to_owned(), version: version.to_owned() }
        }
        other => Clause::Metadata { key: other.metadata_key()?.to_owned(), test },
    };
    let filter = TraceFilter { clauses: vec![clause] };
    let text = filter.to_string();
    (TraceFilter::parse(&text).ok()? == filter).then_some(text)
}

#[cfg(test)]
mod tests {
    use candor_filter::Candidate;
    use candor_model::{AssessmentBody, DurationMs, ExperimentId, Source, TraceId, TraceInfo, Value};
    use candor_store::{MemoryStore, NewAssessment, TrackingStoreExt};

    use super::*;

    const NOW: TimestampMs = TimestampMs::from_millis(1_767_323_045_000);

    async fn store() -> MemoryStore {
        let store = MemoryStore::new();
        let mut n = 0_u128;
        for (channel, hours, verdicts) in [
            ("mobile", 1, [true; 2].iter().chain(&[false; 18])),
            ("mobile", 30, [true; 9].iter().chain(&[false; 1])),
            ("desk", 1, [true; 15].iter().chain(&[false; 5])),
            ("it's \"odd\"", 1, [false; 1].iter().chain(&[])),
        ] {
            for positive in verdicts {
                n += 1;
                let trace = TraceId::from_bytes(n.to_be_bytes());
                let time = NOW.minus(DurationMs::from_millis(hours * 3_600_000));
                let mut info = TraceInfo::new(trace, ExperimentId::DEFAULT, time);
                info.tags.insert("channel".to_owned(), channel.to_owned());
                store.start_trace(info).await.unwrap();
                let body = AssessmentBody::feedback(Value::Bool(*positive));
                let source = Source::human("u").unwrap();
                let verdict = NewAssessment::new(trace, USER_FEEDBACK.parse().unwrap(), source, body, NOW);
                store.log_assessment(verdict).await.unwrap();
            }
        }
        store
    }

    #[tokio::test]
    async fn the_worst_segment_comes_first_and_knows_how_it_was() {
        let (store, by) = (store().await, SegmentKey::Tag("channel".to_owned()));
        let options = ReportOptions::default().last_hours(24, NOW);
        let rows = segments(&store, &options, &by, 1, SegmentOrder::Worst, NOW).await.unwrap();
        let names: Vec<&str> = rows.iter().map(|row| row.segment.as_str()).collect();
        assert_eq!(names, ["mobile", "it's \"odd\"", "desk"], "one bad verdict is no proof");
        assert_eq!((rows[0].figures.positive, rows[0].figures.negative), (2, 18));
        assert_eq!(rows[0].previous.unwrap().positive_rate_percent, Some(90.0));
        assert_eq!(rows[2].previous, None);
        let most = segments(&store, &options, &by, 2, SegmentOrder::Most, NOW).await.unwrap();
        assert_eq!(most.len(), 2);
    }

    #[test]
    fn filters_find_the_segment_or_are_none() {
        let mut info = TraceInfo::new(TraceId::from_bytes([1; 16]), ExperimentId::DEFAULT, NOW);
        for value in ["mobile", "it's", "say \"x\"", "", "a b"] {
            info.tags.insert("odd key".to_owned(), value.to_owned());
            let text = filter(&SegmentKey::Tag("odd key".to_owned()), value).unwrap();
            assert!(TraceFilter::parse(&text).unwrap().matches(&Candidate::new(&info)), "{text}");
        }
        assert_eq!(filter(&SegmentKey::Session, "s-1").unwrap(), "metadata.mlflow.trace.session = 's-1'");
        assert_eq!(filter(&SegmentKey::Prompt, "qa/3").unwrap(), "prompt = 'qa/3'");
        assert_eq!(filter(&SegmentKey::Model, "m"), None);
        assert_eq!(filter(&SegmentKey::User, "both ' and \""), None);
    }
}

use candor::analytics::{ReportOptions, SegmentOrder, segments};
use candor::store::{MemoryStore, SegmentKey, TimeRange, TrackingStore};

use super::*;

const NOW: TimestampMs = TimestampMs::from_millis(1_767_323_045_000);

#[tokio::test]
async fn the_same_week_is_made_once_and_what_is_wrong_in_it_can_be_found() {
    let store = MemoryStore::new();
    assert!(fill(&store, ExperimentId::DEFAULT, NOW).await.unwrap());
    assert!(!fill(&store, ExperimentId::DEFAULT, NOW).await.unwrap(), "it is not filled twice");
    let again = MemoryStore::new();
    fill(&again, ExperimentId::DEFAULT, NOW).await.unwrap();
    let stats = ReportOptions::default().stats_query();
    assert_eq!(store.feedback_stats(&stats).await.unwrap(), again.feedback_stats(&stats).await.unwrap());

    let from = Some(NOW.minus(DurationMs::from_millis(3 * DAY_MS)));
    let options = ReportOptions { range: TimeRange { from, until: None }, ..ReportOptions::default() };
    for (by, worst) in [(SegmentKey::Prompt, "support/4"), (SegmentKey::Tag("channel".to_owned()), "mobile")] {
        let rows = segments(&store, &options, &by, 30, SegmentOrder::Worst, NOW).await.unwrap();
        assert_eq!(rows[0].segment, worst);
        let [bad, next] = [&rows[0], &rows[1]].map(|row| row.figures.positive_rate_interval.unwrap());
        assert!(bad.high_percent < next.low_percent, "{worst} stands out");
    }
}

//! Old months go as a whole, with their hours in the counts.

use std::time::Duration;

use candor_model::{DurationMs, ExperimentId, SourceType, TraceInfo};
use candor_store::conformance::block_on;
use candor_store::conformance::samples::{trace_id, verdict};
use candor_store::{Clock, StatsQuery, SystemClock, TimeAxis, TimeRange, TrackingStore, TrackingStoreExt};
use candor_tests::Postgres;

use super::{assert_counts_are_true, connect};

const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn old_months_are_dropped_with_all_that_hangs_on_them() {
    let server = Postgres::start();
    let url = server.database();
    block_on(async {
        let store = connect(&url).await;
        let now = SystemClock.now();
        let days_ago = |days: u32| now.minus(DurationMs::from_millis((DAY * days).as_millis() as i64));
        // The last one is older than any month that gets a partition of its own.
        let ages = [0, 35, 100, 400, 20_000];
        for (n, age) in (0..).zip(ages) {
            store.start_trace(TraceInfo::new(trace_id(n), ExperimentId::DEFAULT, days_ago(age))).await.unwrap();
            store.log_assessment(verdict(n, trace_id(n), "somebody", true)).await.unwrap();
        }
        let before = store.report().await.unwrap();
        assert!(before.partitions.len() >= 4, "{:?}", before.partitions);

        let begin = store.retain(DAY * 200).await.unwrap();

        assert!(begin <= days_ago(200) && begin > days_ago(232), "whole months are kept");
        let ids: Vec<_> = (0..5).map(trace_id).collect();
        let left: Vec<_> = store.get_traces(&ids, false).await.unwrap();
        assert_eq!(left.iter().map(|trace| trace.info.trace_id).collect::<Vec<_>>(), ids[..3]);
        assert!(left.iter().all(|trace| trace.info.assessments.len() == 1));
        let after = store.report().await.unwrap();
        assert_eq!((after.traces, after.assessments), (3, 3));
        assert!(after.partitions.len() < before.partitions.len(), "a partition is dropped: {:?}", after.partitions);
        let query = StatsQuery {
            experiments: None,
            range: TimeRange::default(),
            axis: TimeAxis::Trace,
            source_types: vec![SourceType::Human],
        };
        assert_eq!(store.feedback_stats(&query).await.unwrap().traces, 3);
        assert_counts_are_true(&store).await;

        // A month that was dropped can be written to again.
        let returned = TraceInfo::new(trace_id(9), ExperimentId::DEFAULT, days_ago(400));
        store.start_trace(returned).await.unwrap();
        assert_eq!(store.report().await.unwrap().traces, 4);
    });
}

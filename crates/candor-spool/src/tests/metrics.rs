use candor_store::conformance::samples;
use candor_store::{TrackingStore, TrackingStoreExt};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

use super::support::{Bench, held};
use crate::metrics::{BACKEND_UP, DEAD_LETTERS, ENTRIES, FORWARDED, OLDEST_AGE};

#[test]
fn depth_age_and_dead_letters_are_told() {
    let recorder = DebuggingRecorder::new();
    let snapshots = recorder.snapshotter();
    ::metrics::with_local_recorder(&recorder, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::new();
            bench.spool.start_trace(samples::trace(1)).await.unwrap();
            bench.outage().await;
            bench.spool.log_assessment(held(1, 1, "ann", true)).await.unwrap();
            bench.clock.advance(candor_model::DurationMs::from_millis(7_000));
            bench.until(|status| status.queued == 2).await;
            tokio::time::sleep(std::time::Duration::from_millis(100)).await; // a few polls
            bench.spool.close().await.unwrap();
        });
    });
    let mut seen = std::collections::BTreeMap::new();
    for (key, _, _, value) in snapshots.snapshot().into_vec() {
        let labels: Vec<&str> = key.key().labels().map(|label| label.value()).collect();
        let number = match value {
            DebugValue::Gauge(number) => number.into_inner(),
            DebugValue::Counter(count) => count as f64,
            DebugValue::Histogram(_) => panic!("no histogram was asked for"),
        };
        seen.insert(format!("{} {}", key.key().name(), labels.join(",")), number);
    }
    assert_eq!(seen[&format!("{ENTRIES} queued")], 2.0);
    let age = seen[&format!("{OLDEST_AGE} queued")];
    assert!((7.0..60.0).contains(&age), "{age} s");
    assert_eq!(seen[&format!("{BACKEND_UP} ")], 0.0);
    assert_eq!(seen[&format!("{FORWARDED} trace")], 1.0);
    assert!(!seen.keys().any(|name| name.starts_with(DEAD_LETTERS)));
}

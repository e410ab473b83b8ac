use metrics_util::debugging::{DebugValue, DebuggingRecorder};

use super::super::names;
use super::*;

async fn open() -> Arc<Metered<MemoryStore>> {
    Arc::new(Metered::new(Arc::new(MemoryStore::new())))
}

mod conformance {
    crate::tracking_store_conformance!(super::open);
}

#[test]
fn calls_are_timed_and_errors_counted_by_kind() {
    let recorder = DebuggingRecorder::new();
    let snapshot = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let store = Metered::new(Arc::new(MemoryStore::new()));
            store.get_experiment(&default_experiment()).await.unwrap();
            store.get_experiment(&default_experiment()).await.unwrap();
            // The call succeeds; its items do not.
            store.log_assessments(vec![verdict(), verdict()]).await.unwrap();
            store.get_assessment(trace(), verdict().id).await.unwrap_err();
        });
    });
    let mut seen: Vec<String> = snapshot
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let labels: Vec<String> =
                key.key().labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
            let count = match value {
                DebugValue::Counter(count) => count,
                DebugValue::Histogram(times) => times.len() as u64,
                DebugValue::Gauge(_) => panic!("no gauge was asked for"),
            };
            format!("{} {} {count}", key.key().name(), labels.join(","))
        })
        .collect();
    seen.sort();
    let of = |name: &str, labels: &str| format!("{name} backend=memory,{labels}");
    assert_eq!(
        seen,
        [
            of(names::DURATION, "operation=get_assessment 1"),
            of(names::DURATION, "operation=get_experiment 2"),
            of(names::DURATION, "operation=log_assessments 1"),
            of(names::ERRORS, "operation=get_assessment,error_type=not_found 1"),
            of(names::ERRORS, "operation=log_assessments,error_type=not_found 2"),
        ]
    );
}

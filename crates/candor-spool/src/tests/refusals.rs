use candor_store::conformance::samples;
use candor_store::decorators::{Fault, Operation};
use candor_store::{ExperimentChange, StoreError, TrackingStore, TrackingStoreExt};

use super::support::{Bench, held};
use crate::EntryState;

#[tokio::test]
async fn a_refusal_is_the_callers_answer_while_it_listens() {
    let bench = Bench::new();
    let strict = samples::verdict(1, samples::trace_id(1), "ann", true);
    assert!(matches!(bench.spool.log_assessment(strict).await, Err(StoreError::NotFound(_))));
    bench.until_empty().await;
}

#[tokio::test]
async fn a_refusal_of_what_was_accepted_is_a_dead_letter_with_the_reason() {
    let bench = Bench::new();
    let gone = bench.spool.create_experiment(samples::experiment("gone")).await.unwrap();
    let at = candor_model::TimestampMs::from_millis(1);
    bench.spool.update_experiment(gone, ExperimentChange::Delete, at).await.unwrap();
    bench.outage().await;
    let refused = candor_model::TraceInfo { experiment_id: gone, ..samples::trace(1) };
    bench.spool.start_trace(refused).await.unwrap();
    bench.spool.start_trace(samples::trace(2)).await.unwrap();
    bench.spool.log_assessment(samples::verdict(1, samples::trace_id(3), "ann", true)).await.unwrap();
    bench.back_end.set_outage(false);
    bench.until(|status| status.dead == 2 && status.queued == 0).await;
    let kinds: Vec<_> = bench.entries().into_iter().map(|entry| (entry.state, entry.error_kind.unwrap())).collect();
    assert_eq!(kinds, [(EntryState::Dead, "experiment_deleted".to_owned()), (EntryState::Dead, "no_trace".to_owned())]);
    assert!(bench.back_end.trace_info(samples::trace_id(2)).await.unwrap().is_some(), "others are not held up");
}

#[tokio::test]
async fn an_entry_with_trouble_of_its_own_holds_up_its_trace_only() {
    let bench = Bench::with(|options| {
        options.lanes = 1;
        options.first_pause = std::time::Duration::from_secs(3600);
        options.longest_pause = std::time::Duration::from_secs(3600);
    });
    bench.spool.start_trace(samples::trace(1)).await.unwrap();
    bench.spool.start_trace(samples::trace(2)).await.unwrap();
    bench.back_end.inject(Fault::on_call(1).of(Operation::LogAssessments));
    bench.spool.log_assessment(held(1, 1, "ann", true)).await.unwrap();
    bench.spool.log_assessment(held(2, 2, "ann", true)).await.unwrap();
    assert_eq!(bench.logged(samples::trace_id(2)).await.len(), 1);
    assert_eq!(bench.logged(samples::trace_id(1)).await.len(), 0);
    let entry = bench.entries().pop().unwrap();
    assert_eq!(
        (entry.state, entry.attempts, entry.error_kind.as_deref()),
        (EntryState::Queued, 1, Some("unavailable"))
    );
}

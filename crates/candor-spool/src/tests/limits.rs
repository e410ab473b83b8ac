use candor_store::conformance::samples;
use candor_store::{StoreError, TrackingStoreExt};

use super::support::{Bench, held};

#[tokio::test]
async fn a_full_spool_refuses_and_takes_again_when_there_is_room() {
    let bench = Bench::with(|options| options.max_entries = 3);
    bench.outage().await;
    for n in 1..=2 {
        bench.spool.log_assessment(held(n, n, "ann", true)).await.unwrap();
    }
    let refused = bench.spool.log_assessment(held(3, 3, "ann", true)).await;
    assert!(matches!(refused, Err(StoreError::Overloaded { backend: "spool", waiting: 3, .. })), "{refused:?}");
    assert_eq!(bench.status().queued, 3);
    for n in 1..=2 {
        bench.back_end.set_outage(false);
        bench.until(|status| status.queued == 0).await;
        bench.spool.start_trace(samples::trace(n)).await.unwrap();
    }
    bench.spool.log_assessment(held(3, 3, "ann", true)).await.unwrap();
}

#[tokio::test]
async fn bytes_are_bounded_too() {
    let bench = Bench::with(|options| options.max_bytes = 20_000);
    bench.outage().await;
    let long = candor_store::NewAssessment { rationale: Some("x".repeat(15_000)), ..held(1, 1, "ann", true) };
    bench.spool.log_assessment(long.clone()).await.unwrap();
    let id = samples::assessment_id(2);
    let refused = bench.spool.log_assessment(candor_store::NewAssessment { id, ..long }).await;
    assert!(matches!(refused, Err(StoreError::Overloaded { .. })), "{refused:?}");
}

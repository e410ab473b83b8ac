use std::time::Duration;

use candor_model::DurationMs;
use candor_store::conformance::samples;
use candor_store::{Logged, Target, TargetRef, TrackingStoreExt};

use super::support::{Bench, held};
use crate::{EntryQuery, EntryState};

#[tokio::test]
async fn a_verdict_that_overtook_its_trace_is_attached_with_it() {
    // So long between two attempts that only the trace itself can bring the verdict along.
    let slow = |options: &mut crate::SpoolOptions| {
        (options.first_pause, options.longest_pause) = (Duration::from_secs(3600), Duration::from_secs(3600));
    };
    let bench = Bench::with(slow);
    let target = Target { refs: vec![TargetRef::ClientRequest("req-1".parse().unwrap())], experiment: None };
    let item = candor_store::NewAssessment { target, ..held(1, 1, "ann", true) };
    assert!(matches!(bench.spool.log_assessment(item).await.unwrap(), Logged::Pending(_)));
    assert_eq!(bench.pending().await, [samples::assessment_id(1)]);
    let info = bench.spool.start_trace(samples::trace_of_request(1, "req-1")).await.unwrap();
    assert_eq!(info.assessments.len(), 1);
    bench.until_empty().await;
}

#[tokio::test]
async fn a_trace_that_came_another_way_is_found_in_time() {
    let bench = Bench::new();
    bench.spool.log_assessment(held(1, 1, "ann", true)).await.unwrap();
    bench.until(|status| status.waiting == 1).await;
    bench.back_end.start_trace(samples::trace(1)).await.unwrap();
    bench.clock.advance(DurationMs::from_millis(60_000));
    bench.until_empty().await;
    assert_eq!(bench.logged(samples::trace_id(1)).await.len(), 1);
}

#[tokio::test]
async fn a_verdict_whose_trace_never_comes_is_a_dead_letter_and_still_pending() {
    let bench = Bench::with(|options| options.trace_deadline = Duration::from_secs(60));
    bench.spool.log_assessment(held(1, 1, "ann", true)).await.unwrap();
    bench.until(|status| status.waiting == 1).await;
    bench.clock.advance(DurationMs::from_millis(60_000));
    bench.until(|status| status.dead == 1).await;
    let entry = bench.entries().pop().unwrap();
    assert_eq!((entry.state, entry.error_kind.as_deref()), (EntryState::Dead, Some("no_trace")));
    assert!(entry.reason.unwrap().contains(&samples::trace_id(1).to_string()));
    assert_eq!(bench.pending().await, [samples::assessment_id(1)], "listed as an orphan");
    // Late is better than never.
    bench.spool.start_trace(samples::trace(1)).await.unwrap();
    assert_eq!(bench.logged(samples::trace_id(1)).await, [(samples::assessment_id(1), true)]);
    bench.until_empty().await;
}

#[tokio::test]
async fn a_mind_changed_before_the_trace_came_counts_once_and_last() {
    let bench = Bench::new();
    for n in 1..=3 {
        bench.spool.log_assessment(held(n, 1, "ann", n % 2 == 0)).await.unwrap();
    }
    bench.spool.start_trace(samples::trace(1)).await.unwrap();
    bench.until_empty().await;
    let logged = bench.logged(samples::trace_id(1)).await;
    let valid: Vec<_> = logged.iter().filter(|(_, valid)| *valid).map(|(id, _)| *id).collect();
    assert_eq!((logged.len(), valid), (3, vec![samples::assessment_id(3)]));
}

#[tokio::test]
async fn a_waiting_verdict_survives_a_restart() {
    let bench = Bench::new();
    bench.spool.log_assessment(held(1, 1, "ann", true)).await.unwrap();
    let bench = bench.restart().await;
    assert_eq!(bench.pending().await, [samples::assessment_id(1)]);
    bench.spool.start_trace(samples::trace(1)).await.unwrap();
    assert_eq!(bench.logged(samples::trace_id(1)).await.len(), 1);
    assert!(
        bench.file().list(&EntryQuery { state: Some(EntryState::Waiting), ..Default::default() }).unwrap().is_empty()
    );
}

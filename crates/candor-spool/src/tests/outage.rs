use std::collections::HashSet;
use std::sync::Arc;

use candor_model::{TimestampMs, keys};
use candor_store::conformance::samples;
use candor_store::decorators::{Fault, Operation};
use candor_store::{Logged, StoreError, TagChange, TrackingStore, TrackingStoreExt};

use super::support::{Bench, held};
use crate::{Spool, SpoolOptions};

#[tokio::test]
async fn what_is_accepted_in_an_outage_arrives_after_it_once() {
    let bench = Bench::new();
    bench.outage().await;
    for n in 1..=200 {
        let info = bench.spool.start_trace(samples::trace(n)).await.unwrap();
        assert_eq!(info.tags[keys::SPANS_LOCATION], keys::TRACKING_STORE);
        let logged = bench.spool.log_assessment(held(n, n, "ann", true)).await.unwrap();
        assert!(matches!(logged, Logged::Pending(_)), "nobody knows yet: {logged:?}");
    }
    assert_eq!(bench.status().queued, 401);
    bench.back_end.set_outage(false);
    bench.until_empty().await;
    for n in 1..=200 {
        assert_eq!(bench.logged(samples::trace_id(n)).await, [(samples::assessment_id(n), true)]);
    }
    assert!(bench.spool.is_backend_up());
}

#[tokio::test]
async fn a_mind_changed_in_an_outage_counts_once_and_last() {
    let bench = Bench::new();
    bench.spool.start_trace(samples::trace(1)).await.unwrap();
    bench.outage().await;
    for n in 1..=5 {
        bench.spool.log_assessment(held(n, 1, "ann", n % 2 == 0)).await.unwrap();
    }
    bench.back_end.set_outage(false);
    bench.until_empty().await;
    let logged = bench.logged(samples::trace_id(1)).await;
    assert_eq!(logged.len(), 5);
    let valid: Vec<_> = logged.into_iter().filter(|(_, valid)| *valid).map(|(id, _)| id).collect();
    assert_eq!(valid, [samples::assessment_id(5)]);
}

#[tokio::test]
async fn writes_to_a_trace_keep_their_order() {
    let bench = Bench::new();
    bench.outage().await;
    let trace = samples::trace_id(1);
    bench.spool.start_trace(samples::trace(1)).await.unwrap();
    for n in 0..20 {
        let change = TagChange::Set { key: "n".parse().unwrap(), value: n.to_string() };
        bench.spool.update_trace_tag(trace, change).await.unwrap();
    }
    // It must not wait, as MLflow's own API has it, and is not known to be refused.
    let logged = bench.spool.log_assessment(samples::verdict(1, trace, "ann", true)).await.unwrap();
    assert!(matches!(logged, Logged::Created(assessment) if assessment.trace_id == trace));
    bench.back_end.set_outage(false);
    bench.until_empty().await;
    let info = bench.back_end.trace_info(trace).await.unwrap().unwrap();
    assert_eq!(info.tags["n"], "19");
    assert_eq!(info.assessments.len(), 1);
}

#[tokio::test]
async fn lost_answers_double_nothing() {
    let bench = Bench::new();
    let lossy = Fault::with_probability(0.5, 3).of(Operation::LogAssessments).losing_the_answer();
    bench.back_end.inject(lossy);
    bench.spool.start_trace(samples::trace(1)).await.unwrap();
    for n in 1..=50 {
        bench.spool.log_assessment(samples::verdict(n, samples::trace_id(1), "ann", true)).await.unwrap();
    }
    bench.until_empty().await;
    assert_eq!(bench.logged(samples::trace_id(1)).await.len(), 50);
}

#[tokio::test]
async fn a_spool_that_died_after_sending_looks_before_it_sends_again() {
    let bench = Bench::new();
    bench.spool.start_trace(samples::trace(1)).await.unwrap();
    bench.outage().await;
    let item = held(1, 1, "ann", true);
    bench.spool.log_assessment(item.clone()).await.unwrap();
    bench.spool.close().await.unwrap();
    // As if the forwarder had died between sending and marking.
    bench.back_end.set_outage(false);
    bench.back_end.log_assessment(item).await.unwrap();
    bench.back_end.inject(Fault::on_call(1).of(Operation::LogAssessments));
    let bench = bench.restart().await;
    bench.until_empty().await;
    assert_eq!(bench.logged(samples::trace_id(1)).await, [(samples::assessment_id(1), true)]);
    // The fault is still there: the verdict was found, not sent.
    assert!(bench.back_end.log_assessment(samples::verdict(2, samples::trace_id(1), "bob", true)).await.is_err());
}

/// What a crash would leave: the files as they are, with no chance to clean up.
#[tokio::test]
async fn what_was_acknowledged_survives_a_crash() {
    let bench = Bench::new();
    bench.outage().await;
    let back_end = Arc::new(candor_store::MemoryStore::new());
    for n in 1..=30 {
        bench.spool.start_trace(samples::trace(n)).await.unwrap();
        bench.spool.log_assessment(held(n, n, "ann", true)).await.unwrap();
        if n % 10 != 0 {
            continue;
        }
        let crashed = tempfile::tempdir().unwrap();
        for file in ["spool.db", "spool.db-wal"] {
            std::fs::copy(bench.path().with_file_name(file), crashed.path().join(file)).unwrap();
        }
        let path = crashed.path().join("spool.db");
        let survivor = Spool::open(&path, back_end.clone(), SpoolOptions::default()).unwrap();
        while crate::SpoolFile::open(&path).unwrap().status().unwrap().queued > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        survivor.close().await.unwrap();
        let mut ids = HashSet::new();
        for trace in 1..=n {
            let info = back_end.trace_info(samples::trace_id(trace)).await.unwrap().unwrap();
            assert_eq!(info.assessments.len(), 1, "trace {trace} after crash at {n}");
            ids.insert(info.assessments[0].id);
        }
        assert_eq!(ids.len(), n as usize);
    }
}

#[tokio::test]
async fn reads_see_writes_that_were_on_their_way() {
    let bench = Bench::new();
    bench.spool.start_trace(samples::trace(1)).await.unwrap();
    bench.outage().await;
    bench.spool.log_assessment(held(1, 1, "ann", true)).await.unwrap();
    let read = bench.spool.trace_info(samples::trace_id(1)).await;
    assert!(matches!(read, Err(StoreError::Unavailable { .. })), "{read:?}");
    bench.back_end.set_outage(false);
    loop {
        match bench.spool.trace_info(samples::trace_id(1)).await {
            Ok(info) => return assert_eq!(info.unwrap().assessments.len(), 1, "no read without the verdict"),
            Err(error) => assert!(error.is_retryable(), "{error}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_retry_during_an_outage_is_the_same_verdict() {
    let bench = Bench::new();
    bench.spool.start_trace(samples::trace(1)).await.unwrap();
    bench.outage().await;
    let item = held(1, 1, "ann", true);
    for _ in 0..3 {
        let logged = bench.spool.log_assessment(item.clone()).await.unwrap();
        assert!(matches!(logged, Logged::Pending(held) if held.item == item));
    }
    let elsewhere = candor_store::NewAssessment { target: samples::trace_id(2).into(), ..item.clone() };
    let refused = bench.spool.log_assessment(elsewhere).await;
    assert!(matches!(refused, Err(StoreError::AlreadyExists { .. })), "{refused:?}");
    assert_eq!(bench.pending().await, [item.id]);
    bench.back_end.set_outage(false);
    bench.until_empty().await;
    // The spool empties a moment before it takes the outage for over, and until then accepts at once.
    bench.until(|_| bench.spool.is_backend_up()).await;
    assert!(matches!(bench.spool.log_assessment(item).await.unwrap(), Logged::Existing(_)));
    assert_eq!(bench.logged(samples::trace_id(1)).await.len(), 1);
}

#[tokio::test]
async fn a_retry_of_what_must_not_wait_is_answered_as_the_first_call_was() {
    let bench = Bench::new();
    bench.outage().await;
    let item = samples::verdict(1, samples::trace_id(1), "ann", true);
    for _ in 0..2 {
        let logged = bench.spool.log_assessment(item.clone()).await.unwrap();
        assert!(matches!(logged, Logged::Created(assessment) if assessment.id == item.id));
    }
    assert_eq!(bench.status().queued, 2);
}

#[tokio::test]
async fn what_the_back_end_must_answer_itself_fails_in_an_outage() {
    let bench = Bench::new();
    bench.outage().await;
    let trace = samples::trace_id(1);
    let at = TimestampMs::from_millis(1);
    let answers = [
        bench.spool.create_experiment(samples::experiment("new")).await.map(drop),
        bench.spool.delete_assessment(trace, samples::assessment_id(1)).await.map(drop),
        bench.spool.update_assessment(trace, samples::assessment_id(1), Default::default(), at).await.map(drop),
        bench.spool.link_traces(&[trace], candor_store::TraceLink::Run("r".to_owned())).await,
    ];
    for answer in answers {
        assert!(matches!(answer, Err(StoreError::Unavailable { .. })), "{answer:?}");
    }
}

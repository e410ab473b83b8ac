use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use candor_context::{ContextError, SpanType, Tracer};
use candor_store::decorators::{Fault, Faulty, Operation, RetryPolicy};
use candor_store::{MemoryStore, MockTrackingStore};

use crate::support::{DEADLINE, Service, all_traces};

/// A tracer whose store can be made to fail.
fn faulty() -> (Arc<Faulty<MemoryStore>>, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::new());
    (Arc::new(Faulty::new(store.clone())), store)
}

fn patient() -> RetryPolicy {
    let mut policy = RetryPolicy::default();
    policy.first_pause = Duration::from_millis(10);
    policy.longest_pause = Duration::from_millis(50);
    policy.repetitions = 100_000;
    policy
}

fn hasty() -> RetryPolicy {
    let mut policy = patient();
    policy.repetitions = 1;
    policy
}

fn make_spans(tracer: &Tracer, number: usize) {
    (0..number).for_each(|_| tracer.span("work", SpanType::Task).end());
}

#[tokio::test]
async fn an_outage_of_the_store_loses_nothing_that_the_queue_can_hold() {
    let (faulty, store) = faulty();
    let tracer = Tracer::builder(faulty.clone()).batch_spans(7).retry(patient()).build().unwrap();
    faulty.set_outage(true);
    make_spans(&tracer, 100);
    let error = tracer.flush(Duration::from_millis(300)).await.unwrap_err();
    assert!(matches!(error, ContextError::Deadline { .. }), "{error}");
    assert_eq!(tracer.counts().exported, 0);
    faulty.set_outage(false);
    tracer.flush(DEADLINE).await.unwrap();
    assert_eq!(tracer.counts().exported, 100);
    assert_eq!(all_traces(&*store).await.len(), 100);
}

#[tokio::test]
async fn a_flush_returns_though_spans_keep_coming() {
    let (faulty, _) = faulty();
    faulty.inject(Fault::with_probability(1.0, 1).of(Operation::LogSpans).delaying(Duration::from_millis(20)));
    let tracer = Tracer::builder(faulty).batch_spans(2).queue_spans(1_000_000).build().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let busy = std::thread::spawn({
        let (tracer, stop) = (tracer.clone(), stop.clone());
        move || {
            while !stop.load(Ordering::Relaxed) {
                make_spans(&tracer, 3);
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    tracer.flush(DEADLINE).await.unwrap();
    stop.store(true, Ordering::Relaxed);
    busy.join().unwrap();
}

#[tokio::test]
async fn a_full_queue_drops_the_newest_spans_and_counts_them() {
    let (faulty, store) = faulty();
    let tracer = Tracer::builder(faulty.clone()).queue_spans(10).batch_spans(5).retry(patient()).build().unwrap();
    faulty.set_outage(true);
    let first = tracer.span("first", SpanType::Task);
    let first_id = first.trace_id().unwrap();
    first.end();
    make_spans(&tracer, 199);
    assert!(tracer.counts().dropped > 0);
    faulty.set_outage(false);
    tracer.flush(DEADLINE).await.unwrap();
    let counts = tracer.counts();
    assert_eq!(counts.exported + counts.dropped, 200, "{counts:?}");
    assert_eq!(all_traces(&*store).await.len() as u64, counts.exported);
    assert!(all_traces(&*store).await.iter().any(|trace| trace.info.trace_id == first_id), "the oldest stay");
}

#[tokio::test]
async fn an_outage_that_outlasts_the_retries_is_counted() {
    let (faulty, _) = faulty();
    let tracer = Tracer::builder(faulty.clone()).retry(hasty()).build().unwrap();
    faulty.set_outage(true);
    make_spans(&tracer, 10);
    tracer.flush(DEADLINE).await.unwrap();
    assert_eq!((tracer.counts().failed, tracer.counts().exported), (10, 0));
    faulty.set_outage(false);
    make_spans(&tracer, 10);
    tracer.flush(DEADLINE).await.unwrap();
    assert_eq!((tracer.counts().failed, tracer.counts().exported), (10, 10));
}

#[tokio::test]
async fn a_lost_answer_doubles_nothing() {
    let (faulty, store) = faulty();
    faulty.inject(Fault::on_call(1).of(Operation::LogSpans).losing_the_answer());
    faulty.inject(Fault::on_call(1).of(Operation::StartTraces).losing_the_answer());
    let tracer = Tracer::builder(faulty).retry(patient()).build().unwrap();
    make_spans(&tracer, 10);
    tracer.flush(DEADLINE).await.unwrap();
    let traces = all_traces(&*store).await;
    assert_eq!(traces.len(), 10);
    assert!(traces.iter().all(|trace| trace.spans.len() == 1));
}

#[tokio::test]
async fn a_trace_that_the_store_refuses_takes_no_other_along() {
    let service = Service::new();
    let bad = service.tracer.span("bad", SpanType::Task);
    bad.set_attribute("session.id", "x".repeat(300));
    bad.end();
    make_spans(&service.tracer, 9);
    assert_eq!(service.traces().await.len(), 9);
    assert_eq!((service.tracer.counts().failed, service.tracer.counts().exported), (1, 9));
}

#[tokio::test]
async fn a_store_that_panics_does_not_stop_the_exporter() {
    let mut store = MockTrackingStore::new();
    store.expect_log_spans().times(1).returning(|_| panic!("a bug"));
    store.expect_log_spans().returning(|_| Ok(()));
    store.expect_start_traces().returning(|infos| Ok(infos.into_iter().map(Ok).collect()));
    let tracer = Tracer::builder(Arc::new(store)).build().unwrap();
    make_spans(&tracer, 1);
    tracer.flush(DEADLINE).await.unwrap();
    make_spans(&tracer, 1);
    tracer.flush(DEADLINE).await.unwrap();
    assert_eq!((tracer.counts().failed, tracer.counts().exported), (1, 1));
}

#[tokio::test]
async fn shutting_down_exports_what_waits_and_records_no_more() {
    let service = Service::with(|builder| builder.interval(Duration::from_secs(3600)));
    make_spans(&service.tracer, 1000);
    service.tracer.shutdown(DEADLINE).await.unwrap();
    assert_eq!(all_traces(&*service.store).await.len(), 1000);
    assert!(!service.tracer.span("late", SpanType::Task).is_recording());
    let error = service.tracer.flush(DEADLINE).await.unwrap_err();
    assert!(matches!(error, ContextError::ShutDown), "{error}");
}

#[test]
fn dropping_the_last_handle_exports_what_waits() {
    let service = Service::with(|builder| builder.interval(Duration::from_secs(3600)));
    make_spans(&service.tracer, 10);
    drop(service.tracer);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(all_traces(&*service.store)).len(), 10);
}

#[test]
fn a_queue_of_nothing_is_refused() {
    let error = Tracer::builder(Arc::new(MemoryStore::new())).queue_spans(0).build().unwrap_err();
    assert_eq!(error.to_string(), "queue_spans: must be at least 1");
}

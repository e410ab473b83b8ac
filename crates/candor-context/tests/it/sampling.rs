use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use candor_context::{Sampling, SpanType, TraceUpdate, Tracer, propagation};
use candor_model::{AssessmentBody, Source, TraceId, Value};
use candor_store::decorators::{Faulty, RetryPolicy};
use candor_store::{MemoryStore, NewAssessment, Target, TargetRef, TrackingStore, TrackingStoreExt, WhenMissing};

use crate::support::{DEADLINE, Service, all_traces};

fn verdict(target: impl Into<Target>) -> NewAssessment {
    let body = AssessmentBody::feedback(Value::Bool(true));
    let now = candor_store::Clock::now(&candor_store::SystemClock);
    let source = Source::human("ada").unwrap();
    let verdict = NewAssessment::new(target, "user_feedback".parse().unwrap(), source, body, now);
    NewAssessment { when_missing: WhenMissing::Hold, ..verdict }
}

/// A trace of two spans that failed or not; its id.
fn make_trace(tracer: &Tracer, request: usize, fails: bool) -> TraceId {
    let root = tracer.span_builder("answer", SpanType::Chain).new_trace().start();
    let id = root.trace_id().unwrap();
    tracer.update_trace(id, TraceUpdate::new().client_request_id(format!("req-{request}").parse().unwrap()));
    let below = tracer.span_builder("search", SpanType::Retriever).parent(&root.handle()).start();
    if fails {
        below.record_failure("no index");
    }
    below.end();
    root.end();
    id
}

/// The statement is about chance; five standard deviations fail once in two million runs.
#[tokio::test]
async fn at_one_percent_every_judged_and_every_failed_trace_is_kept() {
    const TRACES: usize = 20_000;
    const RATIO: f64 = 0.01;
    let service = Service::with(|builder| builder.sampling(Sampling::FeedbackAware(RATIO)).queue_spans(200_000));
    let tracer = &service.tracer;
    let judged_store = tracer.judged_store(service.store.clone());
    let mut wanted = BTreeSet::new();
    let mut others = BTreeSet::new();
    for n in 0..TRACES {
        let fails = n % 100 == 7;
        let id = make_trace(tracer, n, fails);
        match n % 200 {
            _ if fails => {}
            // By the hook, through the store of the feedback API, and in the store behind our back.
            50 => tracer.keep(id),
            51 => drop(judged_store.log_assessment(verdict(id)).await.unwrap()),
            52 => {
                let refs = vec![TargetRef::ClientRequest(format!("req-{n}").parse().unwrap())];
                let target = Target { refs, experiment: None };
                service.store.log_assessment(verdict(target)).await.unwrap();
            }
            _ => {
                others.insert(id);
                continue;
            }
        }
        wanted.insert(id);
    }
    tracer.shutdown(DEADLINE).await.unwrap();

    let traces = all_traces(&*service.store).await;
    let kept: BTreeSet<TraceId> = traces.iter().map(|trace| trace.info.trace_id).collect();
    assert_eq!(wanted.difference(&kept).count(), 0, "every judged and every failed trace is there");
    assert!(traces.iter().all(|trace| trace.spans.len() == 2), "and it is whole");
    assert!(service.store.pending_feedback(&candor_store::PendingQuery::all(10)).await.unwrap().items.is_empty());
    let judged = traces.iter().filter(|trace| !trace.info.assessments.is_empty()).count();
    assert_eq!(judged, 2 * TRACES / 200);

    let (chosen, expected) = (others.intersection(&kept).count() as f64, others.len() as f64 * RATIO);
    let deviation = (others.len() as f64 * RATIO * (1.0 - RATIO)).sqrt();
    assert!((chosen - expected).abs() < 5.0 * deviation, "{chosen} of {} are kept, {expected} expected", others.len());
    let counts = tracer.counts();
    assert_eq!(counts.exported + counts.unsampled, 2 * TRACES as u64, "{counts:?}");
}

#[tokio::test]
async fn a_verdict_before_the_end_of_its_trace_keeps_all_of_it() {
    let service = Service::with(|builder| builder.sampling(Sampling::FeedbackAware(0.0)));
    let root = service.tracer.span("answer", SpanType::Chain);
    let id = root.trace_id().unwrap();
    service.tracer.span_builder("before", SpanType::Task).parent(&root).start().end();
    service.tracer.keep(id);
    service.tracer.span_builder("after", SpanType::Task).parent(&root).start().end();
    root.end();
    assert_eq!(service.trace(id).await.spans.len(), 3);
}

#[tokio::test]
async fn a_verdict_by_client_request_id_finds_its_trace_at_once() {
    let service = Service::with(|builder| builder.sampling(Sampling::FeedbackAware(0.0)));
    let id = make_trace(&service.tracer, 1, false);
    assert!(service.find(id).await.is_none());
    let refs = vec![TargetRef::ClientRequest("req-1".parse().unwrap())];
    let strict = NewAssessment { when_missing: WhenMissing::Fail, ..verdict(Target { refs, experiment: None }) };
    let judged_store = service.tracer.judged_store(service.store.clone());
    let logged = judged_store.log_assessment(strict).await.unwrap();
    assert_eq!(logged.assessment().map(|assessment| assessment.trace_id), Some(id));
}

#[tokio::test]
async fn a_verdict_by_any_other_id_finds_its_trace() {
    for (key, id) in
        [("gen_ai.response.id", TargetRef::Response("resp-1".into())), ("session.id", TargetRef::Session("s-1".into()))]
    {
        let service = Service::with(|builder| builder.sampling(Sampling::FeedbackAware(0.0)));
        let span = service.tracer.span("model", SpanType::Llm);
        span.set_attribute(key, id.value());
        let trace_id = span.trace_id().unwrap();
        span.end();
        make_trace(&service.tracer, 1, false);
        let target = Target { refs: vec![id], experiment: None };
        service.tracer.keep_target(&target, DEADLINE).await.unwrap();
        let kept: Vec<_> = all_traces(&*service.store).await.into_iter().map(|trace| trace.info.trace_id).collect();
        assert_eq!(kept, [trace_id], "{key}");
    }
}

#[tokio::test]
async fn traces_that_nobody_judges_leave_after_the_time_set() {
    let service = Service::with(|builder| builder.sampling(Sampling::FeedbackAware(0.0)).hold_for(Duration::ZERO));
    make_trace(&service.tracer, 1, false);
    while service.tracer.counts().unsampled < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(service.traces().await.len(), 0);
}

#[tokio::test]
async fn traces_wait_on_while_the_store_cannot_say_whether_they_were_judged() {
    let inner = Arc::new(MemoryStore::new());
    let faulty = Arc::new(Faulty::new(inner.clone()));
    let mut policy = RetryPolicy::default();
    policy.repetitions = 0;
    let builder = Tracer::builder(faulty.clone()).retry(policy).hold_for(Duration::ZERO);
    let tracer = builder.sampling(Sampling::FeedbackAware(0.0)).build().unwrap();
    faulty.set_outage(true);
    let id = make_trace(&tracer, 1, false);
    tracer.flush(DEADLINE).await.unwrap();
    // The verdict comes by another process, and the outage ends.
    inner.log_assessment(verdict(id)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    faulty.set_outage(false);
    while tracer.counts().exported < 2 {
        assert_eq!(tracer.counts().unsampled, 0);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(all_traces(&*inner).await[0].info.assessments.len(), 1);
}

#[tokio::test]
async fn what_waits_for_verdicts_is_bounded_in_bytes() {
    let service = Service::with(|builder| {
        builder.sampling(Sampling::FeedbackAware(0.0)).hold_bytes(1_000_000).queue_spans(200_000)
    });
    let first = make_trace(&service.tracer, 0, false);
    for n in 1..100 {
        let span = service.tracer.span_builder("big", SpanType::Llm).new_trace().start();
        span.set_outputs("x".repeat(100_000 + n));
    }
    let last = make_trace(&service.tracer, 100, false);
    service.tracer.flush(DEADLINE).await.unwrap();
    assert!(service.tracer.counts().evicted >= 90, "{:?}", service.tracer.counts());
    service.tracer.keep(first);
    service.tracer.keep(last);
    assert!(service.find(last).await.is_some());
    assert!(service.find(first).await.is_none(), "the oldest goes first");
}

#[tokio::test]
async fn what_one_service_keeps_of_a_trace_the_others_keep_too() {
    let service = Service::with(|builder| builder.sampling(Sampling::FeedbackAware(0.0)));
    let other = Tracer::builder(service.store.clone())
        .sampling(Sampling::FeedbackAware(0.0))
        .hold_for(Duration::from_millis(500))
        .build()
        .unwrap();
    let root = service.tracer.span("front", SpanType::Chain);
    let id = root.trace_id().unwrap();
    let mut headers = std::collections::HashMap::new();
    propagation::inject(&root, &mut headers);
    let parent = propagation::parent(&headers).unwrap().unwrap();
    assert!(!parent.is_sampled());
    other.span_builder("back", SpanType::Retriever).remote_parent(&parent).start().end();
    root.end();
    // The verdict comes to one of the two.
    service.tracer.keep(id);
    while service.trace(id).await.spans.len() < 2 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn an_unsampled_trace_of_a_plain_ratio_is_not_recorded() {
    let service = Service::with(|builder| builder.sampling(Sampling::Ratio(0.0)));
    let span = service.tracer.span("answer", SpanType::Chain);
    assert!(!span.is_recording());
    assert!(span.trace_id().is_some(), "the id can still be handed out");
    span.end();
    assert_eq!(service.traces().await.len(), 0);
}

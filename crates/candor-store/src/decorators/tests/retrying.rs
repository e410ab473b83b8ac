use std::time::Duration;

use crate::{ExperimentChange, TagChange};

use super::*;

async fn open() -> Arc<Retrying<MemoryStore>> {
    Arc::new(Retrying::new(Arc::new(MemoryStore::new()), RetryPolicy::default()))
}

mod conformance {
    crate::tracking_store_conformance!(super::open);
}

fn retrying(store: &Arc<Faulty<MemoryStore>>) -> Retrying<Faulty<MemoryStore>> {
    Retrying::new(Arc::clone(store), RetryPolicy::default())
}

#[tokio::test(start_paused = true)]
async fn a_moment_of_trouble_is_not_noticed() {
    let faulty = with_trace().await;
    faulty.inject(Fault::with_probability(0.3, 1));
    let store = Retrying::new(Arc::clone(&faulty), RetryPolicy { repetitions: 20, ..RetryPolicy::default() });
    for _ in 0..50 {
        store.log_assessment(verdict()).await.unwrap();
    }
    faulty.heal();
    assert_eq!(verdicts(&*faulty).await, 50);
}

#[tokio::test(start_paused = true)]
async fn lost_answers_double_no_verdict() {
    let faulty = with_trace().await;
    faulty.inject(Fault::with_probability(0.3, 2).of(Operation::LogAssessments).losing_the_answer());
    let store = Retrying::new(Arc::clone(&faulty), RetryPolicy { repetitions: 20, ..RetryPolicy::default() });
    for _ in 0..50 {
        store.log_assessment(verdict()).await.unwrap();
    }
    assert_eq!(verdicts(&*faulty).await, 50);
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_made_twice_is_made_once() {
    let faulty = with_trace().await;
    let store = retrying(&faulty);
    faulty.inject(Fault::on_call(1).of(Operation::UpdateExperiment).losing_the_answer());
    let gone = store.update_experiment(ExperimentId::DEFAULT, ExperimentChange::Delete, TimestampMs::from_millis(1));
    assert!(matches!(gone.await, Err(StoreError::Unavailable { .. })), "a repetition would have said NotFound");

    let tag = "tone".parse().unwrap();
    store.update_trace_tag(trace(), TagChange::Set { key: tag, value: "kind".to_owned() }).await.unwrap();
    faulty.inject(Fault::on_call(1).of(Operation::UpdateTraceTag).losing_the_answer());
    let removed = store.update_trace_tag(trace(), TagChange::Delete { key: "tone".to_owned() }).await;
    assert!(matches!(removed, Err(StoreError::Unavailable { .. })), "{removed:?}");
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_told_after_the_last_repetition() {
    let faulty = with_trace().await;
    faulty.set_outage(true);
    let start = tokio::time::Instant::now();
    let answer = retrying(&faulty).get_experiment(&default_experiment()).await;
    assert!(matches!(answer, Err(StoreError::Unavailable { .. })));
    // Pauses of 200 ms, doubled four times, are 6.2 s; jitter makes each longer, at most twice as long.
    let waited = start.elapsed();
    assert!(waited >= Duration::from_millis(6_200) && waited < Duration::from_secs(25), "{waited:?}");
}

#[cfg(feature = "mock")]
mod with_a_mock {
    use super::*;
    use crate::MockTrackingStore;

    fn overloaded(retry_after: Duration) -> StoreError {
        StoreError::Overloaded { backend: "mock", waiting: 9, retry_after }
    }

    #[tokio::test(start_paused = true)]
    async fn the_pause_is_no_shorter_than_the_store_asks_for() {
        let mut mock = MockTrackingStore::new();
        let mut calls = 0;
        mock.expect_create_experiment().times(2).returning(move |_| {
            calls += 1;
            if calls == 1 { Err(overloaded(Duration::from_secs(7))) } else { Ok(ExperimentId::DEFAULT) }
        });
        let store = Retrying::new(Arc::new(mock), RetryPolicy::default());
        let start = tokio::time::Instant::now();
        let new = crate::NewExperiment {
            name: "x".parse().unwrap(),
            artifact_location: None,
            tags: Default::default(),
            creation_time: TimestampMs::from_millis(0),
        };
        store.create_experiment(new).await.unwrap();
        assert!(start.elapsed() >= Duration::from_secs(7));
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_asks_for_too_long_a_pause_is_not_waited_for() {
        let mut mock = MockTrackingStore::new();
        mock.expect_get_experiment().times(1).returning(|_| Err(overloaded(Duration::from_secs(3600))));
        let store = Retrying::new(Arc::new(mock), RetryPolicy::default());
        assert!(store.get_experiment(&default_experiment()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn of_a_batch_only_items_that_failed_for_a_moment_are_repeated() {
        let (good, bad, late) = (verdict(), verdict(), verdict());
        let mut mock = MockTrackingStore::new();
        let mut answers = vec![
            vec![Ok(good.clone()), Err(None), Err(Some(bad.id))], // as they stand after the first call
        ];
        let late_id = late.id;
        mock.expect_log_assessments().times(2).returning(move |items| match answers.pop() {
            Some(first) => Ok(first
                .into_iter()
                .map(|answer| match answer {
                    Ok(item) => Ok(Logged::Created(item.on_trace(trace()))),
                    Err(None) => Err(overloaded(Duration::ZERO)),
                    Err(Some(id)) => Err(StoreError::AlreadyExists { what: id.to_string() }),
                })
                .collect()),
            None => {
                assert_eq!(items.iter().map(|item| item.id).collect::<Vec<_>>(), [late_id]);
                Ok(items.into_iter().map(|item| Ok(Logged::Created(item.on_trace(trace())))).collect())
            }
        });
        let store = Retrying::new(Arc::new(mock), RetryPolicy::default());
        let answers = store.log_assessments(vec![good.clone(), late, bad]).await.unwrap();
        assert_eq!(answers[0].as_ref().unwrap().assessment().unwrap().id, good.id);
        assert_eq!(answers[1].as_ref().unwrap().assessment().unwrap().id, late_id);
        assert!(matches!(answers[2], Err(StoreError::AlreadyExists { .. })));
    }
}

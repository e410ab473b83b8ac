use super::*;

async fn open() -> Arc<Faulty<MemoryStore>> {
    Arc::new(Faulty::new(Arc::new(MemoryStore::new())))
}

mod conformance {
    crate::tracking_store_conformance!(super::open);
}

#[tokio::test]
async fn a_lost_answer_has_been_written() {
    let store = with_trace().await;
    store.inject(Fault::on_call(1).of(Operation::LogAssessments).losing_the_answer());
    assert!(store.log_assessment(verdict()).await.is_err());
    assert_eq!(verdicts(&*store).await, 1);
}

#[tokio::test]
async fn a_fault_before_the_write_leaves_nothing() {
    let store = with_trace().await;
    store.inject(Fault::on_call(2).of(Operation::LogAssessments));
    let item = verdict();
    assert!(matches!(store.log_assessment(item.clone()).await, Ok(Logged::Created(_))));
    assert!(store.log_assessment(verdict()).await.is_err());
    assert!(matches!(store.log_assessment(item).await, Ok(Logged::Existing(_))));
    assert_eq!(verdicts(&*store).await, 1);
}

#[tokio::test]
async fn a_seed_says_which_calls_fail() {
    let failed = async |seed| {
        let store = with_trace().await;
        store.inject(Fault::with_probability(0.5, seed));
        let mut failed = Vec::new();
        for _ in 0..64 {
            failed.push(store.get_experiment(&default_experiment()).await.is_err());
        }
        failed
    };
    let first = failed(1).await;
    assert!(first.contains(&true) && first.contains(&false));
    assert_eq!(first, failed(1).await);
    assert_ne!(first, failed(2).await);
}

#[tokio::test]
async fn an_outage_lasts_until_it_is_ended() {
    let store = with_trace().await;
    store.set_outage(true);
    for _ in 0..3 {
        let answer = store.get_experiment(&default_experiment()).await;
        assert!(matches!(answer, Err(StoreError::Unavailable { backend: "memory", .. })));
    }
    store.set_outage(false);
    assert!(store.get_experiment(&default_experiment()).await.is_ok());
}

//! The mock compiles and answers, so that a change of the trait that breaks it fails here.

use std::sync::Arc;
use std::time::Duration;

use candor_model::{AssessmentBody, Source, TimestampMs, TraceId, Value};

use super::*;
use crate::TrackingStoreExt;

#[tokio::test]
async fn mock_injects_an_error_and_counts_the_calls() {
    let trace = TraceId::from_bytes([7; 16]);
    let mut mock = MockTrackingStore::new();
    mock.expect_capabilities().return_const(Capabilities {
        backend: "mock",
        durable: false,
        holds_feedback: false,
        gaps: Gaps::default(),
    });
    mock.expect_log_assessments().withf(move |items| items[0].target == trace.into()).times(1).returning(|_| {
        Err(StoreError::Overloaded { backend: "mock", waiting: 9, retry_after: Duration::from_secs(1) })
    });
    mock.expect_get_experiment().withf(|key| matches!(key, ExperimentKey::Id(_))).returning(|_| Ok(None));
    mock.expect_feedback_stats().returning(|_| Ok(FeedbackStats::default()));
    let store: Arc<DynTrackingStore> = Arc::new(mock);

    let body = AssessmentBody::feedback(Value::Bool(true));
    let now = TimestampMs::from_millis(1);
    let item = NewAssessment::new(trace, "a".parse().unwrap(), Source::human("ann").unwrap(), body, now);
    assert!(store.log_assessment(item).await.unwrap_err().is_retryable());
    let key = ExperimentKey::Id(ExperimentId::DEFAULT);
    assert_eq!(store.get_experiment(&key).await.unwrap(), None);
}

mod faulty;
mod gated;
mod metered;
mod retrying;

use std::sync::Arc;

use candor_model::{AssessmentBody, ExperimentId, Source, TimestampMs, TraceId, TraceInfo, Value};

use super::{Fault, Faulty, Gate, Gated, Metered, Operation, RetryPolicy, Retrying};
use crate::{ExperimentKey, Logged, MemoryStore, NewAssessment, StoreError, TrackingStore, TrackingStoreExt};

fn trace() -> TraceId {
    TraceId::from_bytes([7; 16])
}

async fn with_trace() -> Arc<Faulty<MemoryStore>> {
    let store = Faulty::new(Arc::new(MemoryStore::new()));
    store.start_trace(TraceInfo::new(trace(), ExperimentId::DEFAULT, TimestampMs::from_millis(1))).await.unwrap();
    Arc::new(store)
}

fn verdict() -> NewAssessment {
    let body = AssessmentBody::feedback(Value::Bool(true));
    let name = "user_feedback".parse().unwrap();
    NewAssessment::new(trace(), name, Source::human("ann").unwrap(), body, TimestampMs::from_millis(2))
}

async fn verdicts(store: &impl TrackingStore) -> usize {
    store.trace_info(trace()).await.unwrap().unwrap().assessments.len()
}

fn default_experiment() -> ExperimentKey {
    ExperimentKey::Id(ExperimentId::DEFAULT)
}

use candor_model::{TraceId, TraceInfo};

use crate::{Logged, NewAssessment, Result, StoreError, TrackingStore};

/// Single forms of the batch calls of [`TrackingStore`]; every store has them, none implements them.
pub trait TrackingStoreExt: TrackingStore {
    /// [`TrackingStore::start_traces`] for one trace.
    fn start_trace(&self, info: TraceInfo) -> impl Future<Output = Result<TraceInfo>> + Send {
        async move { only(self.start_traces(vec![info]).await?, self.capabilities().backend) }
    }

    /// [`TrackingStore::log_assessments`] for one assessment.
    fn log_assessment(&self, item: NewAssessment) -> impl Future<Output = Result<Logged>> + Send {
        async move { only(self.log_assessments(vec![item]).await?, self.capabilities().backend) }
    }

    /// What is known of one trace besides its spans.
    fn trace_info(&self, id: TraceId) -> impl Future<Output = Result<Option<TraceInfo>>> + Send {
        async move { Ok(self.get_traces(&[id], false).await?.pop().map(|trace| trace.info)) }
    }
}

impl<T: TrackingStore + ?Sized> TrackingStoreExt for T {}

/// The answer to a batch of one.
fn only<T>(mut answers: Vec<Result<T>>, backend: &'static str) -> Result<T> {
    answers.pop().unwrap_or_else(|| {
        Err(StoreError::Backend {
            backend,
            operation: "answer for every item of a batch",
            source: "no answer for the only item".into(),
        })
    })
}

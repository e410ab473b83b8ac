use std::sync::Arc;

use candor_store::{Clock, DynTrackingStore, SystemClock};
use tokio::task::JoinError;
use tracing::Instrument;

use crate::Closing;

/// What every router works on: a store, a clock, and the word that the service is about to stop.
#[derive(Clone, Debug)]
pub struct ApiState {
    /// Where everything is kept.
    pub store: Arc<DynTrackingStore>,
    /// Tells the time of what is written.
    pub clock: Arc<dyn Clock>,
    /// Ends answers that would go on for ever.
    pub closing: Closing,
}

impl ApiState {
    /// Works on `store` with the machine's clock.
    pub fn new(store: Arc<DynTrackingStore>) -> Self {
        Self { store, clock: Arc::new(SystemClock), closing: Closing::default() }
    }

    /// Runs a write to its end even if the caller hangs up or the request times out meanwhile.
    pub(crate) async fn write<T, F>(&self, write: impl FnOnce(Arc<DynTrackingStore>) -> F) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        match tokio::spawn(write(Arc::clone(&self.store)).in_current_span()).await {
            Ok(answer) => answer,
            Err(error) => resume(error),
        }
    }
}

/// Lets a panic of a task go on in the task that waited for it.
pub(crate) fn resume(error: JoinError) -> ! {
    match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        // Nobody aborts these tasks; only a runtime that shuts down does, and then nobody waits.
        Err(error) => std::panic::panic_any(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use candor_model::{ExperimentId, TimestampMs, TraceInfo};
    use candor_store::{MemoryStore, TrackingStoreExt};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_write_goes_on_when_nobody_waits_for_it() {
        let state = ApiState::new(Arc::new(MemoryStore::new()));
        let trace = "tr-00112233445566778899aabbccddeeff".parse().unwrap();
        let slow = state.write(|store| async move {
            tokio::time::sleep(Duration::from_secs(2)).await;
            store.start_trace(TraceInfo::new(trace, ExperimentId::DEFAULT, TimestampMs::from_millis(0))).await
        });
        assert!(tokio::time::timeout(Duration::from_secs(1), slow).await.is_err());
        assert_eq!(state.store.trace_info(trace).await.unwrap(), None);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(state.store.trace_info(trace).await.unwrap().is_some());
    }
}

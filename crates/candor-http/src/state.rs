use std::sync::Arc;

use candor_store::{Clock, DynTrackingStore, SystemClock};
use tokio::task::JoinError;
use tracing::Instrument;

/// What every router works on: a store and a clock.
#[derive(Clone, Debug)]
pub struct ApiState {
    /// Where everything is kept.
    pub store: Arc<DynTrackingStore>,
    /// Tells the time of what is written.
    pub clock: Arc<dyn Clock>,
}

impl ApiState {
    /// Works on `store` with the machine's clock.
    pub fn new(store: Arc<DynTrackingStore>) -> Self {
        Self { store, clock: Arc::new(SystemClock) }
    }

    /// Runs a write to its end even if the caller hangs up or the request times out meanwhile.
    ///
    /// ```ignore
    /// state.write(|store| async move { store.log_spans(batch).await }).await?;
    /// ```
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

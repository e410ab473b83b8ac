use std::sync::Arc;

use tokio::sync::watch;

/// The word that a service is about to stop, for answers that would go on for ever; clones share it.
///
/// Who serves the routers calls [`begin`](Self::begin) when told to stop, so that open streams end
/// instead of being waited for.
#[derive(Clone, Debug)]
pub struct Closing(Arc<watch::Sender<bool>>);

impl Default for Closing {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Closing {
    /// Tells all who wait.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Waits until [`begin`](Self::begin) is called, or returns at once when it was.
    pub async fn begun(&self) {
        // The sender is held here, so that waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|begun| *begun).await;
    }
}

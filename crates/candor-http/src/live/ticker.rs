use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use candor_store::DynTrackingStore;
use tokio::sync::watch;

/// How often the store is asked while somebody listens, when it does not tell by itself.
const PERIOD: Duration = Duration::from_millis(250);
/// How often to look whether somebody still listens, when it does.
const IDLE: Duration = Duration::from_secs(10);

/// Tells all streams when something new has arrived; one question to the store for all of them.
#[derive(Clone, Debug)]
pub(super) struct Ticker(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Arc<DynTrackingStore>,
    /// The number of the last arrival seen.
    latest: watch::Sender<u64>,
    /// Whether a task asks the store.
    runs: Mutex<bool>,
}

impl Ticker {
    pub(super) fn new(store: Arc<DynTrackingStore>) -> Self {
        Self(Arc::new(Shared { store, latest: watch::Sender::new(0), runs: Mutex::new(false) }))
    }

    /// Changes when something new has arrived.
    pub(super) fn listen(&self) -> watch::Receiver<u64> {
        let mut runs = self.0.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.0.latest.subscribe();
        if !*runs {
            *runs = true;
            tokio::spawn(Arc::clone(&self.0).ask());
        }
        receiver
    }
}

impl Shared {
    /// Asks until nobody listens any more.
    async fn ask(self: Arc<Self>) {
        while self.is_wanted() {
            match self.store.feedback_since(None, 0).await {
                Ok(arrivals) => {
                    self.latest.send_if_modified(|latest| std::mem::replace(latest, arrivals.next) != arrivals.next);
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "cannot ask for new feedback");
                }
            }
            let seen = *self.latest.borrow();
            match tokio::time::timeout(IDLE, self.store.feedback_arrived(seen)).await {
                Ok(Ok(())) | Err(_) => {}
                Ok(Err(_)) => tokio::time::sleep(PERIOD).await,
            }
        }
    }

    fn is_wanted(&self) -> bool {
        // Under the lock, or somebody might begin to listen as this task ends.
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        *runs = self.latest.receiver_count() > 0;
        *runs
    }
}

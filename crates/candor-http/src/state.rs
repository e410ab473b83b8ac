use std::sync::Arc;

use candor_store::{Clock, DynTrackingStore, SystemClock};

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
}

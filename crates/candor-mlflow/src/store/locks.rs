//! What the calls of one store share.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

use candor_model::{ExperimentId, TraceId};
use tokio::sync::{Mutex, MutexGuard};

/// One writer at a time per trace, as far as this store's own calls go: locks that are shared by traces of the same last byte.
///
/// Reading a trace's verdicts and overriding one of them are two calls to the server.
#[derive(Debug)]
pub(crate) struct TraceLocks(Vec<Mutex<()>>);

impl TraceLocks {
    pub(super) async fn lock(&self, trace: TraceId) -> MutexGuard<'_, ()> {
        let last = usize::from(trace.as_bytes()[15]);
        self.0[last % self.0.len()].lock().await
    }
}

impl Default for TraceLocks {
    fn default() -> Self {
        const SHARDS: usize = 64;
        Self((0..SHARDS).map(|_| Mutex::new(())).collect())
    }
}

/// Experiments that are known to exist; the server never forgets one.
#[derive(Debug, Default)]
pub(crate) struct KnownExperiments(RwLock<HashSet<ExperimentId>>);

impl KnownExperiments {
    pub(super) fn contains(&self, id: ExperimentId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }

    pub(super) fn insert(&self, id: ExperimentId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(id);
    }
}

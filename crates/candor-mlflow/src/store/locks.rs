//! One writer at a time per trace, as far as this store's own calls go.

use candor_model::TraceId;
use tokio::sync::{Mutex, MutexGuard};

/// Locks that are shared by traces of the same last byte.
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

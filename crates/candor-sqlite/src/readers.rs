//! Connections that read beside the writer.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use candor_store::{Result, StoreError};
use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::connection::ReaderSource;
use crate::error::{BACKEND, During, closed};

/// A pool of read-only connections, opened when first needed.
pub(crate) struct Readers {
    shared: Arc<Shared>,
}

struct Shared {
    source: ReaderSource,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(source: ReaderSource, size: usize) -> Self {
        let permits = Arc::new(Semaphore::new(size.max(1)));
        Self { shared: Arc::new(Shared { source, idle: Mutex::default(), permits }) }
    }

    /// Runs `work` in a read transaction, so that all that it sees is of one moment.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let shared = Arc::clone(&self.shared);
        let permit = Arc::clone(&shared.permits).acquire_owned().await.map_err(|_| closed())?;
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit; // given back with the connection
            let lease = Lease { connection: Some(shared.connection()?), shared: &shared };
            let connection = lease.connection.as_ref().ok_or_else(closed)?;
            connection.prepare_cached("BEGIN").and_then(|mut begin| begin.execute([])).during(operation)?;
            work(connection)
        });
        task.await
            .unwrap_or_else(|panic| Err(StoreError::Backend { backend: BACKEND, operation, source: Box::new(panic) }))
    }

    /// Waits for running reads, takes no more, and closes the connections.
    pub(crate) async fn close(&self, size: usize) {
        let all = u32::try_from(size.max(1)).unwrap_or(u32::MAX);
        let permits = self.shared.permits.acquire_many(all).await;
        self.shared.permits.close();
        drop(permits);
        self.shared.idle().clear();
    }
}

impl Shared {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connection(&self) -> Result<Connection> {
        if let Some(connection) = self.idle().pop() {
            return Ok(connection);
        }
        self.source.connect().map_err(|error| StoreError::Unavailable { backend: BACKEND, source: Box::new(error) })
    }
}

/// Ends the transaction and gives the connection back, however the read went.
struct Lease<'a> {
    connection: Option<Connection>,
    shared: &'a Shared,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let ended = connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
        if ended.is_ok() || connection.is_autocommit() {
            self.shared.idle().push(connection);
        }
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").field("idle", &self.shared.idle().len()).finish_non_exhaustive()
    }
}

//! Connections that read beside the writer.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candor_store::{Result, StoreError};
use rusqlite::{Connection, InterruptHandle};
use tokio::sync::Semaphore;

use crate::connection::ReaderSource;
use crate::error::{BACKEND, During, closed};
use crate::statements::Statements;

/// A pool of read-only connections, opened when first needed.
pub(crate) struct Readers {
    shared: Arc<Shared>,
}

struct Shared {
    source: ReaderSource,
    size: usize,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(source: ReaderSource, size: usize) -> Self {
        let size = size.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        let permits = Arc::new(Semaphore::new(size));
        Self { shared: Arc::new(Shared { source, size, idle: Mutex::default(), permits }) }
    }

    /// Runs `work` in a read transaction, so that all that it sees is of one moment.
    ///
    /// When the caller goes away the read is interrupted, so that it holds up nobody else.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let shared = Arc::clone(&self.shared);
        let permit = Arc::clone(&shared.permits).acquire_owned().await.map_err(|_| closed())?;
        let progress = Arc::new(Mutex::new(Progress::Waiting));
        let _caller = Caller(Arc::clone(&progress));
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit; // given back after the connection
            let lease = Lease::take(&shared, &progress)?;
            let connection = lease.connection()?;
            connection.run("BEGIN", []).during(operation)?;
            work(connection)
        });
        let failed = |panic| StoreError::Backend { backend: BACKEND, operation, source: Box::new(panic) };
        task.await.unwrap_or_else(|panic| Err(failed(panic)))
    }

    /// Waits for running reads, takes no more, and closes the connections.
    pub(crate) async fn close(&self) {
        let all = self.shared.permits.acquire_many(self.shared.size as u32).await;
        self.shared.permits.close();
        drop(all);
        lock(&self.shared.idle).clear();
    }
}

/// How far a read has come.
enum Progress {
    Waiting,
    Running(InterruptHandle),
    Over,
}

/// The future that waits for a read; dropped with or before its end.
struct Caller(Arc<Mutex<Progress>>);

impl Drop for Caller {
    fn drop(&mut self) {
        // Under the lock, or the connection might be somebody else's by now.
        let mut progress = lock(&self.0);
        if let Progress::Running(handle) = &*progress {
            handle.interrupt();
        }
        *progress = Progress::Over;
    }
}

/// A connection for one read; ends the transaction and gives the connection back, however it went.
struct Lease<'a> {
    connection: Option<Connection>,
    progress: &'a Mutex<Progress>,
    shared: &'a Shared,
}

impl<'a> Lease<'a> {
    fn take(shared: &'a Shared, progress: &'a Mutex<Progress>) -> Result<Self> {
        let idle = lock(&shared.idle).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => shared
                .source
                .connect()
                .map_err(|error| StoreError::Unavailable { backend: BACKEND, source: Box::new(error) })?,
        };
        let lease = Self { connection: Some(connection), progress, shared };
        let mut now = lock(progress);
        if let (Progress::Waiting, Ok(connection)) = (&*now, lease.connection()) {
            *now = Progress::Running(connection.get_interrupt_handle());
            drop(now);
            return Ok(lease);
        }
        drop(now); // the lease takes the lock when it is dropped
        Err(closed()) // nobody hears it
    }

    fn connection(&self) -> Result<&Connection> {
        self.connection.as_ref().ok_or_else(closed)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        *lock(self.progress) = Progress::Over; // from here on nobody may interrupt it
        let Some(connection) = self.connection.take() else { return };
        if connection.run("COMMIT", []).is_ok() || connection.is_autocommit() {
            lock(&self.shared.idle).push(connection);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let idle = lock(&self.shared.idle).len();
        f.debug_struct("Readers").field("size", &self.shared.size).field("idle", &idle).finish_non_exhaustive()
    }
}

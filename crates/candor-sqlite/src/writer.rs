//! The one thread that writes: it takes what is waiting, commits it at once, and answers then.

mod batch;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use candor_store::{Result, StoreError};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::SqliteOptions;
use crate::checkpoint::Checkpoints;
use crate::error::{BACKEND, closed};
use crate::lock::WriterLock;
use batch::{Call, Job};

pub(crate) use batch::Undo;

/// A guess of how long a full queue takes to make room.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The way to the writer thread; dropping it finishes what was accepted.
pub(crate) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    counters: Arc<Counters>,
    capacity: usize,
}

/// What the writer has done since it was opened.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Transactions committed.
    pub(crate) commits: AtomicU64,
    /// Calls answered, well or not.
    pub(crate) calls: AtomicU64,
}

impl Writer {
    /// Starts the thread, which owns connection and lock from here on.
    pub(crate) fn start(
        connection: Connection,
        checkpoints: Option<Checkpoints>,
        lock: WriterLock,
        options: &SqliteOptions,
    ) -> Result<Self, std::io::Error> {
        let capacity = options.queue_calls.max(1);
        let (queue, waiting) = mpsc::channel(capacity);
        let counters = Arc::new(Counters::default());
        let mut thread = batch::Thread {
            connection,
            checkpoints,
            waiting,
            batch_calls: options.batch_calls.max(1),
            counters: Arc::clone(&counters),
        };
        let thread = std::thread::Builder::new().name("candor-sqlite-writer".to_owned()).spawn(move || {
            thread.run();
            thread.close();
            drop(lock); // not before the connection is closed
        })?;
        Ok(Self { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)), counters, capacity })
    }

    /// Does `work` in a transaction and answers once it is durable.
    ///
    /// The work is done even if the caller goes away meanwhile.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        operation: &'static str,
        undo: Undo,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Box::new(Call::new(operation, undo, work, reply)))?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    fn enqueue(&self, job: Box<dyn Job>) -> Result<()> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queue.as_ref().ok_or_else(closed)?;
        queue.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                StoreError::Overloaded { backend: BACKEND, waiting: self.capacity, retry_after: RETRY_AFTER }
            }
            mpsc::error::TrySendError::Closed(_) => closed(),
        })
    }

    /// The number of calls that wait, those of the running batch not among them.
    pub(crate) fn queue_depth(&self) -> usize {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.as_ref().map_or(0, |queue| queue.max_capacity() - queue.capacity())
    }

    pub(crate) fn counters(&self) -> (u64, u64) {
        (self.counters.commits.load(Ordering::Relaxed), self.counters.calls.load(Ordering::Relaxed))
    }

    /// Takes no more calls and waits until those accepted are done and the file is closed.
    pub(crate) fn finish(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        // The lock is held meanwhile, so that everybody who closes waits for the end.
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the sqlite writer thread has panicked");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.finish();
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("queue_depth", &self.queue_depth()).finish_non_exhaustive()
    }
}

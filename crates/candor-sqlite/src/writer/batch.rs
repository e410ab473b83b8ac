use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use candor_store::{Result, StoreError};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::Counters;
use crate::error::{BACKEND, During, from_driver};

/// A write that waits for its turn.
pub(super) trait Job: Send {
    /// Does the work within the open transaction, keeps the result, and returns whether it went well.
    ///
    /// When not, it has undone what it did, unless it is `alone` in the transaction.
    fn run(&mut self, connection: &Connection, alone: bool) -> bool;

    /// Tells the caller: the result, or why the whole batch was lost.
    fn answer(self: Box<Self>, lost: Option<&Arc<rusqlite::Error>>);
}

/// The ordinary [`Job`].
pub(super) struct Call<T, W> {
    operation: &'static str,
    work: Option<W>,
    /// `None` until it has run.
    result: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, W: FnOnce(&Connection) -> Result<T>> Call<T, W> {
    pub(super) fn new(operation: &'static str, work: W, reply: oneshot::Sender<Result<T>>) -> Self {
        Self { operation, work: Some(work), result: None, reply }
    }

    fn in_savepoint(&mut self, connection: &Connection) -> Result<T> {
        let operation = self.operation;
        execute(connection, "SAVEPOINT call").during(operation)?;
        let result = self.guarded(connection);
        // After some errors SQLite has rolled everything back by itself.
        if result.is_ok() {
            execute(connection, "RELEASE call").during(operation)?;
        } else if !connection.is_autocommit() {
            let undone = execute(connection, "ROLLBACK TO call").and_then(|()| execute(connection, "RELEASE call"));
            if undone.is_err() {
                // Half a call must not be committed: better to lose the batch, which its callers are told.
                let _ = execute(connection, "ROLLBACK");
            }
        }
        result
    }

    /// The work; a panic becomes an error.
    fn guarded(&mut self, connection: &Connection) -> Result<T> {
        let Some(work) = self.work.take() else { return Err(crate::error::closed()) };
        let panicked = |_| {
            let source = "a panic in the writer".into();
            Err(StoreError::Backend { backend: BACKEND, operation: self.operation, source })
        };
        catch_unwind(AssertUnwindSafe(|| work(connection))).unwrap_or_else(panicked)
    }
}

impl<T: Send, W: FnOnce(&Connection) -> Result<T> + Send> Job for Call<T, W> {
    fn run(&mut self, connection: &Connection, alone: bool) -> bool {
        let result = if alone { self.guarded(connection) } else { self.in_savepoint(connection) };
        self.result.insert(result).is_ok()
    }

    fn answer(self: Box<Self>, lost: Option<&Arc<rusqlite::Error>>) {
        let answer = match (self.result, lost) {
            (Some(done), None) => done,
            // The failure that undid the batch says more than that it was undone.
            (
                Some(Err(
                    own @ (StoreError::Unavailable { .. } | StoreError::Corrupt { .. } | StoreError::Backend { .. }),
                )),
                Some(_),
            ) => Err(own),
            // Any other answer may rest on what was undone.
            (_, Some(cause)) => Err(from_driver(self.operation, Arc::clone(cause))),
            (None, None) => Err(crate::error::closed()),
        };
        // The caller may have gone away; its write stands.
        let _ = self.reply.send(answer);
    }
}

pub(super) struct Thread {
    pub(super) connection: Connection,
    pub(super) waiting: mpsc::Receiver<Box<dyn Job>>,
    pub(super) batch_calls: usize,
    pub(super) counters: Arc<Counters>,
}

impl Thread {
    /// Works until nobody can send calls any more and none is waiting.
    pub(super) fn run(&mut self) {
        let mut batch = Vec::with_capacity(self.batch_calls);
        while let Some(first) = self.waiting.blocking_recv() {
            batch.push(first);
            while batch.len() < self.batch_calls
                && let Ok(next) = self.waiting.try_recv()
            {
                batch.push(next);
            }
            let lost = self.commit(&mut batch).err().map(Arc::new);
            if let Some(cause) = &lost {
                tracing::error!(batch.len = batch.len(), error = %cause, "a batch of writes was lost");
            }
            self.counters.calls.fetch_add(batch.len() as u64, Ordering::Relaxed);
            batch.drain(..).for_each(|job| job.answer(lost.as_ref()));
        }
    }

    /// All of the batch in one transaction, or nothing.
    fn commit(&mut self, batch: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
        let connection = &self.connection;
        if !connection.is_autocommit() {
            execute(connection, "ROLLBACK")?; // what an earlier failure left open
        }
        execute(connection, "BEGIN IMMEDIATE")?;
        if let [only] = batch {
            let done = only.run(connection, true);
            if !done {
                // Nobody else has lost anything.
                return if connection.is_autocommit() { Ok(()) } else { execute(connection, "ROLLBACK") };
            }
        } else {
            for job in batch {
                job.run(connection, false);
                if connection.is_autocommit() {
                    return Err(rolled_back());
                }
            }
        }
        if connection.is_autocommit() {
            return Err(rolled_back());
        }
        match execute(connection, "COMMIT") {
            Ok(()) => {
                self.counters.commits.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => {
                if !connection.is_autocommit() {
                    execute(connection, "ROLLBACK")?;
                }
                Err(error)
            }
        }
    }

    /// Copies the log into the file, so that a backup of the one file has everything.
    pub(super) fn close(self) {
        self.connection.flush_prepared_statement_cache();
        let finish = |connection: &Connection| {
            // One row that tells of readers in the way; the next opening does the rest then.
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        };
        if let Err(error) = finish(&self.connection) {
            tracing::warn!(%error, "could not copy the write-ahead log into the database file");
        }
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "could not close the database file");
        }
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

/// The cause is with the call whose failure it was.
fn rolled_back() -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
    rusqlite::Error::SqliteFailure(code, Some("the transaction was rolled back".to_owned()))
}

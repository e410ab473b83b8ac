use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use candor_store::{Result, StoreError};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::Counters;
use crate::checkpoint::Checkpoints;
use crate::error::{BACKEND, During, from_driver};

/// What undoes a call that fails after it has written something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undo {
    /// A savepoint of its own, which costs a copy of every page that the call changes.
    Call,
    /// The end of the whole batch: for calls that refuse before they write, so that only a failing
    /// back end is left to interrupt them.
    Batch,
}

/// A write that waits for its turn.
pub(super) trait Job: Send {
    /// Does the work within the open transaction, keeps the result, and returns whether nothing is
    /// left of it that must be undone.
    fn run(&mut self, connection: &Connection, alone: bool) -> bool;

    /// Tells the caller: the result, or why the whole batch was lost.
    fn answer(self: Box<Self>, lost: Option<&Arc<rusqlite::Error>>);
}

/// The ordinary [`Job`].
pub(super) struct Call<T, W> {
    operation: &'static str,
    undo: Undo,
    work: Option<W>,
    /// `None` until it has run.
    result: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, W: FnOnce(&Connection) -> Result<T>> Call<T, W> {
    pub(super) fn new(operation: &'static str, undo: Undo, work: W, reply: oneshot::Sender<Result<T>>) -> Self {
        Self { operation, undo, work: Some(work), result: None, reply }
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
        if self.undo == Undo::Call && !alone {
            self.result = Some(self.in_savepoint(connection));
            return true;
        }
        let before = connection.total_changes();
        let result = self.guarded(connection);
        self.result.insert(result).is_ok() || connection.total_changes() == before
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
    /// `None` when they could not be started: the writer then does all copying.
    pub(super) checkpoints: Option<Checkpoints>,
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
            if let Some(checkpoints) = &self.checkpoints {
                checkpoints.after_commit(&self.connection);
            }
        }
    }

    /// All of the batch in one transaction, or nothing.
    fn commit(&mut self, batch: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
        let connection = &self.connection;
        if !connection.is_autocommit() {
            execute(connection, "ROLLBACK")?; // what an earlier failure left open
        }
        execute(connection, "BEGIN IMMEDIATE")?;
        let alone = batch.len() == 1;
        for job in batch {
            let clean = job.run(connection, alone);
            if !clean && !connection.is_autocommit() {
                execute(connection, "ROLLBACK")?;
            }
            if !clean && alone {
                return Ok(()); // nobody else has lost anything
            }
            if connection.is_autocommit() {
                return Err(rolled_back());
            }
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
        drop(self.checkpoints); // so that this connection is the last, which removes the log
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

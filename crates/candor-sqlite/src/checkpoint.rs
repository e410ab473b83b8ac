//! Copying the write-ahead log into the file beside the writer, so that writes do not wait for it.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, OpenFlags};

use crate::connection::set_up_checkpoints;

/// Frames of log not yet in the file that make a copying worth its two syncs: 16 MiB. Of a page that has
/// changed several times only the last state is copied; with more at a time commits wait longer for
/// the disk.
const WORTH_COPYING: i64 = 4096;

/// The way to the thread that copies; dropping it waits for its end.
///
/// The log starts anew only when all of it is in the file, which a busy writer never lets happen. So
/// the writer itself copies the little that is left, once the log has grown to
/// [`LOG_PAGES`](crate::connection::LOG_PAGES).
#[derive(Debug)]
pub(crate) struct Checkpoints {
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Starts the thread with a connection of its own.
    ///
    /// # Errors
    /// Those of opening the file and of starting the thread.
    pub(crate) fn start(path: &Path) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        set_up_checkpoints(&connection)?;
        let (wake, woken) = sync_channel(1);
        let run = move || copy_when_woken(&connection, &woken);
        let thread = std::thread::Builder::new().name("candor-sqlite-checkpoint".to_owned()).spawn(run)?;
        Ok(Self { wake: Some(wake), thread: Some(thread) })
    }

    /// Has the log copied if there is enough of it; does not wait.
    pub(crate) fn after_commit(&self, writer: &Connection) {
        let progress = |connection: &Connection| -> rusqlite::Result<(i64, i64)> {
            let mut select = connection.prepare_cached("PRAGMA wal_checkpoint(NOOP)")?;
            select.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))
        };
        if let (Ok((frames, copied)), Some(wake)) = (progress(writer), &self.wake)
            && frames - copied >= WORTH_COPYING
        {
            let _ = wake.try_send(()); // full when it is awake already
        }
    }
}

fn copy_when_woken(connection: &Connection, woken: &Receiver<()>) {
    while woken.recv().is_ok() {
        // Passive: waits for nobody and stops at what readers still need.
        if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            tracing::warn!(%error, "could not copy the write-ahead log into the database file");
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        drop(self.wake.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that copies the write-ahead log has panicked");
        }
    }
}

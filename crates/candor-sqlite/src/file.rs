//! A SQLite file with one writer and many readers, whatever is in it.
//!
//! What the tracking store stands on, for other crates that keep something in a file of their own:
//! opening with all checks, group commit, pooled readers, and driver errors as
//! [`StoreError`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use candor_store::{Result, StoreError};
use rusqlite::Connection;
use rusqlite_migration::Migrations;

use crate::checkpoint::Checkpoints;
use crate::connection::{self, ReaderSource};
use crate::error::BACKEND;
use crate::lock::WriterLock;
use crate::readers::Readers;
use crate::writer::{Undo, Writer};
use crate::{OpenError, SqliteOptions};

pub use crate::error::{During, corrupt};
pub use crate::statements::Statements;

/// What a file of one application looks like.
#[derive(Debug)]
pub struct Layout {
    /// Stands in the header of every such file, so that no other is taken for one.
    pub application_id: i64,
    /// The version of the schema that this program writes and reads.
    pub version: i64,
    /// Brings any older version up to date, one transaction per step.
    pub migrations: Migrations<'static>,
    /// Adds to a reader's connection what its statements need.
    pub set_up_reader: fn(&Connection) -> rusqlite::Result<()>,
}

/// An open file.
///
/// Dropping it finishes what was accepted, which blocks; [`close`](Self::close) does not.
#[derive(Debug)]
pub struct SqliteFile {
    path: PathBuf,
    readers: Readers,
    /// `None` when the file was opened for reading.
    writer: Option<Arc<Writer>>,
}

impl SqliteFile {
    /// Opens a file for reading and writing, makes it if there is none, and updates its schema.
    ///
    /// The file is kept from other writers by a lock on `<path>.lock`.
    ///
    /// # Errors
    /// [`OpenError`] tells path, cause and, where one is known, the remedy.
    pub fn open(path: &Path, layout: &'static Layout, options: &SqliteOptions) -> Result<Self, OpenError> {
        let path = connection::resolve(path)?;
        let lock = WriterLock::acquire(&path)?;
        let connection = connection::open_writer(&path, layout, options)?;
        let readers = Readers::new(ReaderSource::beside_writer(&path, layout, options), options.readers);
        let checkpoints = Checkpoints::start(&path)
            .inspect_err(|error| tracing::warn!(%error, "the writer itself copies the write-ahead log"))
            .ok();
        let writer = Writer::start(connection, checkpoints, lock, options)
            .map_err(|source| OpenError::Failed { path: path.clone(), source: Box::new(source) })?;
        Ok(Self { path, readers, writer: Some(Arc::new(writer)) })
    }

    /// Opens an existing file for reading, whether or not another process writes to it.
    ///
    /// # Errors
    /// [`OpenError::Missing`], [`OpenError::SchemaTooOld`] and most of the others.
    pub fn open_read_only(path: &Path, layout: &'static Layout, options: &SqliteOptions) -> Result<Self, OpenError> {
        let path = connection::resolve(path)?;
        if !path.exists() {
            return Err(OpenError::Missing { path });
        }
        let readers = Readers::new(ReaderSource::alone(&path, layout, options)?, options.readers);
        Ok(Self { path, readers, writer: None })
    }

    /// A connection for short writes to an existing file, whether or not another process writes to it.
    ///
    /// For tools beside a server that keeps nothing of the file in memory; the server's own writes
    /// wait meanwhile.
    ///
    /// # Errors
    /// As [`open_read_only`](Self::open_read_only).
    pub fn connect_beside(path: &Path, layout: &Layout, options: &SqliteOptions) -> Result<Connection, OpenError> {
        connection::open_beside(&connection::resolve(path)?, layout, options)
    }

    /// The file's path, without links and dots.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` in a read transaction, so that all that it sees is of one moment.
    ///
    /// # Errors
    /// Those of `work`; [`StoreError::Unavailable`] when the file cannot be read or is closed.
    pub async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.readers.read(operation, work).await
    }

    /// Does `work` in a savepoint of its own and answers once it is durable.
    ///
    /// Calls that wait at the same time share a commit. The work is done even if the caller goes
    /// away meanwhile.
    ///
    /// # Errors
    /// Those of `work`; [`StoreError::Overloaded`] when too many calls wait, and
    /// [`StoreError::Unavailable`] when the file cannot be written or is closed: nothing was written.
    pub async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.call(operation, Undo::Call, work).await
    }

    /// As [`write`](Self::write), but without a savepoint: for work that writes nothing when it refuses.
    ///
    /// Should it fail all the same after it has written, the calls that share its commit fail, too.
    ///
    /// # Errors
    /// Those of [`write`](Self::write).
    pub(crate) async fn write_or_refuse<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.call(operation, Undo::Batch, work).await
    }

    async fn call<T: Send + 'static>(
        &self,
        operation: &'static str,
        undo: Undo,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let Some(writer) = &self.writer else {
            return Err(StoreError::Unsupported { backend: BACKEND, operation: "write to a file opened for reading" });
        };
        writer.call(operation, undo, work).await
    }

    /// The number of write calls that wait for the writer.
    pub fn queue_depth(&self) -> usize {
        self.writer.as_ref().map_or(0, |writer| writer.queue_depth())
    }

    /// Transactions committed and write calls answered since the file was opened.
    pub fn counters(&self) -> (u64, u64) {
        self.writer.as_ref().map_or((0, 0), |writer| writer.counters())
    }

    /// Finishes what was accepted, copies the log into the file and closes it.
    pub async fn close(&self) {
        self.readers.close().await;
        if let Some(writer) = &self.writer {
            let writer = Arc::clone(writer);
            let finished = tokio::task::spawn_blocking(move || writer.finish()).await;
            if let Err(error) = finished {
                tracing::error!(%error, "could not wait for the sqlite writer");
            }
        }
    }
}

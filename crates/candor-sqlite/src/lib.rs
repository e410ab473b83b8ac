//! The embedded SQLite tracking store: one file, no server beside it.
//!
//! Depend on this crate to keep traces and feedback in a file through [`candor_store::TrackingStore`].
//! It is made for one process that writes; others may read the file meanwhile
//! ([`SqliteStore::open_read_only`]). It is not for several machines, nor for network file systems.
//!
//! # What an acknowledgement promises
//! A write that returned `Ok` is in the file and synced to the disk: it survives a crash of the
//! process and the loss of power, and every read that starts later sees it. Calls that wait at the
//! same time share one transaction and one sync (group commit), kept apart so
//! that a call that fails takes nothing of the others along. A write that returned an error has
//! left nothing behind. When too many calls wait, new ones fail at once with
//! [`Overloaded`](candor_store::StoreError::Overloaded); a full disk answers
//! [`Unavailable`](candor_store::StoreError::Unavailable) and what is stored stays readable.
//!
//! # Building
//! SQLite is built along. Its defaults take a lock of the whole process for each page; a workspace of
//! your own leaves that out as ours does, by `LIBSQLITE3_FLAGS` in `.cargo/config.toml`:
//! `-USQLITE_ENABLE_MEMORY_MANAGEMENT -DSQLITE_DEFAULT_MEMSTATUS=0`.
//!
//! # Example
//! ```
//! use std::sync::Arc;
//! use candor_model::{AssessmentBody, ExperimentId, Source, TimestampMs, TraceId, TraceInfo, Value};
//! use candor_sqlite::{SqliteOptions, SqliteStore};
//! use candor_store::{NewAssessment, TrackingStore, TrackingStoreExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! let path = directory.path().join("candor.db");
//! let store: Arc<dyn TrackingStore> = Arc::new(SqliteStore::open(&path, SqliteOptions::default())?);
//! let trace: TraceId = "tr-4bf92f3577b34da6a3ce929d0e0e4736".parse()?;
//! let now = TimestampMs::from_millis(1_767_323_045_678);
//! store.start_trace(TraceInfo::new(trace, ExperimentId::DEFAULT, now)).await?;
//!
//! let body = AssessmentBody::feedback(Value::Bool(true));
//! let verdict = NewAssessment::new(trace, "user_feedback".parse()?, Source::human("user-1")?, body, now);
//! store.log_assessment(verdict).await?;
//! store.close().await?;
//!
//! let reader = SqliteStore::open_read_only(&path)?;
//! let info = reader.trace_info(trace).await?.expect("it outlives the writer");
//! assert_eq!(info.assessments.len(), 1);
//! # Ok(())
//! # }
//! ```

mod arrivals;
mod assessments;
mod checkpoint;
mod comments;
mod connection;
mod convert;
mod error;
mod experiments;
pub mod file;
mod functions;
mod lock;
mod metrics;
mod options;
mod pending;
mod readers;
mod report;
mod rollups;
mod schema;
mod search;
mod statements;
mod stats;
mod store;
mod targets;
mod traces;
mod writer;

pub use error::OpenError;
pub use options::SqliteOptions;
pub use report::Report;
pub use store::SqliteStore;

#[cfg(test)]
mod tests;

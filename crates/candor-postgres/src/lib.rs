//! The PostgreSQL tracking store: one database, as many servers before it as are needed.
//!
//! Depend on this crate to keep traces and feedback in PostgreSQL 14 or later through
//! [`candor_store::TrackingStore`]. Months are partitions, so that old ones can be dropped at once
//! ([`PostgresStore::retain`]). For one machine the SQLite store is faster and needs no server.
//!
//! # What an acknowledgement promises
//! A write that returned `Ok` is committed: it survives whatever the server's own settings let a
//! commit survive (`fsync` and `synchronous_commit` are on by default; with synchronous replication
//! also the loss of a machine), and every read that starts later, through any process, sees it.
//! Calls that wait at the same time share transactions. A write that returned an error has left
//! nothing behind, with one exception: when the connection breaks during a commit nobody can know
//! what became of it. That answers [`Unavailable`](candor_store::StoreError::Unavailable), and the
//! same call may be repeated: assessments, spans and traces are recognised by their ids.
//!
//! # Several processes
//! Writers of one trace take turns, by advisory locks that last as long as their transactions, so
//! that one verdict per person holds whichever process took it. Feedback is numbered in the order of
//! commits ([`feedback_since`](candor_store::TrackingStore::feedback_since)), and every commit that
//! brings some notifies the channel `candor_feedback`.
//!
//! # Example
//! ```no_run
//! use std::sync::Arc;
//! use candor_model::{AssessmentBody, ExperimentId, Source, TimestampMs, TraceId, TraceInfo, Value};
//! use candor_postgres::{PostgresOptions, PostgresStore};
//! use candor_store::{NewAssessment, TrackingStore, TrackingStoreExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let options = PostgresOptions::new("postgres://candor@db.example/candor?sslmode=verify-full");
//! let store: Arc<dyn TrackingStore> = Arc::new(PostgresStore::connect(options).await?);
//! let trace: TraceId = "tr-4bf92f3577b34da6a3ce929d0e0e4736".parse()?;
//! let now = TimestampMs::from_millis(1_767_323_045_678);
//! store.start_trace(TraceInfo::new(trace, ExperimentId::DEFAULT, now)).await?;
//!
//! let body = AssessmentBody::feedback(Value::Bool(true));
//! let verdict = NewAssessment::new(trace, "user_feedback".parse()?, Source::human("user-1")?, body, now);
//! store.log_assessment(verdict).await?;
//! store.close().await?;
//! # Ok(())
//! # }
//! ```

mod arrivals;
mod assessments;
mod comments;
mod convert;
mod error;
mod experiments;
mod listening;
mod locks;
mod metrics;
mod options;
mod partitions;
mod pending;
mod report;
mod rollups;
mod schema;
mod search;
mod stats;
mod store;
mod targets;
mod text;
mod traces;
mod writer;

pub use error::ConnectError;
pub use options::PostgresOptions;
pub use report::Report;
pub use store::PostgresStore;

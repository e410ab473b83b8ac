//! Store-and-forward: puts a durable queue in front of any tracking store.
//!
//! Depend on this crate to keep accepting traces and feedback while the back end is away. A
//! [`Spool`] is a [`TrackingStore`](candor_store::TrackingStore) around another one. It is not a
//! cache and not a replica: reads go to the back end.
//!
//! # What is spooled
//! | call | goes | answered |
//! |---|---|---|
//! | `log_assessments`, `start_traces`, `log_spans`, `update_trace_tag` | through the file | by the back end if it answers within [`patience`](SpoolOptions::patience), else as accepted |
//! | `update_assessment`, `delete_assessment`, `delete_traces`, `link_traces` | straight on, once earlier writes to the same traces have arrived | by the back end |
//! | experiments | straight on | by the back end |
//! | `get_traces`, `get_assessment`, `resolve_target` | straight on, once earlier writes to the same traces have arrived | by the back end |
//! | `search_traces`, `feedback_stats` | straight on | by the back end, of what has arrived |
//! | `pending_feedback` | nowhere | by the file |
//!
//! # What an acknowledgement promises
//! A spooled write that returned `Ok` is on the back end, or in the file and synced to the disk. It
//! is forwarded in the order of the writes to its trace, again and again until the back end takes
//! it. What the back end refuses for good, and an assessment whose trace has not come by the
//! [deadline](SpoolOptions::trace_deadline), becomes a *dead letter*: it is kept with the reason
//! until somebody retries or drops it ([`SpoolFile`]). A refusal that comes while the caller still
//! waits is the caller's answer, and nothing is kept.
//!
//! Assessments have ids that the caller chose, and a store takes an id once, so an assessment is
//! there once however often it is sent; what may have been sent before is looked up first.
//!
//! While the back end is down nobody can say whether a trace is there. A write is accepted then
//! even if it would be refused: an assessment that must not wait for its trace is answered as it
//! will be, and is a dead letter if its trace turns out not to exist.
//!
//! # Example
//! ```
//! use std::sync::Arc;
//! use candor_model::{ExperimentId, TimestampMs, TraceId, TraceInfo};
//! use candor_spool::{Spool, SpoolOptions};
//! use candor_store::{MemoryStore, TrackingStore, TrackingStoreExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! let path = directory.path().join("spool.db");
//! let back_end = Arc::new(MemoryStore::new());
//! let store = Spool::open(&path, back_end.clone(), SpoolOptions::default())?;
//! let trace: TraceId = "tr-4bf92f3577b34da6a3ce929d0e0e4736".parse()?;
//! store.start_trace(TraceInfo::new(trace, ExperimentId::DEFAULT, TimestampMs::from_millis(0))).await?;
//! assert!(back_end.trace_info(trace).await?.is_some());
//! store.close().await?;
//! # Ok(())
//! # }
//! ```

mod admin;
mod callers;
mod entry;
mod forward;
pub mod metrics;
mod options;
mod pending;
mod queue;
mod schema;
mod shared;
mod store;

pub use admin::{EntryQuery, SpoolEntry, SpoolFile, SpoolStatus};
pub use candor_sqlite::OpenError;
pub use entry::{EntryKind, EntryState};
pub use options::SpoolOptions;
pub use store::Spool;

#[cfg(test)]
mod tests;

//! Moves experiments, traces, spans and assessments between any two tracking stores.
//!
//! Works on `dyn TrackingStore` alone, so it knows neither files nor servers: whatever has a back
//! end can be copied from and to. Ids and times are kept. It is no backup of a back end's file and
//! no live replication: it copies what is there, and a second run copies what has come since.
//!
//! * **Resumable.** A trace that the target has already, equal in every field, is not written
//!   again. So an interrupted [`copy`](Transfer::copy) is finished by running it once more; no
//!   state is kept anywhere.
//! * **Checked.** [`verify`](Transfer::verify) compares both sides trace by trace and names the
//!   fields that differ.
//!
//! # What is not the same afterwards
//! | what | why |
//! |---|---|
//! | ids of experiments, where their files are | the target gives its own; experiments are matched by name |
//! | metadata `mlflow.trace.infoFinalized` | every copied trace has it, those that came as spans alone too |
//! | the kind of a span (`SERVER`, …) | MLflow's JSON has no place for it; unknown is no difference |
//! | links of traces to runs and prompts | a store can be searched by them, but does not list them |
//!
//! # Example
//! ```
//! use candor_model::{ExperimentId, TimestampMs, TraceInfo};
//! use candor_store::{MemoryStore, TrackingStoreExt};
//! use candor_transfer::Transfer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (from, to) = (MemoryStore::new(), MemoryStore::new());
//! let trace = "tr-4bf92f3577b34da6a3ce929d0e0e4736".parse()?;
//! from.start_trace(TraceInfo::new(trace, ExperimentId::DEFAULT, TimestampMs::from_millis(0))).await?;
//!
//! let transfer = Transfer::new(&from, &to);
//! let copied = transfer.copy(|progress| println!("{} traces", progress.traces_done)).await?;
//! assert_eq!(copied.written, 1);
//! assert!(transfer.verify(|_| ()).await?.is_equal());
//! # Ok(())
//! # }
//! ```

mod compare;
mod copy;
mod error;
mod experiments;
mod pending;
mod progress;
mod transfer;
mod verify;

pub use compare::{Difference, differences};
pub use copy::{Copied, Refusal};
pub use error::TransferError;
pub use progress::Progress;
pub use transfer::Transfer;
pub use verify::{Comparison, Unequal};

#[cfg(test)]
mod tests;

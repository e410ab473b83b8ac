//! Candor in one dependency: every layer under its own name, and stores opened by URL.
//!
//! The binary of this package is the server and the command line. Use this library to build an app
//! of the same parts; depend on a single layer's crate instead when that is all you need.
//!
//! ```
//! use candor::{StoreOptions, StoreUrl, store::TrackingStoreExt};
//! use candor::model::{ExperimentId, TimestampMs, TraceInfo};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = "memory:".parse::<StoreUrl>()?.open(StoreOptions::default()).await?;
//! let trace = "tr-4bf92f3577b34da6a3ce929d0e0e4736".parse()?;
//! store.start_trace(TraceInfo::new(trace, ExperimentId::DEFAULT, TimestampMs::from_millis(0))).await?;
//! # Ok(())
//! # }
//! ```

mod remote;
mod store_url;

pub use candor_analytics as analytics;
pub use candor_chat as chat;
pub use candor_context as context;
pub use candor_filter as filter;
pub use candor_http as http;
pub use candor_mlflow as mlflow;
pub use candor_model as model;
pub use candor_postgres as postgres;
pub use candor_spool as spool;
pub use candor_sqlite as sqlite;
pub use candor_store as store;
pub use candor_transfer as transfer;
pub use candor_wire as wire;
pub use store_url::{DatabaseOptions, DatabaseUrl, OpenStoreError, StoreOptions, StoreUrl, StoreUrlError};

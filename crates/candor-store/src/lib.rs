//! The storage contract of Candor: what a tracking store promises, whatever keeps the data.
//!
//! Depend on this crate to *use* any back end through [`TrackingStore`], or to *write* one. It does
//! no I/O itself: [`MemoryStore`] is the only implementation here. It knows neither SQL nor HTTP.
//!
//! # Writing a back end
//! 1. Implement the required methods of [`TrackingStore`]; [`ingest`], [`target`] and [`validity`]
//!    hold the rules that every back end shares.
//! 2. Map the driver's errors to [`StoreError`] in one function.
//! 3. Run `tracking_store_conformance!` against a fresh store (feature `conformance`).
//! 4. Declare gaps in [`Capabilities`], never silently.
//!
//! `examples/toy_backend.rs` does all four.
//!
//! # Features
//! | name | default | effect |
//! |---|---|---|
//! | `mock` | no | `MockTrackingStore` (mockall), for your dev-dependencies |
//! | `conformance` | no | the suite that every back end runs, for your dev-dependencies |
//! | `retry` | no | [`decorators`]: `Retrying` |
//! | `metrics` | no | [`decorators`]: `Metered` |
//! | `gate` | no | [`decorators`]: `Gated` |
//! | `faults` | no | [`decorators`]: `Faulty`, for your dev-dependencies |
//!
//! # Example
//! ```
//! use std::sync::Arc;
//! use candor_model::{AssessmentBody, ExperimentId, Source, TimestampMs, TraceId, TraceInfo, Value};
//! use candor_store::{MemoryStore, NewAssessment, TrackingStore, TrackingStoreExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store: Arc<dyn TrackingStore> = Arc::new(MemoryStore::new());
//! let trace: TraceId = "tr-4bf92f3577b34da6a3ce929d0e0e4736".parse()?;
//! let now = TimestampMs::from_millis(1_767_323_045_678);
//! store.start_trace(TraceInfo::new(trace, ExperimentId::DEFAULT, now)).await?;
//!
//! let body = AssessmentBody::feedback(Value::Bool(true));
//! let verdict = NewAssessment::new(trace, "user_feedback".parse()?, Source::human("user-1")?, body, now);
//! store.log_assessment(verdict).await?;
//!
//! let info = store.trace_info(trace).await?.expect("it was just started");
//! assert_eq!(info.assessments.len(), 1);
//! # Ok(())
//! # }
//! ```

mod arrivals;
mod assessments;
mod clock;
mod comments;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod decorators;
mod error;
pub mod evaluation;
mod experiments;
mod ext;
pub mod ingest;
mod memory;
pub mod metrics;
mod overlap;
mod page;
mod pending;
mod stats;
mod store;
pub mod target;
mod traces;
pub mod validity;
mod working_set;

pub use arrivals::{Arrival, Arrivals};
pub use assessments::{
    AssessmentUpdate, Logged, NewAssessment, WhenMissing, body_from_text, body_text, new_assessment_id,
};
pub use async_trait::async_trait;
pub use clock::{Clock, ManualClock, SystemClock};
pub use comments::{CommentQuery, Words};
pub use error::{BoxError, Missing, Result, StoreError};
pub use experiments::{ExperimentChange, ExperimentKey, ExperimentQuery, ExperimentView, NewExperiment};
pub use ext::TrackingStoreExt;
pub use memory::MemoryStore;
pub use overlap::{Overlap, OverlapQuery};
pub use page::Page;
pub use pending::{PendingFeedback, PendingQuery};
pub use stats::{
    FeedbackStats, MAX_VALUE_TEXT, NameStats, PeriodCounts, Periods, Segment, SegmentKey, SegmentQuery, Segments,
    SeriesQuery, StatsQuery, TimeAxis, TimeRange, ValueCount, ValueCounts, counted_value,
};
#[cfg(feature = "mock")]
pub use store::MockTrackingStore;
pub use store::{Capabilities, DynTrackingStore, Gaps, TrackingStore};
pub use target::{Target, TargetRef};
pub use traces::{SpanBatch, SpanGroup, TagChange, TraceLink, TraceQuery, TraceSelection};
pub use working_set::WorkingSet;

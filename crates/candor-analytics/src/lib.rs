//! Feedback rates and ratings over any tracking store.
//!
//! Depend on this crate to *ask* what people think of the answers: how many answers were judged, what
//! share of the verdicts is positive, how each dimension is rated; over time, by segment, and against
//! the period before. It counts nothing itself: a report is one call such as
//! [`TrackingStore::feedback_stats`](candor_store::TrackingStore::feedback_stats),
//! which fast back ends answer from their own sums. It knows no back end and no HTTP; the report
//! types are `Serialize`, and that is their JSON in Candor's API.
//!
//! # What is counted
//! Only *valid* feedback: no overridden, withdrawn or failed verdict. By default only what people
//! said ([`SourceType::Human`](candor_model::SourceType::Human)); judges and programs join in when
//! [`ReportOptions::source_types`] names them. [`FeedbackSummary`] and [`Ratings`] define each figure.
//!
//! # Example
//! ```
//! use candor_analytics::{ReportOptions, report};
//! use candor_model::{AssessmentBody, ExperimentId, Source, TimestampMs, TraceId, TraceInfo, Value};
//! use candor_store::{MemoryStore, NewAssessment, TrackingStoreExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = MemoryStore::new();
//! let now = TimestampMs::from_millis(1_767_323_045_678);
//! for byte in 1..=4 {
//!     let trace = TraceId::from_bytes([byte; 16]);
//!     store.start_trace(TraceInfo::new(trace, ExperimentId::DEFAULT, now)).await?;
//! }
//! let body = AssessmentBody::feedback(Value::Bool(true));
//! let judged = TraceId::from_bytes([1; 16]);
//! store.log_assessment(NewAssessment::new(judged, "user_feedback".parse()?, Source::human("u-1")?, body, now)).await?;
//!
//! let report = report(&store, &ReportOptions::default().last_hours(24, now)).await?;
//! assert_eq!(
//!     report.to_string(),
//!     "Feedback rate: 25.0% (1 out of 4 traces)\nPositive feedback: 100.0% (1 out of 1 verdict)\n"
//! );
//! # Ok(())
//! # }
//! ```

mod distribution;
mod error;
mod interval;
mod options;
mod ratings;
mod recent;
mod report;
mod segments;
mod series;
mod summary;
mod values;

pub use distribution::Bin;
pub use error::AnalyticsError;
pub use interval::Interval;
pub use jiff::tz::TimeZone;
pub use options::ReportOptions;
pub use ratings::{DimensionRating, Ratings, ratings};
pub use recent::{RecentTraces, experiment_named, recent_traces};
pub use report::{Report, report};
pub use segments::{SegmentFigures, SegmentOrder, SegmentRow, segments};
pub use series::{Bucket, BucketLength, MAX_BUCKETS, series, time_zone};
pub use summary::FeedbackSummary;
pub use values::{Values, values};

/// Name of the binary verdict of people.
pub const USER_FEEDBACK: &str = "user_feedback";

/// What the names of people's ratings begin with; a dimension's name follows.
pub const USER_PREFIX: &str = "user_";

//! The entities of GenAI feedback: experiments, traces, spans and assessments.
//!
//! Depend on this crate to *speak about* feedback: every other Candor crate does. Ids, names and
//! values are types that cannot hold nonsense, so a function that receives one need not check it
//! again. The vocabulary is MLflow 3's and OpenTelemetry's.
//!
//! It does no I/O, has no async, no clock and no randomness, and derives no wire format: MLflow's
//! JSON and OTLP live in `candor-wire`, storage behind `candor-store`.
//!
//! ```
//! use candor_model::{Assessment, AssessmentBody, AssessmentId, Source, TimestampMs, TraceId, Value};
//!
//! let trace_id: TraceId = "tr-4bf92f3577b34da6a3ce929d0e0e4736".parse()?;
//! let id: AssessmentId = "a-0af7651916cd43dd8448eb211c80319c".parse()?;
//! let verdict = Assessment::new(
//!     id,
//!     trace_id,
//!     "user_feedback".parse()?,
//!     Source::human("user-1")?,
//!     AssessmentBody::feedback(Value::Bool(true)),
//!     TimestampMs::from_millis(1_767_323_045_678),
//! );
//! assert!(verdict.valid);
//! assert_eq!(verdict.body.value().map(Value::json_text).as_deref(), Some("true"));
//! # Ok::<(), candor_model::ModelError>(())
//! ```

mod any_value;
mod assessment;
mod error;
mod experiment;
mod id;
mod json_text;
pub mod keys;
mod span;
mod text;
mod time;
mod trace;
mod value;

pub use any_value::{AnyValue, Attributes};
pub use assessment::{Assessment, AssessmentBody, AssessmentKind, Feedback, FeedbackError, Source, SourceType};
pub use error::ModelError;
pub use experiment::{Experiment, LifecycleStage};
pub use id::{AssessmentId, ExperimentId, SpanId, TraceId};
pub use span::{Span, SpanEvent, SpanKind, SpanLink, SpanStatus, StatusCode};
pub use text::{AssessmentName, ClientRequestId, ExperimentName, SourceId, TagKey};
pub use time::{DurationMs, TimestampMs, UnixNanos};
pub use trace::{Trace, TraceInfo, TraceState};
pub use value::{FiniteF64, MAX_DEPTH, Value};

//! MLflow's REST JSON and OTLP, to and from the model.
//!
//! The only crate that knows the wire; server and client use it alike, so that both sides of a
//! call are tested against the same recorded exchanges. It reads and writes bytes and knows no
//! HTTP: routes, headers and status codes are its callers' business (an [`ErrorCode`] only says
//! which number belongs to it), and so is what a store makes of a request.
//!
//! * A body is read with [`decode`], a query string with [`decode_query`]; [`WireError`] names the
//!   field that cannot be read.
//! * [`requests`] holds what callers send, [`responses`] what servers answer. What an answer holds
//!   is written straight from borrowed model types and read back as owned ones: [`TraceInfoJson`],
//!   [`SpanJson`], [`AssessmentJson`] and [`ExperimentJson`] wrap either.
//! * [`otlp`] reads and writes `ExportTraceServiceRequest`, [`ui_artifact`] the file that MLflow's
//!   web pages load spans from.
//!
//! ```
//! use candor_model::{AssessmentId, TimestampMs, Value};
//! use candor_wire::requests::CreateAssessment;
//! use candor_wire::responses::AssessmentEnvelope;
//!
//! let request = br#"{"assessment": {"assessment_name": "user_feedback",
//!     "source": {"source_type": "HUMAN", "source_id": "user-1"}, "feedback": {"value": true}}}"#;
//! let CreateAssessment { assessment } = candor_wire::decode(request)?;
//! assert_eq!(assessment.body.value(), Some(&Value::Bool(true)));
//!
//! let trace_id = "tr-4bf92f3577b34da6a3ce929d0e0e4736".parse()?;
//! let id: AssessmentId = "a-0af7651916cd43dd8448eb211c80319c".parse()?;
//! let stored = assessment.into_assessment(id, trace_id, TimestampMs::from_millis(1_767_323_045_678))?;
//! let answer = serde_json::to_string(&AssessmentEnvelope(&stored))?;
//! assert!(answer.contains(r#""create_time":"2026-01-02T03:04:05.678Z""#));
//!
//! let error = candor_wire::decode::<CreateAssessment>(b"{}").unwrap_err();
//! assert!(error.to_string().starts_with("Missing value for required parameter 'assessment'."));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod assessment;
pub mod attributes;
mod decode;
mod error;
mod experiment;
pub mod otlp;
mod query;
pub mod requests;
pub mod responses;
pub mod scalar;
mod span;
mod trace;
pub mod ui_artifact;

pub use assessment::{AnyId, AssessmentInput, AssessmentJson};
pub use decode::decode;
pub use error::{ErrorBody, ErrorCode, WireError};
pub use experiment::ExperimentJson;
pub use query::decode_query;
pub use span::SpanJson;
pub use trace::{MAX_KEY_CHARS, MAX_METADATA_CHARS, MAX_TAG_CHARS, TraceInfoJson, TraceJson};

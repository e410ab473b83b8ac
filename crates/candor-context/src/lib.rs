//! Trace context for Rust services: what a service adds to get MLflow traces that verdicts can find.
//!
//! Depend on this crate to *make* traces: spans with MLflow's types, inputs and outputs, the id of
//! the current trace to hand to the user's browser, and an exporter that brings it all to any
//! [`TrackingStore`](candor_store::TrackingStore). OpenTelemetry's SDK works underneath, so spans of
//! any instrumented library land in the same trace. It keeps no traces and serves none: that is the
//! store's part and `candor-http`'s.
//!
//! # Features
//! | name | default | effect |
//! |---|---|---|
//! | `tower` | no | `TraceLayer`: a trace for each request; with it `http` |
//! | `reqwest` | no | trace context on requests that reqwest makes; with it `http` |
//! | `http` | no | [`propagation`] in and out of `http::HeaderMap` |
//! | `otlp` | no | export to any OTLP endpoint instead of a store |
//! | `otel` | no | OpenTelemetry's own types, for `tracing-opentelemetry` and other libraries |
//!
//! # Example
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use candor_context::{FutureExt, SpanType, TraceUpdate, Tracer, current_span, current_trace_id, span, update_current_trace};
//! use candor_store::{MemoryStore, TrackingStore, TrackingStoreExt};
//!
//! async fn answer(question: &str) -> String {
//!     current_span().set_inputs(question);
//!     update_current_trace(TraceUpdate::new().user("ada"));
//!     let documents = async { vec!["MLflow is an open-source platform."] };
//!     let documents = documents.in_span(span("search", SpanType::Retriever)).await;
//!     current_span().set_outputs(documents[0]);
//!     documents[0].to_owned()
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store: Arc<dyn TrackingStore> = Arc::new(MemoryStore::new());
//! let tracer = Tracer::builder(store.clone()).service_name("shop").build()?;
//!
//! let work = async {
//!     answer("What is MLflow?").await;
//!     current_trace_id()
//! };
//! let trace_id = work.in_span(tracer.span("answer", SpanType::Chain)).await.expect("a span is current");
//!
//! tracer.shutdown(Duration::from_secs(5)).await?;
//! let info = store.trace_info(trace_id).await?.expect("it was exported");
//! assert_eq!(info.name(), Some("answer"));
//! # Ok(())
//! # }
//! ```

mod current;
mod error;
mod evaluation;
mod export;
mod future;
mod judged_store;
#[cfg(feature = "tower")]
mod layer;
pub mod propagation;
#[cfg(feature = "reqwest")]
mod request;
mod sampling;
mod span;
mod span_type;
mod tracer;
mod update;

pub use current::{
    current_span, current_trace_id, keep_current_trace, span, spawn, spawn_blocking, update_current_trace,
};
pub use error::{ContextError, Result};
pub use evaluation::Evaluation;
pub use export::ExportCounts;
pub use future::{FutureExt, InCurrentSpan, InSpan};
#[cfg(feature = "tower")]
pub use layer::{RequestIds, TRACE_ID_HEADER, TraceFuture, TraceLayer, TraceService, TracedBody};
#[cfg(feature = "reqwest")]
pub use request::TracedRequest;
pub use sampling::Sampling;
pub use span::{Span, SpanRef};
pub use span_type::SpanType;
pub use tracer::{SpanBuilder, Tracer, TracerBuilder};
pub use update::TraceUpdate;

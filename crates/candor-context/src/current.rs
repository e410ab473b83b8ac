//! The span that is current where the code runs, and what can be done by it alone.

use std::borrow::Cow;

use candor_model::TraceId;
use opentelemetry::Context;
use tokio::task::JoinHandle;

use crate::future::FutureExt;
use crate::span::{Span, SpanRef};
use crate::tracer::Tracer;
use crate::{SpanType, TraceUpdate};

/// The span that is current here; a handle on nothing when none is.
pub fn current_span() -> SpanRef {
    SpanRef(Context::current())
}

/// The id of the trace that is current here: what a verdict on this answer has to name.
pub fn current_trace_id() -> Option<TraceId> {
    current_span().trace_id()
}

/// Starts a span under the current one, or a new trace.
///
/// The tracer is the one that started the current trace here, else the
/// [installed](Tracer::install) one; without either the span is not recorded.
pub fn span(name: impl Into<Cow<'static, str>>, span_type: SpanType) -> Span {
    match Tracer::current() {
        Some(tracer) => tracer.span(name, span_type),
        None => Span::new(Context::current()),
    }
}

/// Says something of the current trace as a whole; the trace it was said of, if there is one.
pub fn update_current_trace(update: TraceUpdate) -> Option<TraceId> {
    let trace_id = current_trace_id()?;
    Tracer::current()?.update_trace(trace_id, update);
    Some(trace_id)
}

/// Keeps the current trace, whatever sampling decided; the trace that is kept, if there is one.
pub fn keep_current_trace() -> Option<TraceId> {
    let trace_id = current_trace_id()?;
    Tracer::current()?.keep(trace_id);
    Some(trace_id)
}

/// As `tokio::spawn`; what is current here is current in the task too.
///
/// Without it a task starts with no current span, and its spans become traces of their own.
///
/// # Panics
/// Outside of a tokio runtime, as `tokio::spawn` does.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(future.in_current_span())
}

/// As `tokio::task::spawn_blocking`; what is current here is current in the closure too.
///
/// # Panics
/// Outside of a tokio runtime, as `tokio::task::spawn_blocking` does.
pub fn spawn_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let span = current_span();
    tokio::task::spawn_blocking(move || span.enter(work))
}

//! A trace for each request that a tower service answers.

mod body;
mod headers;
mod service;

use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use tower_layer::Layer;

pub use body::TracedBody;
pub use headers::{RequestIds, TRACE_ID_HEADER};
pub use service::{TraceFuture, TraceService};

use crate::{SpanType, Tracer};

/// Puts each request under a span of its own, in the caller's trace or in a new one.
///
/// * `traceparent`, `tracestate` and `baggage` are taken over; what is malformed counts as absent.
/// * `X-Client-Request-ID` (else `X-Request-ID`), `X-Session-ID` and `X-User-ID` are put on the
///   trace. Ids that are empty, longer than 250 characters, repeated or not UTF-8 are passed over.
/// * The response says the trace's id in `X-Trace-ID`. Handlers find it, and the other ids, in the
///   request's extensions as [`RequestIds`], beside the [`Tracer`].
/// * The span is current in the handler and in the response's body, and ends with the body. A body
///   that is dropped before its end, as happens when the client goes away, ends it as cancelled.
/// * Statuses from 500 on count as errors.
///
/// ```
/// use axum::{Router, routing::get};
/// use candor_context::{TraceLayer, Tracer, current_trace_id};
/// # fn app(tracer: Tracer) -> Router {
/// Router::new()
///     .route("/", get(async || current_trace_id().map(|id| id.to_string()).unwrap_or_default()))
///     .layer(TraceLayer::new(tracer))
/// # }
/// ```
#[derive(Clone)]
pub struct TraceLayer {
    tracer: Tracer,
    settings: Arc<Settings>,
}

#[derive(Clone)]
struct Settings {
    span_type: SpanType,
    continue_traces: bool,
    identity_headers: bool,
    name: fn(&Parts) -> String,
    only: fn(&Parts) -> bool,
}

impl TraceLayer {
    /// A layer that makes its spans with `tracer`.
    pub fn new(tracer: Tracer) -> Self {
        let settings = Settings {
            span_type: SpanType::Chain,
            continue_traces: true,
            identity_headers: true,
            name: method_and_path,
            only: |_| true,
        };
        Self { tracer, settings: Arc::new(settings) }
    }

    /// The type of the requests' spans, [`SpanType::Chain`] unless set.
    #[must_use]
    pub fn span_type(mut self, span_type: SpanType) -> Self {
        Arc::make_mut(&mut self.settings).span_type = span_type;
        self
    }

    /// Whether the caller's trace is continued, as it is unless set.
    ///
    /// Set to `false` where strangers call: each request starts a trace, linked to the caller's.
    #[must_use]
    pub fn continue_traces(mut self, yes: bool) -> Self {
        Arc::make_mut(&mut self.settings).continue_traces = yes;
        self
    }

    /// Whether `X-Session-ID` and `X-User-ID` are believed, as they are unless set.
    #[must_use]
    pub fn identity_headers(mut self, yes: bool) -> Self {
        Arc::make_mut(&mut self.settings).identity_headers = yes;
        self
    }

    /// How spans are named; after method and path unless set, e.g. `POST /chat`.
    #[must_use]
    pub fn name(mut self, name: fn(&Parts) -> String) -> Self {
        Arc::make_mut(&mut self.settings).name = name;
        self
    }

    /// Which requests get a span; all unless set.
    #[must_use]
    pub fn only(mut self, only: fn(&Parts) -> bool) -> Self {
        Arc::make_mut(&mut self.settings).only = only;
        self
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = TraceService<S>;

    fn layer(&self, inner: S) -> TraceService<S> {
        TraceService::new(inner, self.clone())
    }
}

impl fmt::Debug for TraceLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceLayer").field("tracer", &self.tracer).finish_non_exhaustive()
    }
}

fn method_and_path(parts: &Parts) -> String {
    const MAX_PATH_BYTES: usize = 200;
    let path = parts.uri.path();
    let path = &path[..path.floor_char_boundary(MAX_PATH_BYTES)];
    format!("{} {path}", parts.method)
}

#[cfg(test)]
mod tests;

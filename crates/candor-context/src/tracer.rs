use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use candor_model::{TraceId, keys};
use candor_store::{Target, TrackingStore};
use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::{Link, SpanKind, TraceContextExt, Tracer as _, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

mod builder;

pub use builder::TracerBuilder;

use crate::export::{ExportCounts, Pipeline};
use crate::judged_store::JudgedStore;
use crate::propagation::{Baggage, RemoteParent};
use crate::span::{Span, SpanRef};
use crate::{ContextError, Result, SpanType, TraceUpdate};

/// Makes spans and sees to it that they reach the store.
///
/// Cloning it clones a handle. When the last handle and the last span are gone, what waits is
/// exported for up to five seconds; [`shutdown`](Self::shutdown) is the way to know that it was.
#[derive(Clone)]
pub struct Tracer {
    inner: Arc<Inner>,
}

struct Inner {
    spans: SdkTracer,
    provider: SdkTracerProvider,
    pipeline: Pipeline,
}

impl Tracer {
    /// A tracer that brings traces to `store`.
    pub fn builder(store: Arc<dyn TrackingStore>) -> TracerBuilder {
        TracerBuilder::new(store)
    }

    /// A tracer that brings traces to an OTLP endpoint, e.g. `http://127.0.0.1:5000/v1/traces`.
    ///
    /// A server of Candor or MLflow there learns of everything but previews and metadata, which OTLP
    /// has no place for, and MLflow not of client request ids either.
    #[cfg(feature = "otlp")]
    pub fn otlp_builder(endpoint: impl Into<String>) -> TracerBuilder {
        TracerBuilder::for_otlp(endpoint.into())
    }

    /// Starts a span under the current one, or a new trace if none is current.
    pub fn span(&self, name: impl Into<Cow<'static, str>>, span_type: SpanType) -> Span {
        self.span_builder(name, span_type).start()
    }

    /// A span to be described further before it starts.
    pub fn span_builder(&self, name: impl Into<Cow<'static, str>>, span_type: SpanType) -> SpanBuilder<'_> {
        let kind = SpanKind::Internal;
        SpanBuilder { tracer: self, name: name.into(), span_type, kind, parent: None, links: Vec::new() }
    }

    /// Says something of a trace as a whole, as long as its root has not ended in this process.
    ///
    /// In a trace that another service started, tags, session and user are taken over unless that
    /// service says otherwise; previews and other metadata are that service's to say.
    pub fn update_trace(&self, trace_id: TraceId, update: TraceUpdate) {
        self.inner.pipeline.update(trace_id, update);
    }

    /// Keeps a trace, whatever sampling decided: spans that wait are exported, later ones too.
    pub fn keep(&self, trace_id: TraceId) {
        self.inner.pipeline.keep(trace_id);
    }

    /// Keeps the trace that a verdict is about; returns when what waited of it is in the store.
    ///
    /// [`judged_store`](Self::judged_store) calls it for every verdict.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    pub async fn keep_target(&self, target: &Target, deadline: Duration) -> Result<()> {
        self.inner.pipeline.keep_target(target, deadline).await
    }

    /// `store`, but for every verdict that is logged in it the trace is kept first.
    ///
    /// Give this to the feedback API of a service that samples by
    /// [`FeedbackAware`](crate::Sampling::FeedbackAware): verdicts find their trace at once.
    pub fn judged_store(&self, store: Arc<dyn TrackingStore>) -> Arc<dyn TrackingStore> {
        Arc::new(JudgedStore::new(store, self.clone()))
    }

    /// Makes this the process's default tracer, also for OpenTelemetry's own API.
    ///
    /// # Errors
    /// [`ContextError::AlreadyInstalled`] when one is installed.
    pub fn install(&self) -> Result<()> {
        DEFAULT.set(self.clone()).map_err(|_| ContextError::AlreadyInstalled)?;
        opentelemetry::global::set_tracer_provider(self.inner.provider.clone());
        Ok(())
    }

    /// OpenTelemetry's provider underneath, to make tracers for instrumented libraries.
    #[cfg(feature = "otel")]
    pub fn otel_provider(&self) -> SdkTracerProvider {
        self.inner.provider.clone()
    }

    /// What became of the spans so far.
    pub fn counts(&self) -> ExportCounts {
        self.inner.pipeline.counts()
    }

    /// Exports what has ended so far, and returns when the store has acknowledged it.
    ///
    /// # Errors
    /// [`ContextError::Deadline`] when that takes longer than `deadline`, [`ContextError::ShutDown`]
    /// when there is nobody to do it. What the store refused is counted, not returned.
    pub async fn flush(&self, deadline: Duration) -> Result<()> {
        self.inner.pipeline.flush(deadline).await
    }

    /// Exports what has ended so far and stops: later spans are not recorded.
    ///
    /// Traces that wait for a verdict are given up, save for those that have one.
    ///
    /// # Errors
    /// As [`flush`](Self::flush); the exporter is stopped all the same.
    pub async fn shutdown(&self, deadline: Duration) -> Result<()> {
        let stopped = self.inner.pipeline.stop(deadline).await;
        // The exporter has been told already; this keeps the SDK from recording what nobody exports.
        let _ = self.inner.provider.shutdown_with_timeout(Duration::ZERO);
        stopped
    }

    /// The tracer of the current trace, else the installed one.
    pub(crate) fn current() -> Option<Self> {
        Context::map_current(|context| context.get::<Self>().cloned()).or_else(|| DEFAULT.get().cloned())
    }

    fn start(&self, builder: SpanBuilder<'_>) -> Span {
        let parent = builder.parent.unwrap_or_else(Context::current);
        let otel = self.inner.spans.span_builder(builder.name).with_kind(builder.kind);
        let otel = match builder.span_type {
            SpanType::Unknown => otel,
            known => otel.with_attributes(vec![KeyValue::new(keys::SPAN_TYPE, known.as_str())]),
        };
        let otel = if builder.links.is_empty() { otel } else { otel.with_links(builder.links) };
        let span = self.inner.spans.build_with_context(otel, &parent);
        let context = match parent.get::<Self>() {
            Some(tracer) if Arc::ptr_eq(&tracer.inner, &self.inner) => parent.with_span(span),
            _ => parent.with_value(self.clone()).with_span(span),
        };
        Span::new(context)
    }

    fn from_parts(provider: SdkTracerProvider, pipeline: Pipeline) -> Self {
        let spans = provider.tracer(SCOPE);
        Self { inner: Arc::new(Inner { spans, provider, pipeline }) }
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

/// A span that has not started.
#[derive(Debug)]
#[must_use = "a span that is not started is never seen"]
pub struct SpanBuilder<'a> {
    tracer: &'a Tracer,
    name: Cow<'static, str>,
    span_type: SpanType,
    kind: SpanKind,
    parent: Option<Context>,
    links: Vec<Link>,
}

impl SpanBuilder<'_> {
    /// Puts the span under `parent` instead of the current span.
    pub fn parent(mut self, parent: &SpanRef) -> Self {
        self.parent = Some(parent.0.clone());
        self
    }

    /// Puts the span under one of another process.
    pub fn remote_parent(mut self, parent: &RemoteParent) -> Self {
        self.parent = Some(parent.context());
        self
    }

    /// Lets the span and all below it carry `baggage`; call this after a parent is chosen.
    pub fn baggage(mut self, baggage: &Baggage) -> Self {
        let parent = self.parent.unwrap_or_else(Context::current);
        self.parent = Some(parent.with_baggage(baggage.pairs()));
        self
    }

    /// Refers to a span of another trace.
    pub fn link(mut self, other: &RemoteParent) -> Self {
        self.links.push(Link::with_context(other.span_context()));
        self
    }

    /// Starts a new trace, whatever is current.
    pub fn new_trace(mut self) -> Self {
        self.parent = Some(Context::new());
        self
    }

    /// Says that the span answers a remote request.
    pub fn server(mut self) -> Self {
        self.kind = SpanKind::Server;
        self
    }

    /// Says that the span makes a remote request.
    pub fn client(mut self) -> Self {
        self.kind = SpanKind::Client;
        self
    }

    /// Starts the span.
    pub fn start(self) -> Span {
        self.tracer.start(self)
    }
}

/// The scope of this crate's spans, as OpenTelemetry names the library that made a span.
pub(crate) const SCOPE: &str = "candor";

static DEFAULT: OnceLock<Tracer> = OnceLock::new();

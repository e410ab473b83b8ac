use std::borrow::Cow;
use std::error::Error;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use candor_model::{SpanId, TraceId, keys};
use opentelemetry::trace::{Status, TraceContextExt};
use opentelemetry::{Context, KeyValue};
use serde::Serialize;

use crate::propagation::Baggage;

mod value;

pub(crate) use value::{attribute_value, json_text};

/// A span that the holder ends: by [`end`](Self::end), or by dropping it.
///
/// Work is done inside of it by [`in_scope`](Self::in_scope), or for futures by
/// [`in_span`](crate::FutureExt::in_span), which also end it. It reads as a [`SpanRef`].
#[derive(Debug)]
#[must_use = "a span ends when it is dropped"]
pub struct Span {
    span: SpanRef,
}

impl Span {
    pub(crate) fn new(context: Context) -> Self {
        Self { span: SpanRef(context) }
    }

    /// Ends the span; it went well unless an error was recorded.
    pub fn end(self) {}

    /// Ends the span as one whose work was given up: status `ERROR`, message `cancelled`.
    pub fn cancel(self) {
        self.span.mark_cancelled();
    }

    /// Runs `work` with this span as the current one, then ends the span.
    ///
    /// A panic is recorded as an error and goes on.
    pub fn in_scope<T>(self, work: impl FnOnce() -> T) -> T {
        self.span.enter_once(work)
    }

    /// A handle on the span that does not end it.
    pub fn handle(&self) -> SpanRef {
        self.span.clone()
    }
}

impl Deref for Span {
    type Target = SpanRef;

    fn deref(&self) -> &SpanRef {
        &self.span
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.span.mark_panicked(None);
        }
        self.span.0.span().end();
    }
}

/// A handle on a span, which somebody else ends.
///
/// What is said of a span that has ended, or is not recorded, goes nowhere.
#[derive(Clone, Debug)]
pub struct SpanRef(pub(crate) Context);

impl SpanRef {
    /// The trace that the span is in; `None` when there is no span.
    pub fn trace_id(&self) -> Option<TraceId> {
        let span = self.0.span();
        let context = span.span_context();
        context.is_valid().then(|| TraceId::from_bytes(context.trace_id().to_bytes()))
    }

    /// The span's id; `None` when there is no span.
    pub fn span_id(&self) -> Option<SpanId> {
        let span = self.0.span();
        let context = span.span_context();
        context.is_valid().then(|| SpanId::from_bytes(context.span_id().to_bytes()))
    }

    /// Whether anything that is said of the span is kept.
    pub fn is_recording(&self) -> bool {
        self.0.span().is_recording()
    }

    /// Whether the trace is one that the ratio chose, whatever is decided later.
    pub fn is_sampled(&self) -> bool {
        self.0.span().span_context().is_sampled()
    }

    /// What travels with the request from service to service.
    pub fn baggage(&self) -> Baggage {
        Baggage::of(&self.0)
    }

    /// Says what went in, as JSON.
    pub fn set_inputs(&self, inputs: impl Serialize) {
        self.set_json(keys::SPAN_INPUTS, &inputs);
    }

    /// Says what came out, as JSON.
    pub fn set_outputs(&self, outputs: impl Serialize) {
        self.set_json(keys::SPAN_OUTPUTS, &outputs);
    }

    /// Says something else of the span; lists and maps are kept as JSON.
    pub fn set_attribute(&self, key: impl Into<Cow<'static, str>>, value: impl Serialize) {
        let span = self.0.span();
        if span.is_recording()
            && let Some(value) = attribute_value(&value)
        {
            span.set_attribute(KeyValue::new(key.into(), value));
        }
    }

    /// Gives the span another name.
    pub fn set_name(&self, name: impl Into<Cow<'static, str>>) {
        self.0.span().update_name(name);
    }

    /// Says that something happened now; lists and maps among the attributes are kept as JSON.
    pub fn add_event<K, V>(&self, name: impl Into<Cow<'static, str>>, attributes: impl IntoIterator<Item = (K, V)>)
    where
        K: Into<Cow<'static, str>>,
        V: Serialize,
    {
        let span = self.0.span();
        if span.is_recording() {
            let pairs = attributes.into_iter();
            let pairs = pairs.filter_map(|(key, value)| Some(KeyValue::new(key.into(), attribute_value(&value)?)));
            span.add_event(name, pairs.collect());
        }
    }

    /// Records an error as OpenTelemetry's `exception` event, and that the span failed.
    pub fn record_error(&self, error: &dyn Error) {
        if self.is_recording() {
            let mut causes = String::new();
            let mut cause = error.source();
            while let Some(error) = cause {
                causes.push_str("caused by: ");
                causes.push_str(&error.to_string());
                causes.push('\n');
                cause = error.source();
            }
            self.record_exception("error", error.to_string(), causes);
        }
    }

    /// Records a failure that has no error type.
    pub fn record_failure(&self, message: impl Into<String>) {
        if self.is_recording() {
            self.record_exception("error", message.into(), String::new());
        }
    }

    /// Says that the span went well, whatever was recorded before.
    pub fn set_ok(&self) {
        self.0.span().set_status(Status::Ok);
    }

    /// Runs `work` with this span as the current one, without ending the span.
    pub fn enter<T>(&self, work: impl FnOnce() -> T) -> T {
        let _attached = self.0.clone().attach();
        work()
    }

    /// OpenTelemetry's context in which the span is the active one.
    #[cfg(feature = "otel")]
    pub fn otel_context(&self) -> Context {
        self.0.clone()
    }

    pub(crate) fn mark_cancelled(&self) {
        let span = self.0.span();
        span.set_attribute(KeyValue::new(CANCELLED, true));
        span.set_status(Status::error("cancelled"));
    }

    /// Says that the span failed; what an error before said of the cause stays.
    #[cfg(any(feature = "tower", feature = "reqwest"))]
    pub(crate) fn mark_failed(&self) {
        self.0.span().set_status(Status::error(""));
    }

    pub(crate) fn mark_panicked(&self, message: Option<String>) {
        self.record_exception("panic", message.unwrap_or_else(|| "panicked".to_owned()), String::new());
        self.0.span().end();
    }

    /// Runs `work`; a panic is recorded, ends the span and goes on.
    ///
    /// The span ends here because whoever catches the panic may keep what holds the span for long.
    pub(crate) fn enter_once<T>(&self, work: impl FnOnce() -> T) -> T {
        // Whoever catches the panic next decides whether what it left behind can be used.
        match catch_unwind(AssertUnwindSafe(|| self.enter(work))) {
            Ok(value) => value,
            Err(payload) => {
                let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
                self.mark_panicked(text.or_else(|| payload.downcast_ref::<String>().cloned()));
                resume_unwind(payload)
            }
        }
    }

    fn record_exception(&self, kind: &'static str, message: String, causes: String) {
        let span = self.0.span();
        let mut attributes =
            vec![KeyValue::new("exception.type", kind), KeyValue::new("exception.message", message.clone())];
        if !causes.is_empty() {
            attributes.push(KeyValue::new("exception.stacktrace", causes));
        }
        span.add_event("exception", attributes);
        span.set_status(Status::error(message));
    }

    fn set_json(&self, key: &'static str, value: &impl Serialize) {
        let span = self.0.span();
        if span.is_recording()
            && let Some(text) = json_text(value)
        {
            span.set_attribute(KeyValue::new(key, text));
        }
    }
}

/// Attribute of a span whose future was dropped before it was done.
const CANCELLED: &str = "candor.cancelled";

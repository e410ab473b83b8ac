use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use opentelemetry::Context;
use pin_project_lite::pin_project;

use crate::span::Span;

/// Ties futures to spans.
pub trait FutureExt: Future + Sized {
    /// Runs the future with `span` as the current one, and ends the span with it.
    ///
    /// A panic is recorded as an error. A future that is dropped before it is done ends the span
    /// with status `ERROR`, message `cancelled`.
    fn in_span(self, span: Span) -> InSpan<Self> {
        InSpan { future: self, span: Open(Some(span)) }
    }

    /// Runs the future with the span that is current now, wherever it is polled.
    ///
    /// For futures that are handed to `tokio::spawn`, which starts them without a current span;
    /// [`spawn`](crate::spawn) does both.
    fn in_current_span(self) -> InCurrentSpan<Self> {
        InCurrentSpan { future: self, context: Context::current() }
    }
}

impl<F: Future> FutureExt for F {}

pin_project! {
    /// A future within a span of its own.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct InSpan<F> {
        #[pin]
        future: F,
        span: Open,
    }
}

impl<F: Future> Future for InSpan<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<F::Output> {
        let this = self.project();
        let Some(span) = &this.span.0 else { return this.future.poll(task) };
        let polled = span.enter_once(|| this.future.poll(task));
        if polled.is_ready() {
            this.span.0 = None;
        }
        polled
    }
}

/// A span that is cancelled if it is still there at the end.
#[derive(Debug)]
struct Open(Option<Span>);

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(span) = self.0.take()
            && span.is_recording()
        {
            span.cancel();
        }
    }
}

pin_project! {
    /// A future that takes the current span along.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct InCurrentSpan<F> {
        #[pin]
        future: F,
        context: Context,
    }
}

impl<F: Future> Future for InCurrentSpan<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _attached = this.context.clone().attach();
        this.future.poll(task)
    }
}

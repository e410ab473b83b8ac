//! From ended spans to the store.
//!
//! A span that ends is pushed into the [`Inbox`], a bounded queue; that is all that the traced code
//! pays for. The [`Worker`](worker), a thread of its own with a small runtime, takes everything out
//! at once, adds what was said of the traces, and hands batches to a [`Sink`].

mod convert;
mod inbox;
mod processor;
mod store_sink;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use candor_model::TraceId;
use opentelemetry_sdk::trace::SpanData;

pub use inbox::ExportCounts;
pub(crate) use store_sink::StoreSink;

use crate::{ContextError, Result, TraceUpdate};
use inbox::{Inbox, Item};
use processor::Processor;
use worker::Worker;

/// How the exporter works.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExportOptions {
    pub(crate) queue_spans: usize,
    pub(crate) batch_spans: usize,
    pub(crate) interval: Duration,
    pub(crate) retry_for: Duration,
}

impl Default for ExportOptions {
    fn default() -> Self {
        Self {
            queue_spans: 8192,
            batch_spans: 512,
            interval: Duration::from_millis(200),
            retry_for: Duration::from_secs(30),
        }
    }
}

/// Where batches go.
#[async_trait]
pub(crate) trait Sink: fmt::Debug + Send + Sync {
    /// Delivers a batch, trying again as long as that makes sense; returns how many spans were lost.
    async fn export(&self, batch: Vec<Ready>) -> u64;
}

/// An ended span on its way out.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) span: SpanData,
    /// What was said of the trace; with the span that is the first of its trace in this process.
    pub(crate) update: Option<Box<TraceUpdate>>,
}

impl Ready {
    /// Whether the span is the root of its whole trace.
    pub(crate) fn is_root(&self) -> bool {
        self.span.parent_span_id == opentelemetry::trace::SpanId::INVALID
    }
}

/// The handle on a running exporter.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    inbox: Arc<Inbox>,
}

impl Pipeline {
    pub(crate) fn start(sink: Box<dyn Sink>, options: ExportOptions) -> Result<Self> {
        let inbox = Arc::new(Inbox::new(options.queue_spans, options.batch_spans));
        Worker::spawn(Arc::clone(&inbox), sink, options).map_err(ContextError::Thread)?;
        Ok(Self { inbox })
    }

    pub(crate) fn processor(&self) -> Processor {
        Processor::new(Arc::clone(&self.inbox))
    }

    pub(crate) fn update(&self, trace_id: TraceId, update: TraceUpdate) {
        self.inbox.push(Item::Update(trace_id, Box::new(update)));
    }

    pub(crate) fn keep(&self, trace_id: TraceId) {
        self.inbox.push(Item::Keep(trace_id));
    }

    pub(crate) fn counts(&self) -> ExportCounts {
        self.inbox.counts()
    }

    pub(crate) async fn flush(&self, deadline: Duration) -> Result<()> {
        let done = self.inbox.ask(false);
        wait(done, deadline).await
    }

    pub(crate) async fn stop(&self, deadline: Duration) -> Result<()> {
        let done = self.inbox.ask(true);
        wait(done, deadline).await
    }
}

async fn wait(done: tokio::sync::oneshot::Receiver<()>, deadline: Duration) -> Result<()> {
    match tokio::time::timeout(deadline, done).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(ContextError::ShutDown),
        Err(_) => Err(ContextError::Deadline { deadline }),
    }
}

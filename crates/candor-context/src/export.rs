//! From ended spans to the store.
//!
//! A span that ends is pushed into the [`Inbox`], a bounded queue; that is all that the traced code
//! pays for. The [`Worker`](worker), a thread of its own with a small runtime, takes everything out
//! at once, adds what was said of the traces, and hands batches to a [`Sink`].

mod convert;
mod hold;
mod inbox;
#[cfg(feature = "otlp")]
mod otlp_sink;
mod processor;
mod said;
mod store_sink;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use candor_model::TraceId;
use candor_store::{Target, TargetRef};
use opentelemetry_sdk::trace::SpanData;
use tokio::sync::oneshot;

pub use inbox::ExportCounts;
#[cfg(feature = "otlp")]
pub(crate) use otlp_sink::OtlpSink;
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
    pub(crate) hold_bytes: usize,
    pub(crate) hold_for: Duration,
}

impl Default for ExportOptions {
    fn default() -> Self {
        Self {
            queue_spans: 8192,
            batch_spans: 512,
            interval: Duration::from_millis(200),
            hold_bytes: 64 * 1024 * 1024,
            hold_for: Duration::from_secs(600),
        }
    }
}

/// Where batches go.
#[async_trait]
pub(crate) trait Sink: fmt::Debug + Send + Sync {
    /// Delivers a batch, trying again as long as that makes sense; returns how many spans were lost.
    async fn export(&self, batch: Vec<Ready>) -> u64;

    /// Which traces were judged of late, and which of `ids` somebody else has kept a part of.
    ///
    /// `None` when that cannot be said now; the same may be asked again.
    async fn judged(&self, ids: Vec<TraceId>) -> Option<Judged>;
}

/// Reasons to keep traces that are held.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    pub(crate) refs: Vec<TargetRef>,
    pub(crate) known: Vec<TraceId>,
}

/// An ended span on its way out.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) span: SpanData,
    /// What was said of the trace; with the span that is the first of its trace in this process.
    pub(crate) update: Option<Box<TraceUpdate>>,
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
        self.inbox.push(Item::Keep { refs: vec![TargetRef::Trace(trace_id)], done: None });
    }

    pub(crate) async fn keep_target(&self, target: &Target, deadline: Duration) -> Result<()> {
        let (done, answer) = oneshot::channel();
        self.inbox.push(Item::Keep { refs: target.refs.clone(), done: Some(done) });
        self.inbox.urgent.notify_one();
        wait(answer, deadline).await
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

async fn wait(done: oneshot::Receiver<()>, deadline: Duration) -> Result<()> {
    match tokio::time::timeout(deadline, done).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(ContextError::ShutDown),
        Err(_) => Err(ContextError::Deadline { deadline }),
    }
}

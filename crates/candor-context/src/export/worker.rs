use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use candor_model::TraceId;
use opentelemetry::Context;
use opentelemetry::trace::SpanId;
use opentelemetry_sdk::trace::SpanData;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::convert::trace_id;
use super::inbox::{Inbox, Item};
use super::{ExportOptions, Ready, Sink};
use crate::TraceUpdate;

/// The exporter's thread: everything that waits, and the call of the store that is under way.
pub(super) struct Worker {
    inbox: Arc<Inbox>,
    sink: Arc<dyn Sink>,
    options: ExportOptions,
    /// What was said of traces whose first span in this process has not ended.
    said: Said,
    outbox: VecDeque<Ready>,
    under_way: Option<Call>,
    flushes: Vec<oneshot::Sender<()>>,
    stopping: bool,
}

/// A call of the sink: how many spans it carries, and how many were lost.
struct Call {
    spans: u64,
    lost: Pin<Box<dyn Future<Output = u64> + Send>>,
}

impl Worker {
    /// Starts the thread; it ends when it is asked to stop.
    pub(super) fn spawn(inbox: Arc<Inbox>, sink: Box<dyn Sink>, options: ExportOptions) -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let sink = Arc::from(sink);
        let run = move || {
            // What the store does on this thread must not make spans, or exporting would never end.
            let _quiet = Context::enter_telemetry_suppressed_scope();
            let worker = Self {
                inbox,
                sink,
                options,
                said: Said::default(),
                outbox: VecDeque::new(),
                under_way: None,
                flushes: Vec::new(),
                stopping: false,
            };
            runtime.block_on(worker.run());
        };
        std::thread::Builder::new().name("candor-export".to_owned()).spawn(run).map(drop)
    }

    async fn run(mut self) {
        let mut due = None;
        let mut spare = Vec::new();
        loop {
            tokio::select! {
                lost = finished(&mut self.under_way) => self.settle(lost),
                () = self.inbox.urgent.notified() => {}
                () = self.inbox.filled.notified(), if due.is_none() => {
                    due = Some(Instant::now() + self.options.interval);
                    continue;
                }
                () = until(due), if due.is_some() => {}
            }
            due = None;
            let mut items = self.inbox.take(spare);
            items.drain(..).for_each(|item| self.take_in(item));
            spare = items;
            self.send();
            if self.under_way.is_none() {
                for done in self.flushes.drain(..) {
                    let _ = done.send(()); // whoever asked may have given up waiting
                }
                if self.stopping {
                    return;
                }
            }
        }
    }

    fn take_in(&mut self, item: Item) {
        match item {
            Item::Ended(span) => self.ended(span),
            Item::Update(trace_id, update) => self.said.add(trace_id, update),
            Item::Keep(_) => {}
            Item::Flush { done, stop } => {
                self.flushes.push(done);
                self.stopping |= stop;
            }
        }
    }

    fn ended(&mut self, span: SpanData) {
        let is_first_here = span.parent_span_is_remote || span.parent_span_id == SpanId::INVALID;
        let update = if is_first_here { self.said.take(trace_id(&span)) } else { None };
        if self.outbox.len() < self.options.queue_spans {
            self.outbox.push_back(Ready { span, update });
        } else {
            self.inbox.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Starts a call of the sink unless one is under way.
    fn send(&mut self) {
        if self.under_way.is_some() || self.outbox.is_empty() {
            return;
        }
        let spans = self.outbox.len().min(self.options.batch_spans);
        let batch: Vec<Ready> = self.outbox.drain(..spans).collect();
        let sink = Arc::clone(&self.sink);
        let lost = Box::pin(async move { sink.export(batch).await });
        self.under_way = Some(Call { spans: spans as u64, lost });
    }

    fn settle(&mut self, lost: u64) {
        if let Some(call) = self.under_way.take() {
            self.inbox.failed.fetch_add(lost, Ordering::Relaxed);
            self.inbox.exported.fetch_add(call.spans.saturating_sub(lost), Ordering::Relaxed);
        }
    }
}

/// What was said of traces, oldest forgotten first.
#[derive(Debug, Default)]
struct Said {
    updates: HashMap<TraceId, Box<TraceUpdate>>,
    order: VecDeque<TraceId>,
}

impl Said {
    fn add(&mut self, trace_id: TraceId, update: Box<TraceUpdate>) {
        if let Some(earlier) = self.updates.get_mut(&trace_id) {
            earlier.merge(*update);
            return;
        }
        // A trace whose first span never ends must not be remembered for ever.
        while self.updates.len() >= MAX_OPEN_TRACES
            && let Some(oldest) = self.order.pop_front()
        {
            self.updates.remove(&oldest);
        }
        self.updates.insert(trace_id, update);
        self.order.push_back(trace_id);
    }

    fn take(&mut self, trace_id: TraceId) -> Option<Box<TraceUpdate>> {
        let update = self.updates.remove(&trace_id);
        if self.order.len() > 2 * self.updates.len() + MAX_OPEN_TRACES {
            self.order.retain(|id| self.updates.contains_key(id));
        }
        update
    }
}

/// The most traces that are open at once and have something said of them.
const MAX_OPEN_TRACES: usize = 16_384;

async fn finished(call: &mut Option<Call>) -> u64 {
    match call {
        Some(call) => call.lost.as_mut().await,
        None => std::future::pending().await,
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

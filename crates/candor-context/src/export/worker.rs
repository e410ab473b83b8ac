use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use candor_model::TraceId;
use opentelemetry::Context;
use opentelemetry::trace::SpanId;
use opentelemetry_sdk::trace::SpanData;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;

use super::convert::trace_id;
use super::hold::Hold;
use super::inbox::{Inbox, Item};
use super::said::Said;
use super::{ExportOptions, Judged, Ready, Sink};

/// The exporter's thread: everything that waits, and the calls of the store that are under way.
pub(super) struct Worker {
    inbox: Arc<Inbox>,
    sink: Arc<dyn Sink>,
    options: ExportOptions,
    said: Said,
    hold: Hold,
    outbox: VecDeque<Ready>,
    delivery: Option<Delivery>,
    question: Option<Question>,
    /// When the store is asked for verdicts on what is held.
    next_question: Option<Instant>,
    /// How many spans were ever put into the outbox.
    queued: u64,
    /// How many of them the sink is done with; they go in order.
    settled: u64,
    /// Who waits for how many to be settled.
    flushes: Vec<(u64, oneshot::Sender<()>)>,
    stopping: bool,
    asked_for_the_last_time: bool,
}

/// A batch on its way; the call tells how many spans were lost.
///
/// Calls of the store are tasks, so that one that panics does not take the exporter along.
struct Delivery {
    spans: u64,
    call: JoinHandle<u64>,
}

/// Whether traces that are held were judged; those asked about by id are given up otherwise.
struct Question {
    leaving: Vec<TraceId>,
    call: JoinHandle<Option<Judged>>,
}

enum Event {
    Delivered(Result<u64, JoinError>),
    Answered(Result<Option<Judged>, JoinError>),
    Waiting,
    Due,
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
                hold: Hold::new(options.hold_bytes, options.hold_for),
                outbox: VecDeque::new(),
                delivery: None,
                question: None,
                next_question: None,
                queued: 0,
                settled: 0,
                flushes: Vec::new(),
                stopping: false,
                asked_for_the_last_time: false,
            };
            runtime.block_on(worker.run());
        };
        std::thread::Builder::new().name("candor-export".to_owned()).spawn(run).map(drop)
    }

    async fn run(mut self) {
        let mut due = None;
        let mut spare = Vec::new();
        loop {
            match self.next_event(due).await {
                Event::Waiting => {
                    due = Some(Instant::now() + self.options.interval);
                    continue;
                }
                Event::Due => {}
                Event::Delivered(lost) => self.delivered(lost),
                Event::Answered(judged) => self.answered(judged.inspect_err(report_panic).unwrap_or_default()),
            }
            due = None;
            let mut items = self.inbox.take(spare);
            items.drain(..).for_each(|item| self.take_in(item));
            spare = items;
            add(&self.inbox.evicted, self.hold.shrink());
            self.deliver();
            self.ask();
            let finished = self.stopping && self.delivery.is_none() && self.question.is_none();
            self.answer_flushes(finished);
            if finished {
                return;
            }
        }
    }

    async fn next_event(&mut self, due: Option<Instant>) -> Event {
        tokio::select! {
            lost = running(self.delivery.as_mut().map(|delivery| &mut delivery.call)) => Event::Delivered(lost),
            judged = running(self.question.as_mut().map(|question| &mut question.call)) => Event::Answered(judged),
            () = self.inbox.urgent.notified() => Event::Due,
            () = self.inbox.filled.notified(), if due.is_none() => Event::Waiting,
            () = until(due) => Event::Due,
            () = until(self.next_question), if self.question.is_none() => Event::Due,
        }
    }

    fn take_in(&mut self, item: Item) {
        match item {
            Item::Ended(span) => self.ended(span),
            Item::Update(trace_id, update) => self.said.add(trace_id, update),
            Item::Keep { refs, done } => {
                let released = self.hold.keep(refs, Instant::now());
                let waits = !released.is_empty();
                self.queue(released);
                if let Some(done) = done {
                    self.flushes.push((if waits { self.queued } else { 0 }, done));
                }
            }
            Item::Flush { done, stop } => {
                self.flushes.push((if stop { u64::MAX } else { self.queued }, done));
                self.stopping |= stop;
            }
        }
    }

    fn ended(&mut self, span: SpanData) {
        let is_first_here = span.parent_span_is_remote || span.parent_span_id == SpanId::INVALID;
        let update = if is_first_here { self.said.take(trace_id(&span)) } else { None };
        let is_chosen = span.span_context.is_sampled();
        let ready = Ready { span, update };
        if is_chosen {
            self.queue([ready]);
        } else {
            let released = self.hold.take_in(ready, Instant::now());
            self.queue(released);
        }
    }

    fn queue(&mut self, spans: impl IntoIterator<Item = Ready>) {
        for ready in spans {
            if self.outbox.len() < self.options.queue_spans {
                self.outbox.push_back(ready);
                self.queued += 1;
            } else {
                add(&self.inbox.dropped, 1);
            }
        }
    }

    /// Hands the next batch to the sink unless one is under way.
    fn deliver(&mut self) {
        if self.delivery.is_some() || self.outbox.is_empty() {
            return;
        }
        let spans = self.outbox.len().min(self.options.batch_spans);
        let batch: Vec<Ready> = self.outbox.drain(..spans).collect();
        let sink = Arc::clone(&self.sink);
        self.delivery =
            Some(Delivery { spans: spans as u64, call: tokio::spawn(async move { sink.export(batch).await }) });
    }

    fn delivered(&mut self, lost: Result<u64, JoinError>) {
        if let Some(delivery) = self.delivery.take() {
            let lost = lost.inspect_err(report_panic).unwrap_or(delivery.spans);
            self.settled += delivery.spans;
            self.inbox.failed.fetch_add(lost, Ordering::Relaxed);
            self.inbox.exported.fetch_add(delivery.spans.saturating_sub(lost), Ordering::Relaxed);
        }
    }

    fn answer_flushes(&mut self, all: bool) {
        let settled = self.settled;
        for (_, done) in self.flushes.extract_if(.., |(spans, _)| all || *spans <= settled) {
            let _ = done.send(()); // whoever asked may have given up waiting
        }
    }

    /// Asks the store about what is held, now and then, and about all of it at the very end.
    fn ask(&mut self) {
        let now = Instant::now();
        if self.question.is_some() {
            return;
        }
        if self.hold.is_empty() {
            self.next_question = None;
            return;
        }
        let leaving = if self.stopping && !self.asked_for_the_last_time {
            self.asked_for_the_last_time = true;
            self.hold.all()
        } else if self.next_question.is_none_or(|time| time <= now) {
            self.hold.expired(now)
        } else {
            return;
        };
        let sink = Arc::clone(&self.sink);
        let ids = leaving.clone();
        self.question = Some(Question { leaving, call: tokio::spawn(async move { sink.judged(ids).await }) });
    }

    fn answered(&mut self, judged: Option<Judged>) {
        let now = Instant::now();
        self.next_question = Some(now + QUESTION_INTERVAL);
        let Some(Question { leaving, .. }) = self.question.take() else { return };
        let Some(judged) = judged.or_else(|| self.stopping.then(Judged::default)) else {
            self.hold.put_back(leaving); // nobody could say, so they wait on
            return;
        };
        let mut released = self.hold.keep(judged.refs, now);
        for id in judged.known {
            released.extend(self.hold.release(id, now));
        }
        self.queue(released);
        let given_up: usize = leaving.into_iter().map(|id| self.hold.remove(id).len()).sum();
        add(&self.inbox.unsampled, given_up);
    }
}

/// How long after an answer the store is asked again for verdicts on what is held.
const QUESTION_INTERVAL: Duration = Duration::from_secs(1);

async fn running<T>(call: Option<&mut JoinHandle<T>>) -> Result<T, JoinError> {
    match call {
        Some(call) => call.await,
        None => std::future::pending().await,
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

fn report_panic(error: &JoinError) {
    tracing::error!(error = error as &dyn std::error::Error, "the store has panicked");
}

fn add(counter: &AtomicU64, spans: usize) {
    counter.fetch_add(spans as u64, Ordering::Relaxed);
}

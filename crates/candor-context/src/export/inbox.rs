use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use candor_model::TraceId;
use candor_store::TargetRef;
use opentelemetry_sdk::trace::SpanData;
use tokio::sync::{Notify, oneshot};

use crate::TraceUpdate;

/// What became of the spans that ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportCounts {
    /// Spans that the store has acknowledged.
    pub exported: u64,
    /// Spans dropped because the queue was full.
    pub dropped: u64,
    /// Spans of traces that were not chosen, and that nobody judged in the time given.
    pub unsampled: u64,
    /// Spans of traces that were given up before that time, because too much was held.
    pub evicted: u64,
    /// Spans that the store refused, or did not take in the time given.
    pub failed: u64,
}

/// What the exporter's thread is told, in the order it happened.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are spans; to box them costs an allocation each")]
pub(super) enum Item {
    Ended(SpanData),
    Update(TraceId, Box<TraceUpdate>),
    Keep { refs: Vec<TargetRef>, done: Option<oneshot::Sender<()>> },
    Flush { done: oneshot::Sender<()>, stop: bool },
}

/// The queue between the traced code and the exporter's thread.
#[derive(Debug)]
pub(super) struct Inbox {
    queue: Mutex<Queue>,
    max_items: usize,
    batch: usize,
    /// Something waits now, where nothing did before.
    pub(super) filled: Notify,
    /// A batch is complete, or somebody waits for an answer.
    pub(super) urgent: Notify,
    pub(super) exported: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) unsampled: AtomicU64,
    pub(super) evicted: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    items: Vec<Item>,
    closed: bool,
}

impl Inbox {
    pub(super) fn new(max_items: usize, batch: usize) -> Self {
        Self {
            queue: Mutex::default(),
            max_items,
            batch,
            filled: Notify::new(),
            urgent: Notify::new(),
            exported: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            unsampled: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
        }
    }

    /// Takes an item in, unless the queue is full: then it is dropped, and counted if it is a span.
    ///
    /// What keeps a trace is never dropped; there are few of those, and each is somebody's verdict.
    pub(super) fn push(&self, item: Item) {
        let waiting = {
            let mut queue = self.lock();
            let is_full = queue.items.len() >= self.max_items && !matches!(item, Item::Keep { .. });
            if is_full || queue.closed {
                drop(queue);
                if matches!(item, Item::Ended(_)) {
                    self.dropped.fetch_add(1, Ordering::Relaxed);
                }
                return;
            }
            queue.items.push(item);
            queue.items.len()
        };
        if waiting == 1 {
            self.filled.notify_one();
        }
        if waiting == self.batch {
            self.urgent.notify_one();
        }
    }

    /// Asks for everything before this to be exported; the answer comes when it is.
    pub(super) fn ask(&self, stop: bool) -> oneshot::Receiver<()> {
        let (done, answer) = oneshot::channel();
        let mut queue = self.lock();
        if !queue.closed {
            queue.items.push(Item::Flush { done, stop }); // also into a full queue, or nothing could empty it
            queue.closed = stop;
        }
        drop(queue);
        self.urgent.notify_one();
        answer
    }

    /// Everything that waits, in exchange for an empty vector.
    pub(super) fn take(&self, empty: Vec<Item>) -> Vec<Item> {
        std::mem::replace(&mut self.lock().items, empty)
    }

    pub(super) fn counts(&self) -> ExportCounts {
        ExportCounts {
            exported: self.exported.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            unsampled: self.unsampled.load(Ordering::Relaxed),
            evicted: self.evicted.load(Ordering::Relaxed),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner) // pushes and takes leave it whole
    }
}

//! The events of one answer: written by one task, read by one reader at a time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::SseOptions;
use super::event::Event;

/// What has been produced, as far as somebody may still want it.
pub(super) struct Log {
    stream: String,
    unread_limit: usize,
    replay_limit: usize,
    /// How long the writer goes on without a reader.
    patience: Duration,
    state: Mutex<State>,
    /// Wakes the reader.
    written: Notify,
    /// Wakes the writer.
    read: Notify,
}

#[derive(Default)]
struct State {
    /// The events kept; the first has the number `first`.
    frames: VecDeque<Bytes>,
    first: u64,
    /// The number of the first event that no reader has taken.
    unread_from: u64,
    unread_bytes: usize,
    kept_bytes: usize,
    /// Whether no more events will come.
    is_finished: bool,
    /// Who reads; only the latest reader is served.
    reader: u64,
    /// Since when nobody reads; `None` while somebody does.
    alone_since: Option<Instant>,
}

impl State {
    fn end(&self) -> u64 {
        self.first + self.frames.len() as u64
    }
}

impl Log {
    pub(super) fn new(stream: String, options: &SseOptions, patience: Duration) -> Arc<Self> {
        Arc::new(Self {
            stream,
            unread_limit: options.unread_bytes,
            replay_limit: options.replay_bytes,
            patience,
            state: Mutex::default(),
            written: Notify::new(),
            read: Notify::new(),
        })
    }

    pub(super) fn stream(&self) -> &str {
        &self.stream
    }

    /// Adds an event.
    pub(super) fn write(&self, event: Event<'_>) {
        let mut state = self.lock();
        let frame = Bytes::from(event.frame(&self.stream, state.end()));
        state.unread_bytes += frame.len();
        state.kept_bytes += frame.len();
        state.frames.push_back(frame);
        drop(state);
        self.written.notify_waiters();
    }

    /// Says that no more events will come.
    pub(super) fn finish(&self) {
        self.lock().is_finished = true;
        self.written.notify_waiters();
    }

    /// Waits until there is room for more.
    pub(super) async fn room(&self) {
        loop {
            let read = self.read.notified();
            if self.lock().unread_bytes < self.unread_limit {
                return;
            }
            read.await;
        }
    }

    /// Whether somebody reads.
    pub(super) fn has_reader(&self) -> bool {
        self.lock().alone_since.is_none()
    }

    /// Waits until nobody has read for as long as the writer has patience.
    pub(super) async fn abandoned(&self) {
        loop {
            let read = self.read.notified();
            let alone_since = self.lock().alone_since;
            match alone_since.map(|since| since + self.patience) {
                Some(end) if end <= Instant::now() => return,
                Some(end) => tokio::select! {
                    () = tokio::time::sleep_until(end) => {}
                    () = read => {}
                },
                None => read.await,
            }
        }
    }

    /// Begins to read at that event, in place of whoever reads; `None` when it is not kept any more.
    pub(super) fn read_from(self: &Arc<Self>, number: u64) -> Option<Cursor> {
        let mut state = self.lock();
        if number < state.first || number > state.end() {
            return None;
        }
        state.reader += 1;
        state.alone_since = None;
        let reader = state.reader;
        drop(state);
        self.written.notify_waiters(); // an earlier reader finds that it is not the latest
        self.read.notify_waiters();
        Some(Cursor { log: Arc::clone(self), reader, next: number })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader's place.
pub(super) struct Cursor {
    log: Arc<Log>,
    reader: u64,
    next: u64,
}

impl Cursor {
    /// The next event; `None` at the end, or when another reader has taken over.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        let log = Arc::clone(&self.log);
        loop {
            let written = log.written.notified();
            {
                let mut state = log.lock();
                if state.reader != self.reader {
                    return None;
                }
                if self.next < state.end() {
                    let frame = state.frames[(self.next - state.first) as usize].clone();
                    self.next += 1;
                    self.took(&mut state, frame.len());
                    drop(state);
                    log.read.notify_waiters();
                    return Some(frame);
                }
                if state.is_finished {
                    return None;
                }
            }
            written.await;
        }
    }

    /// Forgets what was read long ago.
    fn took(&self, state: &mut State, bytes: usize) {
        if self.next > state.unread_from {
            state.unread_from = self.next;
            state.unread_bytes -= bytes;
        }
        while state.kept_bytes - state.unread_bytes > self.log.replay_limit && state.first < state.unread_from {
            if let Some(oldest) = state.frames.pop_front() {
                state.kept_bytes -= oldest.len();
                state.first += 1;
            }
        }
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        let mut state = self.log.lock();
        if state.reader == self.reader {
            state.alone_since = Some(Instant::now());
            drop(state);
            self.log.read.notify_waiters();
        }
    }
}

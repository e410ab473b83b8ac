//! Callers that wait for the back end's own answer.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use candor_model::TraceInfo;
use candor_store::{Logged, StoreError};
use tokio::sync::oneshot;

/// What a caller hears of its entry.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The back end has taken an assessment.
    Logged(Box<Logged>),
    /// The back end has taken a trace.
    Started(Box<TraceInfo>),
    /// The back end has taken spans or a tag.
    Done,
    /// The back end has refused it; the entry is gone.
    Refused(StoreError),
    /// It is in the spool and will be forwarded; nobody knows yet how that ends.
    Accepted,
}

/// The callers that still listen, by entry.
///
/// Who takes a caller out of here decides: the forwarder, which must answer then, or the caller
/// itself, which goes away with [`Answer::Accepted`]. So a refusal reaches either its caller or the
/// dead letters, never neither.
#[derive(Debug, Default)]
pub(crate) struct Callers {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    listening: HashMap<i64, oneshot::Sender<Answer>>,
    /// Entries that this process has accepted and never sent.
    unsent: HashSet<i64>,
}

impl Callers {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Announces an entry; called within the transaction that makes it.
    pub(crate) fn announce(&self, seq: i64, caller: oneshot::Sender<Answer>) {
        let mut inner = self.lock();
        inner.listening.insert(seq, caller);
        inner.unsent.insert(seq);
    }

    /// The caller, which must be answered.
    pub(crate) fn take(&self, seq: i64) -> Option<oneshot::Sender<Answer>> {
        self.lock().listening.remove(&seq)
    }

    /// Tells everybody that entries are accepted and no more is known.
    pub(crate) fn release_all(&self) {
        let listening = std::mem::take(&mut self.lock().listening);
        for caller in listening.into_values() {
            let _ = caller.send(Answer::Accepted); // it may have gone away
        }
    }

    /// Whether the entry may have been sent before, by this process or an earlier one.
    pub(crate) fn mark_sent(&self, seq: i64) -> bool {
        !self.lock().unsent.remove(&seq)
    }

    /// Answers a caller, if it still listens.
    pub(crate) fn answer(&self, seq: i64, answer: Answer) {
        if let Some(caller) = self.take(seq) {
            let _ = caller.send(answer); // it may have gone away
        }
    }
}

//! What attempts mean for the entries and their callers.

use std::sync::Arc;

use candor_model::{DurationMs, TimestampMs};
use candor_store::{Missing, StoreError};
use tokio::sync::oneshot;

use super::{Attempt, Outcome, probe};
use crate::callers::Answer;
use crate::entry::{Entry, EntryState};
use crate::metrics;
use crate::queue::{Fate, NO_TRACE, Why};
use crate::shared::Shared;

/// What is to be done after a pass.
#[derive(Debug, Default)]
pub(super) struct Pass {
    /// What becomes of entries; those not named stay as they are.
    pub(super) fates: Vec<(i64, Fate)>,
    /// What callers hear, if they still listen.
    pub(super) answers: Vec<(i64, Answer)>,
    /// Callers who hear a refusal once its entry is gone.
    pub(super) refusals: Vec<(oneshot::Sender<Answer>, StoreError)>,
    /// Entries that landed traces, whose callers are answered later.
    pub(super) landed: Vec<(Entry, Answer)>,
    /// Why the back end cannot be reached, if so.
    pub(super) outage: Option<StoreError>,
}

/// Decides for every outcome.
pub(super) async fn judge(shared: &Arc<Shared>, outcomes: Vec<Outcome>) -> Pass {
    let mut pass = Pass::default();
    let mut unreached = Vec::new();
    let mut answered = false;
    for Outcome { entry, attempt } in outcomes {
        match attempt {
            Attempt::Taken(answer) => {
                answered = true;
                metrics::forwarded(entry.payload.kind());
                pass.fates.push((entry.seq, Fate::Gone));
                if entry.payload.lands().is_empty() {
                    pass.answers.push((entry.seq, answer));
                } else {
                    pass.landed.push((entry, answer));
                }
            }
            Attempt::Failed(error) if error.is_retryable() => unreached.push((entry, error)),
            Attempt::Failed(error) => {
                answered = true;
                pass.refuse(shared, entry, error);
            }
            Attempt::NotTried => {}
        }
    }
    if unreached.is_empty() {
        if !answered {
            let source = "no lane came to an end".into(); // they panicked, and would again
            pass.outage = Some(StoreError::Unavailable { backend: shared.inner.capabilities().backend, source });
        }
        return pass;
    }
    if !answered && probe(shared).await.is_err() {
        pass.outage = unreached.pop().map(|(_, error)| error);
        return pass;
    }
    // The back end answers others: these have trouble of their own.
    for (entry, error) in unreached {
        let old = age(shared, &entry) >= shared.options.trace_deadline.as_millis();
        let fate = pass.again(shared, &entry, &error, old);
        pass.fates.push((entry.seq, fate));
    }
    pass
}

impl Pass {
    /// An answer of the back end that is no success and that time alone does not mend.
    fn refuse(&mut self, shared: &Shared, entry: Entry, error: StoreError) {
        if matches!(error, StoreError::Backend { .. } | StoreError::Corrupt { .. }) {
            // Servers say so of users' errors and of their own alike.
            let fate = self.again(shared, &entry, &error, true);
            self.fates.push((entry.seq, fate));
            return;
        }
        let no_trace = matches!(error, StoreError::NotFound(Missing::Trace(_) | Missing::Target(_)))
            && entry.payload.assessment().is_some();
        let may_wait = entry.state == EntryState::Waiting || (no_trace && entry.payload.may_wait());
        let why = Why { kind: if no_trace { NO_TRACE } else { error.kind() }, reason: with_causes(&error) };
        if may_wait {
            let deadline = deadline(shared, &entry);
            let fate = match shared.now() >= deadline {
                true => Fate::Dead { at: shared.now(), why },
                false => {
                    let due = shared.next_attempt(entry.attempts).min(deadline);
                    Fate::Later { state: EntryState::Waiting, due, why }
                }
            };
            self.fates.push((entry.seq, fate));
            self.answers.push((entry.seq, Answer::Accepted));
            return;
        }
        match shared.callers.take(entry.seq) {
            Some(caller) => {
                self.fates.push((entry.seq, Fate::Gone));
                self.refusals.push((caller, error));
            }
            None => self.fates.push((entry.seq, Fate::Dead { at: shared.now(), why })),
        }
    }

    /// Another attempt after a pause, unless there were enough of them. Its caller goes on listening.
    fn again(&self, shared: &Shared, entry: &Entry, error: &StoreError, may_die: bool) -> Fate {
        let why = Why { kind: error.kind(), reason: with_causes(error) };
        if may_die && entry.attempts + 1 >= shared.options.max_attempts {
            return Fate::Dead { at: shared.now(), why };
        }
        // What waits for its trace goes on waiting.
        Fate::Later { state: entry.state, due: shared.next_attempt(entry.attempts), why }
    }
}

fn deadline(shared: &Shared, entry: &Entry) -> TimestampMs {
    let patience = i64::try_from(shared.options.trace_deadline.as_millis()).unwrap_or(i64::MAX);
    entry.received.plus(DurationMs::from_millis(patience))
}

/// How long the entry has been here, in milliseconds.
fn age(shared: &Shared, entry: &Entry) -> u128 {
    (shared.now().as_millis() - entry.received.as_millis()).max(0).unsigned_abs().into()
}

/// The whole chain of causes on one line.
fn with_causes(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

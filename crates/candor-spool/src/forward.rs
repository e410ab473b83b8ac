//! The one task that forwards: it takes what is due, sends it, and settles what became of it.

mod plan;
mod send;
mod verdict;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use candor_model::{ExperimentId, TraceId};
use candor_store::{ExperimentKey, Result, StoreError, TargetRef, target};
use rusqlite::Connection;
use tokio::sync::watch;

use crate::callers::Answer;
use crate::entry::{Entry, EntryKind, EntryState};
use crate::metrics;
use crate::queue::{self, Fate, NO_TRACE, Why};
use crate::shared::Shared;
use plan::Behind;
use send::{Attempt, Outcome};

/// Callers of a server that is back should notice soon.
const LONGEST_OUTAGE_PAUSE: Duration = Duration::from_secs(5);

/// Forwards until told to stop; the round under way is finished.
pub(crate) async fn run(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let mut failures = 0;
    if probe(&shared).await.is_err() {
        shared.set_up(false); // so that the first callers need not find out
        shared.callers.release_all();
    }
    while !*stop.borrow() {
        let pause = match round(&shared).await {
            Ok(Round::Forwarded) => {
                failures = 0;
                report(&shared).await;
                continue;
            }
            Ok(Round::Idle { next }) => {
                failures = 0;
                report(&shared).await;
                next
            }
            Ok(Round::Outage { cause, at_least }) => {
                if shared.set_up(false) {
                    tracing::warn!(
                        error = &cause as &dyn std::error::Error,
                        "the back end is down; writes are spooled"
                    );
                }
                shared.callers.release_all();
                shared.progress.send_replace(());
                report(&shared).await;
                failures += 1;
                wait(&mut stop, shared.pause(failures - 1).min(LONGEST_OUTAGE_PAUSE).max(at_least)).await;
                continue;
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the spool's file failed");
                failures += 1;
                shared.pause(failures - 1)
            }
        };
        tokio::select! {
            () = shared.work.notified() => {}
            () = wait(&mut stop, pause) => {}
        }
    }
}

/// Waits, but not beyond the end.
async fn wait(stop: &mut watch::Receiver<bool>, pause: Duration) {
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        _ = stop.changed() => {}
    }
}

/// How a round ended.
enum Round {
    /// Something was sent, and the back end answered.
    Forwarded,
    /// Nothing is due; the next may be after a while.
    Idle { next: Duration },
    /// The back end cannot be reached.
    Outage { cause: StoreError, at_least: Duration },
}

async fn round(shared: &Arc<Shared>) -> Result<Round> {
    let (now, limit) = (shared.now(), shared.options.round_entries);
    let taken = shared.file.read("take entries", move |connection| queue::take(connection, now, limit)).await?;
    for (seq, error) in taken.broken {
        bury_unreadable(shared, seq, &error).await?;
    }
    if taken.entries.is_empty() {
        return idle(shared).await;
    }
    // A server that hangs takes its time with every call: while it is down, one small question will do.
    let outage = match shared.is_up() {
        true => dispatch(shared, taken.entries).await?,
        false => match probe(shared).await {
            Ok(()) => dispatch(shared, taken.entries).await?,
            Err(error) => Some(error),
        },
    };
    shared.progress.send_replace(());
    if outage.is_none() && shared.set_up(true) {
        tracing::info!("the back end answers again");
    }
    Ok(match outage {
        None => Round::Forwarded,
        Some(cause) => {
            let at_least = match &cause {
                StoreError::Overloaded { retry_after, .. } => *retry_after,
                _ => Duration::ZERO,
            };
            Round::Outage { cause, at_least }
        }
    })
}

async fn idle(shared: &Arc<Shared>) -> Result<Round> {
    let now = shared.now();
    let (totals, next) = shared
        .file
        .read("look for the next entry", |connection| Ok((queue::totals(connection)?, queue::next_due(connection)?)))
        .await?;
    shared.queued().store(totals.queued, Ordering::SeqCst);
    shared.progress.send_replace(());
    if !shared.is_up() && totals.queued == 0 && probe(shared).await.is_ok() {
        shared.set_up(true);
        tracing::info!("the back end answers again");
    }
    let until = next
        .map_or(shared.options.poll, |due| Duration::from_millis((due.as_millis() - now.as_millis()).max(1) as u64));
    Ok(Round::Idle { next: until.min(shared.options.poll) })
}

/// Sends entries in passes, so that what hangs on an earlier entry goes after it, and settles all.
///
/// Returns the failure when the back end cannot be reached.
async fn dispatch(shared: &Arc<Shared>, mut entries: Vec<Entry>) -> Result<Option<StoreError>> {
    let lands = entries.iter().any(|entry| entry.payload.kind() == EntryKind::Trace);
    let waits = lands && shared.file.read("look for what waits", queue::any_without_trace).await?;
    while !entries.is_empty() {
        let plan = plan::plan(entries, shared.options.lanes, waits);
        let outcomes = send::lanes(shared, plan.lanes).await;
        let pass = verdict::judge(shared, outcomes).await;
        settle(shared, &pass.fates).await?;
        for (seq, answer) in pass.answers {
            shared.callers.answer(seq, answer);
        }
        for (caller, error) in pass.refusals {
            let _ = caller.send(Answer::Refused(error)); // it may have gone away
        }
        Box::pin(attach(shared, pass.landed)).await?;
        if pass.outage.is_some() {
            return Ok(pass.outage);
        }
        entries = hold_back(shared, plan.behind, &pass.fates).await?;
    }
    Ok(None)
}

/// Of the entries that hang on others, those whose turn it is; the others wait as long as those.
async fn hold_back(shared: &Arc<Shared>, behind: Vec<Behind>, fates: &[(i64, Fate)]) -> Result<Vec<Entry>> {
    let fates: HashMap<i64, &Fate> = fates.iter().map(|(seq, fate)| (*seq, fate)).collect();
    let (mut ready, mut turns) = (Vec::new(), HashSet::new());
    let mut waiting: Vec<(i64, Fate)> = Vec::new();
    for Behind { entry, on, waits_along } in behind {
        let before = waiting.iter().find(|(seq, _)| *seq == on).map(|(_, fate)| fate);
        match fates.get(&on).copied().or(before) {
            // What must not wait is refused in its own right, if its trace is missing, too.
            Some(Fate::Later { state: EntryState::Waiting, due, why })
                if waits_along && why.kind == NO_TRACE && entry.payload.may_wait() =>
            {
                waiting.push((entry.seq, Fate::Later { state: EntryState::Waiting, due: *due, why: why.clone() }));
            }
            Some(Fate::Gone | Fate::Dead { .. } | Fate::Later { state: EntryState::Waiting, .. }) => {
                turns.insert(entry.seq);
                ready.push(entry);
            }
            None if turns.contains(&on) => {
                turns.insert(entry.seq);
                ready.push(entry);
            }
            Some(Fate::Later { .. }) | None => {} // they stay as they are and come up again
        }
    }
    settle(shared, &waiting).await?;
    for (seq, _) in &waiting {
        shared.callers.answer(*seq, Answer::Accepted);
    }
    Ok(ready)
}

/// Attaches what waited for traces that have just landed, and answers those who brought the traces.
async fn attach(shared: &Arc<Shared>, landed: Vec<(Entry, Answer)>) -> Result<()> {
    if landed.is_empty() {
        return Ok(());
    }
    let traces: Vec<TraceId> = landed.iter().flat_map(|(entry, _)| entry.payload.lands()).collect();
    let woken = wake(shared, traces).await?;
    let any = !woken.is_empty();
    if any {
        dispatch(shared, woken).await?;
    }
    for (entry, answer) in landed {
        let answer = match answer {
            Answer::Started(info) if any => {
                // With the verdicts that are on it now.
                let again = shared.inner.get_traces(&[info.trace_id], false).await;
                Answer::Started(
                    again.ok().and_then(|mut traces| traces.pop()).map_or(info, |trace| Box::new(trace.info)),
                )
            }
            other => other,
        };
        shared.callers.answer(entry.seq, answer);
    }
    Ok(())
}

/// The entries that wait for one of the traces.
async fn wake(shared: &Arc<Shared>, traces: Vec<TraceId>) -> Result<Vec<Entry>> {
    if !shared.file.read("look for what waits", queue::any_without_trace).await? {
        return Ok(Vec::new()); // nearly always
    }
    let stored = match shared.inner.get_traces(&traces, true).await {
        Ok(stored) => stored,
        Err(error) => {
            // What waits is tried again in its own time.
            tracing::warn!(error = &error as &dyn std::error::Error, "could not read traces that have just landed");
            return Ok(Vec::new());
        }
    };
    let refs: Vec<TargetRef> = stored.iter().flat_map(|trace| target::ids_of(&trace.info, &trace.spans)).collect();
    let woken = shared.file.write("wake what waits", move |connection| queue::wake(connection, &refs)).await?;
    if woken.is_empty() {
        return Ok(Vec::new());
    }
    shared.file.read("read entries", move |connection| queue::entries(connection, &woken)).await
}

async fn settle(shared: &Arc<Shared>, fates: &[(i64, Fate)]) -> Result<()> {
    if fates.is_empty() {
        return Ok(());
    }
    let (fates, queued) = (fates.to_vec(), shared.queued());
    let write = move |connection: &Connection| {
        for (seq, fate) in &fates {
            queue::settle(connection, *seq, fate)?;
            if let Fate::Dead { why, .. } = fate {
                metrics::dead_letter(why.kind);
                tracing::warn!(entry.seq = seq, reason = why.reason, "an entry of the spool is a dead letter");
            }
        }
        queued.store(queue::totals(connection)?.queued, Ordering::SeqCst);
        Ok(())
    };
    shared.file.write("settle entries", write).await
}

async fn bury_unreadable(shared: &Arc<Shared>, seq: i64, error: &StoreError) -> Result<()> {
    let reason =
        std::error::Error::source(error).map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
    let fate = Fate::Dead { at: shared.now(), why: Why { kind: error.kind(), reason } };
    settle(shared, &[(seq, fate)]).await
}

/// Whether the back end answers at all.
async fn probe(shared: &Arc<Shared>) -> Result<()> {
    shared.inner.get_experiment(&ExperimentKey::Id(ExperimentId::DEFAULT)).await.map(drop)
}

async fn report(shared: &Arc<Shared>) {
    if let Err(error) = metrics::report(shared).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "could not count the spool");
    }
}

//! Calls to the back end.

use std::collections::HashMap;
use std::sync::Arc;

use candor_model::{Assessment, AssessmentId, TraceId};
use candor_store::{Logged, NewAssessment, Result, StoreError, TargetRef, WhenMissing};
use tokio::task::JoinSet;

use crate::callers::Answer;
use crate::entry::{Entry, EntryKind, Payload};
use crate::shared::Shared;

/// The most entries in one call.
const CALL_ENTRIES: usize = 64;

/// What became of an attempt.
#[derive(Debug)]
pub(super) enum Attempt {
    /// The back end has taken it.
    Taken(Answer),
    /// The back end, or the way to it, has failed or refused it.
    Failed(StoreError),
    /// Something before it on its lane could not be sent.
    NotTried,
}

/// An entry and what became of it.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) entry: Entry,
    pub(super) attempt: Attempt,
}

/// Sends every lane in order, all lanes at a time.
pub(super) async fn lanes(shared: &Arc<Shared>, lanes: Vec<Vec<Entry>>) -> Vec<Outcome> {
    let mut running = JoinSet::new();
    for entries in lanes {
        let shared = Arc::clone(shared);
        running.spawn(async move { lane(&shared, entries).await });
    }
    // Entries of a lane that panicked have no outcome: they stay as they are and come up again.
    let mut outcomes = Vec::new();
    while let Some(ended) = running.join_next().await {
        match ended {
            Ok(lane) => outcomes.extend(lane),
            Err(error) => tracing::error!(%error, "forwarding has panicked"),
        }
    }
    outcomes
}

async fn lane(shared: &Shared, entries: Vec<Entry>) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(entries.len());
    let mut rest = entries.into_iter().peekable();
    while let Some(first) = rest.next() {
        let kind = first.payload.kind();
        let mut run = vec![first];
        while run.len() < CALL_ENTRIES
            && matches!(kind, EntryKind::Assessment | EntryKind::Trace)
            && let Some(next) = rest.next_if(|next| next.payload.kind() == kind)
        {
            run.push(next);
        }
        let sent = send(shared, run).await;
        let stuck =
            sent.iter().any(|outcome| matches!(&outcome.attempt, Attempt::Failed(error) if error.is_retryable()));
        outcomes.extend(sent);
        if stuck {
            break;
        }
    }
    outcomes.extend(rest.map(|entry| Outcome { entry, attempt: Attempt::NotTried }));
    outcomes
}

/// Sends entries of one kind, in one call unless that fails for reasons of its own.
async fn send(shared: &Shared, run: Vec<Entry>) -> Vec<Outcome> {
    let calls: Vec<Vec<Entry>> = match call(shared, &run).await {
        Ok(attempts) if attempts.len() == run.len() => return outcomes(run, attempts),
        Ok(_) => {
            let answer = "the back end did not answer for every entry";
            return fail(
                shared,
                run,
                StoreError::Backend { backend: backend(shared), operation: "forward", source: answer.into() },
            );
        }
        Err(error) if run.len() == 1 || error.is_retryable() => return fail(shared, run, error),
        Err(_) => run.into_iter().map(|entry| vec![entry]).collect(), // one of them spoils the call: find it
    };
    let mut all = Vec::with_capacity(calls.len());
    for one in calls {
        match call(shared, &one).await {
            Ok(attempts) => all.extend(outcomes(one, attempts)),
            Err(error) => all.extend(fail(shared, one, error)),
        }
    }
    all
}

fn outcomes(run: Vec<Entry>, attempts: Vec<Attempt>) -> Vec<Outcome> {
    run.into_iter().zip(attempts).map(|(entry, attempt)| Outcome { entry, attempt }).collect()
}

/// The same failure for every entry of a call.
fn fail(shared: &Shared, run: Vec<Entry>, error: StoreError) -> Vec<Outcome> {
    let text = error.to_string();
    let retry_after = match &error {
        StoreError::Overloaded { waiting, retry_after, .. } => Some((*waiting, *retry_after)),
        _ => None,
    };
    let mut own = Some(error);
    let mut next = || {
        own.take().unwrap_or_else(|| match retry_after {
            Some((waiting, retry_after)) => StoreError::Overloaded { backend: backend(shared), waiting, retry_after },
            None => StoreError::Unavailable { backend: backend(shared), source: text.clone().into() },
        })
    };
    run.into_iter().map(|entry| Outcome { entry, attempt: Attempt::Failed(next()) }).collect()
}

fn backend(shared: &Shared) -> &'static str {
    shared.inner.capabilities().backend
}

async fn call(shared: &Shared, run: &[Entry]) -> Result<Vec<Attempt>> {
    let sent_before: Vec<bool> = run.iter().map(|entry| shared.callers.mark_sent(entry.seq)).collect();
    let store = &shared.inner;
    let Some(first) = run.first() else { return Ok(Vec::new()) };
    Ok(match &first.payload {
        Payload::Assessment(_) => assessments(shared, run, &sent_before).await?,
        Payload::Trace(_) => {
            let infos = run.iter().filter_map(|entry| match &entry.payload {
                Payload::Trace(info) => Some(info.as_ref().clone()),
                _ => None,
            });
            let answers = store.start_traces(infos.collect()).await?;
            answers.into_iter().map(|answer| attempt(answer.map(|info| Answer::Started(Box::new(info))))).collect()
        }
        Payload::Spans(batch) => {
            store.log_spans(batch.clone()).await?;
            vec![Attempt::Taken(Answer::Done)]
        }
        Payload::Tag(trace, change) => {
            match store.update_trace_tag(*trace, change.clone()).await {
                // Removed by the attempt whose answer was lost.
                Err(StoreError::NotFound(candor_store::Missing::TraceTag { .. })) if sent_before == [true] => {}
                answer => answer?,
            }
            vec![Attempt::Taken(Answer::Done)]
        }
    })
}

/// Logs assessments, save those that an earlier attempt has logged already.
async fn assessments(shared: &Shared, run: &[Entry], sent_before: &[bool]) -> Result<Vec<Attempt>> {
    let items = || run.iter().filter_map(|entry| entry.payload.assessment());
    let doubtful = items().zip(sent_before).filter(|(_, sent)| **sent).map(|(item, _)| item);
    let mut there = look_up(shared, doubtful).await?;
    let missing = items().filter(|item| !there.contains_key(&item.id));
    // The spool itself holds what must wait.
    let missing: Vec<NewAssessment> =
        missing.map(|item| NewAssessment { when_missing: WhenMissing::Fail, ..item.clone() }).collect();
    let mut answers = match missing.is_empty() {
        true => Vec::new(),
        false => shared.inner.log_assessments(missing).await?,
    }
    .into_iter();
    let mut attempts = Vec::with_capacity(run.len());
    for (item, sent_before) in items().zip(sent_before) {
        let answer = match there.remove(&item.id) {
            Some(assessment) => Ok(Logged::Created(assessment)),
            None => match answers.next() {
                // Of the attempt whose answer was lost.
                Some(Ok(Logged::Existing(assessment))) if *sent_before => Ok(Logged::Created(assessment)),
                Some(answer) => answer,
                None => break, // the caller sees that answers are missing
            },
        };
        attempts.push(attempt(answer.map(|logged| Answer::Logged(Box::new(logged)))));
    }
    Ok(attempts)
}

/// Those of the assessments that are on the traces which they name.
async fn look_up(
    shared: &Shared,
    items: impl Iterator<Item = &NewAssessment>,
) -> Result<HashMap<AssessmentId, Assessment>> {
    let mut wanted: HashMap<AssessmentId, TraceId> = HashMap::new();
    for item in items {
        for reference in &item.target.refs {
            if let TargetRef::Trace(trace) = reference {
                wanted.insert(item.id, *trace);
            }
        }
    }
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let mut traces: Vec<TraceId> = wanted.values().copied().collect();
    traces.sort_unstable();
    traces.dedup();
    let found = shared.inner.get_traces(&traces, false).await?;
    let assessments = found.into_iter().flat_map(|trace| trace.info.assessments);
    Ok(assessments.filter(|one| wanted.contains_key(&one.id)).map(|one| (one.id, one)).collect())
}

fn attempt(answer: Result<Answer>) -> Attempt {
    match answer {
        Ok(answer) => Attempt::Taken(answer),
        Err(error) => Attempt::Failed(error),
    }
}

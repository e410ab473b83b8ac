//! `candor spool`: what was accepted and is not forwarded yet.

use std::process::ExitCode;

use anyhow::Context;
use candor::model::TimestampMs;
use candor::spool::{EntryQuery, EntryState, SpoolEntry, SpoolFile, SpoolStatus};
use candor::store::{Clock, SystemClock};
use candor::wire::scalar::format_timestamp;
use serde_json::{Value as Json, json};

use crate::cli::{ReportFormat, SpoolArguments, SpoolCommand, SpoolSelection, SpoolState};

pub(crate) fn run(arguments: SpoolArguments) -> anyhow::Result<ExitCode> {
    let path = &arguments.path;
    let mut file = SpoolFile::open(path).with_context(|| format!("cannot open the spool {}", path.display()))?;
    let format = arguments.format;
    match arguments.command {
        SpoolCommand::Status => {
            let status = file.status()?;
            show(format, || print_status(&status), || status_json(&status))?;
        }
        SpoolCommand::List { state, limit } => {
            let state = state.map(|state| match state {
                SpoolState::Queued => EntryState::Queued,
                SpoolState::Waiting => EntryState::Waiting,
                SpoolState::Dead => EntryState::Dead,
            });
            let entries = file.list(&EntryQuery { state, limit: Some(limit), ..EntryQuery::default() })?;
            show(format, || print_entries(&entries), || entries.iter().map(entry_json).collect())?;
        }
        SpoolCommand::Retry(selection) => {
            let (asked, query) = query(selection);
            let changed = file.retry(&query)?;
            show(format, || println!("{changed} back in the queue"), || json!({"retried": changed}))?;
            return Ok(exit_code(asked, changed));
        }
        SpoolCommand::Drop(selection) => {
            let (asked, query) = query(selection);
            let changed = file.drop_entries(&query)?;
            show(format, || println!("{changed} dropped"), || json!({"dropped": changed}))?;
            return Ok(exit_code(asked, changed));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(format: ReportFormat, table: impl FnOnce(), json: impl FnOnce() -> Json) -> anyhow::Result<()> {
    match format {
        ReportFormat::Table => table(),
        ReportFormat::Json => println!("{}", serde_json::to_string_pretty(&json())?),
    }
    Ok(())
}

/// The number of entries that were named, and the query for them.
fn query(selection: SpoolSelection) -> (usize, EntryQuery) {
    if selection.dead {
        return (0, EntryQuery { state: Some(EntryState::Dead), ..EntryQuery::default() });
    }
    let mut seqs = selection.entries;
    seqs.sort_unstable();
    seqs.dedup();
    (seqs.len(), EntryQuery { seqs: Some(seqs), ..EntryQuery::default() })
}

/// A failure when entries were named that are not there.
fn exit_code(asked: usize, changed: usize) -> ExitCode {
    if changed < asked {
        eprintln!("candor: {} of the entries named are not in the spool (any more)", asked - changed);
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn print_status(status: &SpoolStatus) {
    let age =
        |oldest: Option<TimestampMs>| oldest.map_or_else(String::new, |oldest| format!(", oldest {}", age(oldest)));
    let rows = [
        ("queued", format!("{}{}", status.queued, age(status.oldest_queued))),
        ("waiting for traces", format!("{}{}", status.waiting, age(status.oldest_waiting))),
        ("dead letters", status.dead.to_string()),
        ("size", format!("{:.1} MiB", status.bytes as f64 / f64::from(1 << 20))),
    ];
    for (name, value) in rows {
        println!("{name:<19} {value}");
    }
}

pub(crate) fn status_json(status: &SpoolStatus) -> Json {
    json!({
        "queued": status.queued,
        "waiting": status.waiting,
        "dead": status.dead,
        "bytes": status.bytes,
        "oldest_queued": status.oldest_queued.map(format_timestamp),
        "oldest_waiting": status.oldest_waiting.map(format_timestamp),
    })
}

fn print_entries(entries: &[SpoolEntry]) {
    if entries.is_empty() {
        println!("no entries");
        return;
    }
    println!("{:>8}  {:<7}  {:<10}  {:>8}  {:>8}  about", "entry", "state", "kind", "age", "attempts");
    for entry in entries {
        let kind = entry.kind.map_or("unknown", |kind| kind.as_str());
        println!(
            "{:>8}  {:<7}  {:<10}  {:>8}  {:>8}  {}",
            entry.seq,
            entry.state.as_str(),
            kind,
            age(entry.received),
            entry.attempts,
            entry.subject
        );
        if let Some(reason) = &entry.reason {
            println!("{:>8}  {reason}", "");
        }
    }
}

pub(crate) fn entry_json(entry: &SpoolEntry) -> Json {
    json!({
        "entry": entry.seq,
        "kind": entry.kind.map(|kind| kind.as_str()),
        "state": entry.state.as_str(),
        "about": entry.subject,
        "assessment_id": entry.assessment_id,
        "received": format_timestamp(entry.received),
        "attempts": entry.attempts,
        "error_type": entry.error_kind,
        "reason": entry.reason,
        "died": entry.died.map(format_timestamp),
    })
}

/// How long ago, in the largest unit that fits.
fn age(since: TimestampMs) -> String {
    let seconds = (SystemClock.now().as_millis() - since.as_millis()).max(0) / 1000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

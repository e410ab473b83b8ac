//! The names of the spool's metrics, and when they are set.
//!
//! | metric | kind | labels | says |
//! |---|---|---|---|
//! | `candor_spool_entries` | gauge | `state` | entries `queued`, `waiting` for their traces, `dead` |
//! | `candor_spool_bytes` | gauge | | bytes of all entries |
//! | `candor_spool_oldest_age_seconds` | gauge | `state` | age of the oldest entry `queued` or `waiting`; 0 for none |
//! | `candor_spool_backend_up` | gauge | | 1 while the back end answers, else 0 |
//! | `candor_spool_forwarded_total` | counter | `kind` | entries that the back end has taken |
//! | `candor_spool_dead_letters_total` | counter | `error_type` | entries that became dead letters |
//! | `candor_spool_refused_total` | counter | | writes turned away because the spool was full |
//!
//! Gauges are set after every round of forwarding, and once per
//! [`poll`](crate::SpoolOptions::poll) while there is nothing to do.

use candor_store::Result;
use metrics::{counter, gauge};
use rusqlite::Connection;

use crate::entry::{EntryKind, EntryState};
use crate::queue::{self, Totals};
use crate::shared::Shared;

/// Gauge: entries by `state`.
pub const ENTRIES: &str = "candor_spool_entries";
/// Gauge: bytes of all entries.
pub const BYTES: &str = "candor_spool_bytes";
/// Gauge: age of the oldest entry by `state`, in seconds.
pub const OLDEST_AGE: &str = "candor_spool_oldest_age_seconds";
/// Gauge: 1 while the back end answers, else 0.
pub const BACKEND_UP: &str = "candor_spool_backend_up";
/// Counter: entries that the back end has taken, by `kind`.
pub const FORWARDED: &str = "candor_spool_forwarded_total";
/// Counter: entries that became dead letters, by `error_type`.
pub const DEAD_LETTERS: &str = "candor_spool_dead_letters_total";
/// Counter: writes turned away because the spool was full.
pub const REFUSED: &str = "candor_spool_refused_total";

pub(crate) fn forwarded(kind: EntryKind) {
    counter!(FORWARDED, "kind" => kind.as_str()).increment(1);
}

pub(crate) fn dead_letter(error_type: &'static str) {
    counter!(DEAD_LETTERS, "error_type" => error_type).increment(1);
}

pub(crate) fn refused() {
    counter!(REFUSED).increment(1);
}

/// Sets every gauge.
pub(crate) async fn report(shared: &Shared) -> Result<Totals> {
    const STATES: [EntryState; 2] = [EntryState::Queued, EntryState::Waiting];
    let read = |connection: &Connection| {
        let oldest = STATES.map(|state| queue::oldest(connection, state));
        Ok((queue::totals(connection)?, oldest))
    };
    let (totals, oldest) = shared.file.read("count the spool", read).await?;
    for (state, entries) in [("queued", totals.queued), ("waiting", totals.waiting), ("dead", totals.dead)] {
        gauge!(ENTRIES, "state" => state).set(entries as f64);
    }
    gauge!(BYTES).set(totals.bytes as f64);
    let now = shared.now();
    for (state, oldest) in STATES.into_iter().zip(oldest) {
        let age_ms = oldest?.map_or(0, |received| now.as_millis() - received.as_millis());
        gauge!(OLDEST_AGE, "state" => state.as_str()).set(age_ms.max(0) as f64 / 1000.0);
    }
    gauge!(BACKEND_UP).set(if shared.is_up() { 1.0 } else { 0.0 });
    Ok(totals)
}

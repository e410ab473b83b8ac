//! The entries in the file: every statement of the spool.

use candor_model::{AssessmentId, TimestampMs};
use candor_sqlite::file::{During, Statements, corrupt};
use candor_store::{BoxError, Result, StoreError, TargetRef};
use rusqlite::{Connection, Row, params};

use crate::entry::{Entry, EntryKind, EntryState, Payload, assessment_id, ref_text};

/// How much is in the spool, by state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Totals {
    pub(crate) queued: u64,
    pub(crate) waiting: u64,
    pub(crate) dead: u64,
    pub(crate) bytes: u64,
}

impl Totals {
    pub(crate) fn entries(&self) -> u64 {
        self.queued + self.waiting + self.dead
    }
}

/// What becomes of an entry after an attempt.
#[derive(Clone, Debug)]
pub(crate) enum Fate {
    /// It is forwarded, or refused while its caller still listens.
    Gone,
    /// It is tried again from a time on; as it stands, or waiting for its trace.
    Later { state: EntryState, due: TimestampMs, why: Why },
    /// It is a dead letter.
    Dead { at: TimestampMs, why: Why },
}

/// Why an entry is not forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Why {
    /// [`StoreError::kind`](candor_store::StoreError::kind), or [`NO_TRACE`].
    pub(crate) kind: &'static str,
    pub(crate) reason: String,
}

/// The kind of failure of an assessment whose trace is not there.
pub(crate) const NO_TRACE: &str = "no_trace";

pub(crate) fn totals(connection: &Connection) -> Result<Totals> {
    let rows: Vec<(i64, i64, i64)> = connection
        .all("SELECT state, entries, bytes FROM totals", [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .during("count the spool")?;
    let mut totals = Totals::default();
    for (state, entries, bytes) in rows {
        let entries = entries.cast_unsigned();
        totals.bytes += bytes.cast_unsigned();
        match EntryState::from_code(state) {
            Some(EntryState::Queued) => totals.queued = entries,
            Some(EntryState::Waiting) => totals.waiting = entries,
            _ => totals.dead = entries,
        }
    }
    Ok(totals)
}

/// Adds an entry at the end; assessments that wait for the same trace are tried again with it, first.
pub(crate) fn insert(connection: &Connection, payload: &Payload, text: &str, received: TimestampMs) -> Result<i64> {
    const OPERATION: &str = "spool a write";
    const INSERT: &str = "
        INSERT INTO entries (kind, assessment_id, held_ms, received_ms, bytes, payload) VALUES (?, ?, ?, ?, ?, ?)";
    const REF: &str = "INSERT OR IGNORE INTO entry_refs VALUES (?, ?)";
    const SOONER: &str = "
        UPDATE entries SET due_ms = 0
        WHERE state = 1 AND seq IN (SELECT seq FROM entry_refs WHERE ref = ?)";
    let id = assessment_id(payload);
    let held_ms = payload.assessment().map(|item| item.last_update_time.as_millis());
    let row = params![
        payload.kind().as_str(),
        id.as_ref().map(AssessmentId::as_bytes),
        held_ms,
        received.as_millis(),
        text.len() as i64,
        text
    ];
    connection.run(INSERT, row).during(OPERATION)?;
    let seq = connection.last_insert_rowid();
    for reference in payload.refs() {
        let reference = ref_text(&reference);
        if id.is_some() {
            connection.run(SOONER, [&reference]).during(OPERATION)?;
        }
        connection.run(REF, params![reference, seq]).during(OPERATION)?;
    }
    Ok(seq)
}

/// The entry of an assessment.
pub(crate) fn find_assessment(connection: &Connection, id: AssessmentId) -> Result<Option<Entry>> {
    const SELECT: &str = "
        SELECT seq, kind, state, attempts, received_ms, payload FROM entries WHERE assessment_id = ?";
    connection.first(SELECT, [id.as_bytes()], row).during("look a verdict up")?.map(read).transpose()
}

/// What may be sent now.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// In order.
    pub(crate) entries: Vec<Entry>,
    /// Entries that cannot be read, and why.
    pub(crate) broken: Vec<(i64, StoreError)>,
}

/// What may be sent now: due entries, save those that share an id with one that must wait for its
/// next attempt.
pub(crate) fn take(connection: &Connection, now: TimestampMs, limit: usize) -> Result<Taken> {
    const OPERATION: &str = "take entries from the spool";
    const QUEUED: &str = "
        SELECT seq, kind, state, attempts, received_ms, payload FROM entries
        WHERE state = 0 AND due_ms <= ?1 AND NOT EXISTS (
            SELECT 1 FROM entry_refs AS own JOIN entry_refs AS other USING (ref)
                JOIN entries AS earlier ON earlier.seq = other.seq
            WHERE own.seq = entries.seq AND other.seq < own.seq AND earlier.state = 0 AND earlier.due_ms > ?1)
        ORDER BY seq LIMIT ?2";
    const UNHINDERED: &str = "
        SELECT seq, kind, state, attempts, received_ms, payload FROM entries
        WHERE state = 0 ORDER BY seq LIMIT ?1";
    const HINDERED: &str = "SELECT 1 FROM entries WHERE state = 0 AND due_ms > ? LIMIT 1";
    const WAITING: &str = "
        SELECT seq, kind, state, attempts, received_ms, payload FROM entries
        WHERE state = 1 AND due_ms <= ?1 ORDER BY seq LIMIT ?2";
    let (now, limit) = (now.as_millis(), limit as i64);
    let hindered = connection.first(HINDERED, [now], |_| Ok(())).during(OPERATION)?.is_some();
    let mut rows: Vec<Columns> = match hindered {
        true => connection.all(QUEUED, params![now, limit], row),
        false => connection.all(UNHINDERED, params![limit], row), // nearly always
    }
    .during(OPERATION)?;
    rows.extend(connection.all::<_, Vec<_>>(WAITING, params![now, limit], row).during(OPERATION)?);
    rows.sort_unstable_by_key(|columns| columns.seq);
    let mut taken = Taken::default();
    for columns in rows {
        let seq = columns.seq;
        match read(columns) {
            Ok(entry) => taken.entries.push(entry),
            Err(error) => taken.broken.push((seq, error)),
        }
    }
    Ok(taken)
}

/// These entries, in order, whatever their state.
pub(crate) fn entries(connection: &Connection, seqs: &[i64]) -> Result<Vec<Entry>> {
    const SELECT: &str = "
        SELECT seq, kind, state, attempts, received_ms, payload FROM entries
        WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq";
    let rows: Vec<Columns> = connection.all(SELECT, [numbers(seqs)], row).during("read entries")?;
    rows.into_iter().map(read).collect()
}

/// Ends an attempt.
pub(crate) fn settle(connection: &Connection, seq: i64, fate: &Fate) -> Result<()> {
    const OPERATION: &str = "settle an entry of the spool";
    const LATER: &str = "
        UPDATE entries SET state = ?2, due_ms = ?3, error_kind = ?4, reason = ?5, attempts = attempts + 1
        WHERE seq = ?1";
    const DEAD: &str = "
        UPDATE entries SET state = 2, due_ms = 0, error_kind = ?2, reason = ?3, died_ms = ?4, attempts = attempts + 1
        WHERE seq = ?1";
    match fate {
        Fate::Gone => connection.run("DELETE FROM entries WHERE seq = ?", [seq]),
        Fate::Later { state, due, why } => {
            connection.run(LATER, params![seq, state.code(), due.as_millis(), why.kind, why.reason])
        }
        Fate::Dead { at, why } => connection.run(DEAD, params![seq, why.kind, why.reason, at.as_millis()]),
    }
    .during(OPERATION)
    .map(drop)
}

/// Makes assessments that wait for a trace, or died of its absence, due at once; returns which.
pub(crate) fn wake(connection: &Connection, refs: &[TargetRef]) -> Result<Vec<i64>> {
    const OPERATION: &str = "wake what waits for a trace";
    const SELECT: &str = "
        SELECT seq FROM entry_refs JOIN entries USING (seq)
        WHERE ref = ? AND kind = 'assessment' AND (state = 1 OR (state = 2 AND error_kind = 'no_trace'))";
    const WAKE: &str = "UPDATE entries SET state = 1, due_ms = 0, died_ms = NULL WHERE seq = ?";
    let mut woken = Vec::new();
    for reference in refs {
        let found: Vec<i64> = connection.all(SELECT, [ref_text(reference)], |row| row.get(0)).during(OPERATION)?;
        woken.extend(found);
    }
    woken.sort_unstable();
    woken.dedup();
    for seq in &woken {
        connection.run(WAKE, [seq]).during(OPERATION)?;
    }
    Ok(woken)
}

/// Whether anything waits for a trace, or died of its absence.
pub(crate) fn any_without_trace(connection: &Connection) -> Result<bool> {
    const SELECT: &str = "
        SELECT 1 FROM entries WHERE state = 1 OR (state = 2 AND error_kind = 'no_trace') LIMIT 1";
    Ok(connection.first(SELECT, [], |_| Ok(())).during("look for what waits")?.is_some())
}

/// Whether a write to one of these traces is on its way for the first time.
pub(crate) fn any_on_its_way(connection: &Connection, refs: &[TargetRef]) -> Result<bool> {
    const SELECT: &str = "
        SELECT 1 FROM entry_refs JOIN entries USING (seq) WHERE ref = ? AND state = 0 AND attempts = 0 LIMIT 1";
    for reference in refs {
        let found = connection.first(SELECT, [ref_text(reference)], |_| Ok(())).during("look for writes")?;
        if found.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The time at which the next entry is due, when none is now.
pub(crate) fn next_due(connection: &Connection) -> Result<Option<TimestampMs>> {
    const SELECT: &str = "SELECT min(due_ms) FROM entries WHERE state = ?";
    let mut next: Option<i64> = None;
    for state in [EntryState::Queued, EntryState::Waiting] {
        let due: Option<Option<i64>> =
            connection.first(SELECT, [state.code()], |row| row.get(0)).during("look for the next entry")?;
        next = due.flatten().into_iter().chain(next).min();
    }
    Ok(next.map(TimestampMs::from_millis))
}

/// When the oldest entry of a state was received.
pub(crate) fn oldest(connection: &Connection, state: EntryState) -> Result<Option<TimestampMs>> {
    const QUEUED: &str = "SELECT received_ms FROM entries WHERE state = 0 ORDER BY seq LIMIT 1";
    const OTHERS: &str = "SELECT min(received_ms) FROM entries WHERE state = ?";
    let found: Option<Option<i64>> = match state {
        EntryState::Queued => connection.first(QUEUED, [], |row| row.get(0)),
        other => connection.first(OTHERS, [other.code()], |row| row.get(0)),
    }
    .during("look for the oldest entry")?;
    Ok(found.flatten().map(TimestampMs::from_millis))
}

/// Puts an entry back at its place in the queue.
pub(crate) fn requeue(connection: &Connection, seq: i64) -> Result<()> {
    const REQUEUE: &str = "
        UPDATE entries SET state = 0, due_ms = 0, attempts = 0, died_ms = NULL WHERE seq = ?";
    connection.run(REQUEUE, [seq]).during("put an entry back into the queue").map(drop)
}

/// The numbers as a JSON array, which statements unfold with `json_each`.
pub(crate) fn numbers(seqs: &[i64]) -> String {
    serde_json::Value::from(seqs).to_string()
}

/// A row of the statements above.
pub(crate) struct Columns {
    pub(crate) seq: i64,
    kind: String,
    state: i64,
    pub(crate) attempts: u32,
    received_ms: i64,
    payload: String,
}

impl Columns {
    /// What it is, as far as that can be read.
    pub(crate) fn kind(&self) -> Option<EntryKind> {
        EntryKind::from_name(&self.kind)
    }

    pub(crate) fn state(&self) -> Option<EntryState> {
        EntryState::from_code(self.state)
    }

    pub(crate) fn received(&self) -> TimestampMs {
        TimestampMs::from_millis(self.received_ms)
    }
}

pub(crate) fn row(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok(Columns {
        seq: row.get(0)?,
        kind: row.get(1)?,
        state: row.get(2)?,
        attempts: row.get(3)?,
        received_ms: row.get(4)?,
        payload: row.get(5)?,
    })
}

pub(crate) fn read(columns: Columns) -> Result<Entry> {
    let seq = columns.seq;
    let broken = |error: BoxError| corrupt(format!("entry {seq} of the spool"), error);
    let kind = columns.kind().ok_or_else(|| broken("an unknown kind".into()))?;
    Ok(Entry {
        seq,
        state: columns.state().ok_or_else(|| broken("an unknown state".into()))?,
        attempts: columns.attempts,
        received: columns.received(),
        payload: Payload::from_text(kind, &columns.payload).map_err(broken)?,
    })
}

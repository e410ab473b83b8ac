//! What `candor spool` does: looks at a spool's file and decides on its entries.

use std::path::{Path, PathBuf};

use candor_model::TimestampMs;
use candor_sqlite::SqliteOptions;
use candor_sqlite::file::{During, SqliteFile, Statements};
use candor_store::Result;
use rusqlite::{Connection, params};

use crate::OpenError;
use crate::entry::{EntryKind, EntryState, subject};
use crate::queue;
use crate::schema::LAYOUT;

/// A spool's file, beside a running [`Spool`](crate::Spool) or without one.
///
/// A running spool sees what is changed here within its [`poll`](crate::SpoolOptions::poll).
#[derive(Debug)]
pub struct SpoolFile {
    path: PathBuf,
    connection: Connection,
}

/// How much is in a spool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpoolStatus {
    /// Entries that are to be forwarded.
    pub queued: u64,
    /// Assessments that wait for their traces.
    pub waiting: u64,
    /// Dead letters.
    pub dead: u64,
    /// The size of all entries, in bytes.
    pub bytes: u64,
    /// When the oldest entry that is to be forwarded was received.
    pub oldest_queued: Option<TimestampMs>,
    /// When the oldest assessment that waits for its trace was received.
    pub oldest_waiting: Option<TimestampMs>,
}

/// An entry, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpoolEntry {
    /// Its number, in the order of arrival.
    pub seq: i64,
    /// What it is; `None` when the file does not tell.
    pub kind: Option<EntryKind>,
    /// Where it stands.
    pub state: EntryState,
    /// What it is about.
    pub subject: String,
    /// The assessment's id, if it is one.
    pub assessment_id: Option<String>,
    /// When it was received.
    pub received: TimestampMs,
    /// How often it was sent in vain; attempts during an outage do not count.
    pub attempts: u32,
    /// What the last of them led to, as [`StoreError::kind`](candor_store::StoreError::kind) or `no_trace`.
    pub error_kind: Option<String>,
    /// The same in words.
    pub reason: Option<String>,
    /// When it became a dead letter.
    pub died: Option<TimestampMs>,
}

/// Which entries.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct EntryQuery {
    /// Only those of a state.
    pub state: Option<EntryState>,
    /// Only those numbers.
    pub seqs: Option<Vec<i64>>,
    /// The most entries; all when `None`.
    pub limit: Option<usize>,
}

impl SpoolFile {
    /// Opens an existing file.
    ///
    /// # Errors
    /// [`OpenError::Missing`] and others.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let connection = SqliteFile::connect_beside(path, &LAYOUT, &SqliteOptions::default())?;
        Ok(Self { path: path.to_owned(), connection })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How much is in it.
    ///
    /// # Errors
    /// Those of the file.
    pub fn status(&self) -> Result<SpoolStatus> {
        let totals = queue::totals(&self.connection)?;
        Ok(SpoolStatus {
            queued: totals.queued,
            waiting: totals.waiting,
            dead: totals.dead,
            bytes: totals.bytes,
            oldest_queued: queue::oldest(&self.connection, EntryState::Queued)?,
            oldest_waiting: queue::oldest(&self.connection, EntryState::Waiting)?,
        })
    }

    /// The entries, oldest first.
    ///
    /// # Errors
    /// Those of the file; an entry that cannot be read is listed with what is wrong as its subject.
    pub fn list(&self, query: &EntryQuery) -> Result<Vec<SpoolEntry>> {
        const LIST: &str = "
            SELECT seq, kind, state, attempts, received_ms, payload, error_kind, reason, died_ms FROM entries
            WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR seq IN (SELECT value FROM json_each(?2)))
            ORDER BY seq LIMIT ?3";
        let state = query.state.map(EntryState::code);
        let seqs = query.seqs.as_deref().map(queue::numbers);
        let limit = query.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        type Row = (queue::Columns, Option<String>, Option<String>, Option<i64>);
        let read = |row: &rusqlite::Row<'_>| Ok((queue::row(row)?, row.get(6)?, row.get(7)?, row.get(8)?));
        let rows: Vec<Row> = self.connection.all(LIST, params![state, seqs, limit], read).during("list the spool")?;
        Ok(rows
            .into_iter()
            .map(|(columns, error_kind, reason, died_ms)| view(columns, error_kind, reason, died_ms))
            .collect())
    }

    /// Puts entries at once back into the queue; returns how many.
    ///
    /// # Errors
    /// Those of the file.
    pub fn retry(&mut self, query: &EntryQuery) -> Result<usize> {
        const RETRY: &str = "
            UPDATE entries SET state = 0, due_ms = 0, attempts = 0, died_ms = NULL
            WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR seq IN (SELECT value FROM json_each(?2)))";
        self.change(RETRY, query)
    }

    /// Deletes entries for good; returns how many.
    ///
    /// What is being forwarded at this moment may reach the back end all the same.
    ///
    /// # Errors
    /// Those of the file.
    pub fn drop_entries(&mut self, query: &EntryQuery) -> Result<usize> {
        const DROP: &str = "
            DELETE FROM entries
            WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR seq IN (SELECT value FROM json_each(?2)))";
        self.change(DROP, query)
    }

    fn change(&mut self, sql: &str, query: &EntryQuery) -> Result<usize> {
        const OPERATION: &str = "change the spool";
        let state = query.state.map(EntryState::code);
        let seqs = query.seqs.as_deref().map(queue::numbers);
        let transaction =
            self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).during(OPERATION)?;
        let changed = transaction.run(sql, params![state, seqs]).during(OPERATION)?;
        transaction.commit().during(OPERATION)?;
        Ok(changed)
    }
}

fn view(
    columns: queue::Columns,
    error_kind: Option<String>,
    reason: Option<String>,
    died_ms: Option<i64>,
) -> SpoolEntry {
    let (seq, kind, state) = (columns.seq, columns.kind(), columns.state().unwrap_or(EntryState::Dead));
    let (received, attempts) = (columns.received(), columns.attempts);
    let (subject, assessment_id) = match queue::read(columns) {
        Ok(entry) => {
            let id = crate::entry::assessment_id(&entry.payload);
            (subject(&entry.payload), id.map(|id| id.to_string()))
        }
        Err(error) => (error.to_string(), None),
    };
    let died = died_ms.map(TimestampMs::from_millis);
    SpoolEntry { seq, kind, state, subject, assessment_id, received, attempts, error_kind, reason, died }
}

//! What `doctor` wants to know of a file.

use std::path::{Path, PathBuf};

use candor_store::Result;
use rusqlite::Connection;

use crate::error::During;
use crate::statements::Statements;

/// The state of a database file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The file.
    pub path: PathBuf,
    /// The version of the schema.
    pub schema_version: i64,
    /// The version of the SQLite library in this program.
    pub sqlite_version: &'static str,
    /// The size of a page, in bytes.
    pub page_bytes: u64,
    /// All pages of the file.
    pub pages: u64,
    /// Pages that are free for new data.
    pub free_pages: u64,
    /// The size of the file, in bytes.
    pub file_bytes: u64,
    /// The size of the write-ahead log, in bytes.
    pub log_bytes: u64,
    /// Experiments, deleted ones too.
    pub experiments: u64,
    /// Traces.
    pub traces: u64,
    /// Spans.
    pub spans: u64,
    /// Assessments, overridden ones too.
    pub assessments: u64,
    /// Verdicts that wait for their trace.
    pub pending: u64,
    /// Calls that wait to be written.
    pub queue_depth: usize,
    /// Transactions committed since the store was opened.
    pub commits: u64,
    /// Write calls answered since the store was opened.
    pub calls: u64,
    /// Rows of the rollups that differ from a recount; 0 when they are true.
    pub rollup_differences: u64,
    /// What is wrong with the file, as SQLite's quick check tells; empty when it is sound.
    pub problems: Vec<String>,
}

/// What the file itself tells.
pub(crate) fn of_file(connection: &Connection, path: &Path) -> Result<Report> {
    const OPERATION: &str = "inspect the file";
    let number = |sql: &str| -> Result<u64> {
        let number: Option<i64> = connection.first(sql, [], |row| row.get(0)).during(OPERATION)?;
        Ok(number.unwrap_or_default().cast_unsigned())
    };
    let problems: Vec<String> = connection.all("PRAGMA quick_check", [], |row| row.get(0)).during(OPERATION)?;
    Ok(Report {
        path: path.to_owned(),
        schema_version: number("PRAGMA user_version")?.cast_signed(),
        sqlite_version: rusqlite::version(),
        page_bytes: number("PRAGMA page_size")?,
        pages: number("PRAGMA page_count")?,
        free_pages: number("PRAGMA freelist_count")?,
        file_bytes: size(path.to_owned()),
        log_bytes: size(crate::connection::log_path(path)),
        experiments: number("SELECT count(*) FROM experiments")?,
        traces: number("SELECT count(*) FROM traces")?,
        spans: number("SELECT count(*) FROM spans")?,
        assessments: number("SELECT count(*) FROM assessments")?,
        pending: number("SELECT count(*) FROM pending_feedback")?,
        queue_depth: 0,
        commits: 0,
        calls: 0,
        rollup_differences: crate::rollups::differences(connection)?,
        problems: if problems == ["ok"] { Vec::new() } else { problems },
    })
}

fn size(path: PathBuf) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}

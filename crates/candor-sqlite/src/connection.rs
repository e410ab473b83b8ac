//! Opening database files: what is checked, and how connections are set up.

use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::file::Layout;
use crate::{OpenError, SqliteOptions};

/// In bytes; SQLite's default, fixed here since it cannot change later.
const PAGE_BYTES: i64 = 4096;
/// Pages of log after which the writer itself copies what is not yet in the file: 64 MiB.
pub(crate) const LOG_PAGES: u32 = 16384;
/// A log that has grown beyond is cut when it starts anew.
const LOG_BYTES: i64 = 80 << 20;
/// A larger one costs more than it saves: a commit may walk all of it, and what it lacks is in the
/// system's cache.
const WRITER_CACHE_KIB: u32 = 16 << 10;
const READER_CACHE_KIB: u32 = 8 << 10;
/// Enough for every statement of ours; filters bring some more.
const STATEMENTS: usize = 192;

/// The path without links and dots, so that every name of a file leads to the same lock.
///
/// # Errors
/// [`OpenError::NoDirectory`].
pub(crate) fn resolve(path: &Path) -> Result<PathBuf, OpenError> {
    if let Ok(existing) = path.canonicalize() {
        return Ok(existing);
    }
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let no_directory = || OpenError::NoDirectory { path: path.to_owned(), directory: directory.to_owned() };
    if !directory.is_dir() {
        return Err(no_directory());
    }
    let name = path.file_name().ok_or_else(no_directory)?;
    directory.canonicalize().map(|directory| directory.join(name)).map_err(|_| no_directory())
}

/// Opens a file for writing, makes it if need be, and brings its schema up to date.
pub(crate) fn open_writer(path: &Path, layout: &Layout, options: &SqliteOptions) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error| explain(path, error);
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(options.busy_timeout).map_err(failed)?;
    check_origin(path, &connection, layout)?;

    connection.pragma_update(None, "page_size", PAGE_BYTES).map_err(failed)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        let source = format!("the file system cannot hold a write-ahead log (journal mode is {mode})").into();
        return Err(OpenError::Failed { path: path.to_owned(), source });
    }
    set_up_writer(&connection, WRITER_CACHE_KIB).map_err(failed)?;
    (layout.set_up_reader)(&connection).map_err(failed)?; // migrations read, too
    layout.migrations.to_latest(&mut connection).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => explain(path, err),
        other => OpenError::Failed { path: path.to_owned(), source: Box::new(other) },
    })?;
    if let Some(bytes) = options.max_bytes {
        let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / PAGE_BYTES;
        connection.pragma_update_and_check(None, "max_page_count", pages.max(1), |_| Ok(())).map_err(failed)?;
    }
    Ok(connection)
}

/// Opens an existing file of the present version for short writes beside the writer of another process.
pub(crate) fn open_beside(path: &Path, layout: &Layout, options: &SqliteOptions) -> Result<Connection, OpenError> {
    let failed = |error| explain(path, error);
    if !path.exists() {
        return Err(OpenError::Missing { path: path.to_owned() });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(options.busy_timeout).map_err(failed)?;
    let found = check_origin(path, &connection, layout)?;
    if found < layout.version {
        return Err(OpenError::SchemaTooOld { path: path.to_owned(), found, needed: layout.version });
    }
    set_up_writer(&connection, READER_CACHE_KIB).map_err(failed)?;
    Ok(connection)
}

fn set_up_writer(connection: &Connection, cache_kib: u32) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "FULL")?; // a commit that was answered survives power loss
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    set_up_cache(connection, cache_kib)
}

/// For a connection that does nothing but copy the log into the file.
pub(crate) fn set_up_checkpoints(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "FULL")?; // or the log could start anew before the file is synced
    connection.pragma_update(None, "mmap_size", 0)
}

/// How readers of one store open the file.
#[derive(Clone, Debug)]
pub(crate) struct ReaderSource {
    path: PathBuf,
    layout: &'static Layout,
    options: SqliteOptions,
    /// Whether nobody can write: the file lies in a directory that takes no log.
    immutable: bool,
}

impl ReaderSource {
    /// Readers beside this process's own writer.
    pub(crate) fn beside_writer(path: &Path, layout: &'static Layout, options: &SqliteOptions) -> Self {
        Self { path: path.to_owned(), layout, options: options.clone(), immutable: false }
    }

    #[cfg(test)]
    pub(crate) fn with_immutable(self, immutable: bool) -> Self {
        Self { immutable, ..self }
    }

    /// Readers alone, or beside the writer of another process.
    pub(crate) fn alone(path: &Path, layout: &'static Layout, options: &SqliteOptions) -> Result<Self, OpenError> {
        let mut source = Self::beside_writer(path, layout, options);
        let probe = source.connect().and_then(|connection| {
            check_origin(path, &connection, layout)?;
            Ok(connection)
        });
        let connection = match probe {
            Err(OpenError::NotWritable { .. }) if !has_log(path) => {
                source.immutable = true;
                source.connect()?
            }
            other => other?,
        };
        let found = check_origin(path, &connection, layout)?;
        if found < layout.version {
            return Err(OpenError::SchemaTooOld { path: path.to_owned(), found, needed: layout.version });
        }
        Ok(source)
    }

    /// Opens one more connection.
    pub(crate) fn connect(&self) -> Result<Connection, OpenError> {
        let failed = |error| explain(&self.path, error);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = if self.immutable {
            let uri = format!("file:{}?immutable=1", percent_encoded(&self.path));
            Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)
        } else {
            Connection::open_with_flags(&self.path, flags)
        };
        let connection = connection.map_err(failed)?;
        let set_up = |connection: &Connection| {
            connection.busy_timeout(self.options.busy_timeout)?;
            connection.pragma_update(None, "query_only", true)?;
            set_up_cache(connection, READER_CACHE_KIB)?;
            (self.layout.set_up_reader)(connection)
        };
        set_up(&connection).map_err(failed)?;
        Ok(connection)
    }
}

fn set_up_cache(connection: &Connection, kib: u32) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -i64::from(kib))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // No memory mapping: an I/O error would kill the process instead of failing one read.
    connection.pragma_update(None, "mmap_size", 0)?;
    // Or a statement with `LIMIT ?` is planned anew each time that it is bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// Whether the file is empty or ours, and of a version that this program knows; returns the version.
fn check_origin(path: &Path, connection: &Connection, layout: &Layout) -> Result<i64, OpenError> {
    let failed = |error| explain(path, error);
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0)).map_err(failed);
    let objects: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
    if objects > 0 && number("application_id")? != layout.application_id {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    let found = number("user_version")?;
    if found > layout.version {
        return Err(OpenError::SchemaTooNew { path: path.to_owned(), found, supported: layout.version });
    }
    Ok(found)
}

fn explain(path: &Path, error: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => OpenError::NotADatabase { path },
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            OpenError::NotWritable { path, source: Box::new(error) }
        }
        _ => OpenError::Failed { path, source: Box::new(error) },
    }
}

/// The write-ahead log of a database file.
pub(crate) fn log_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

fn has_log(path: &Path) -> bool {
    std::fs::metadata(log_path(path)).is_ok_and(|log| log.len() > 0)
}

/// The path as a SQLite URI has it: `?`, `#` and `%` would end it or mean something else.
fn percent_encoded(path: &Path) -> String {
    path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}

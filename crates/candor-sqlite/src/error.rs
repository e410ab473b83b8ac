//! What can go wrong: opening has its own error, everything else is a [`StoreError`].

use std::path::PathBuf;
use std::sync::Arc;

use candor_store::StoreError;
use rusqlite::ErrorCode;

/// The name of this back end in errors and capabilities.
pub(crate) const BACKEND: &str = "sqlite";

/// Why a database file could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no such file, and a read-only store makes none.
    #[error("{} does not exist", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The directory that should hold the file does not exist, or is none.
    #[error("cannot open {}: {} is not a directory", path.display(), directory.display())]
    NoDirectory {
        /// The file.
        path: PathBuf,
        /// Where it should be.
        directory: PathBuf,
    },
    /// The file or its directory may not be written.
    #[error("{} is not writable", path.display())]
    NotWritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another process has the file open for writing.
    #[error("{} is opened by another process{}", path.display(), pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    Locked {
        /// The file.
        path: PathBuf,
        /// The other process, when its lock file tells.
        pid: Option<u32>,
    },
    /// The file is something else than a SQLite database, or a damaged one.
    #[error("{} is not a SQLite database", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is a SQLite database of another application.
    #[error("{} is a SQLite database, but not one of Candor's", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of Candor has written the file.
    #[error("{} has schema version {found}, this program knows versions up to {supported}", path.display())]
    SchemaTooNew {
        /// The file.
        path: PathBuf,
        /// The file's version.
        found: i64,
        /// The latest version that this program knows.
        supported: i64,
    },
    /// An older version of Candor has written the file, and a read-only store migrates nothing.
    #[error("{} has schema version {found}, reading needs {needed}: open it for writing once", path.display())]
    SchemaTooOld {
        /// The file.
        path: PathBuf,
        /// The file's version.
        found: i64,
        /// The version that this program reads.
        needed: i64,
    },
    /// Anything else that went wrong in SQLite or the system.
    #[error("cannot open {}", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What a driver error means to a caller.
///
/// `error` is an `Arc` where one failure answers many callers.
pub(crate) fn from_driver(operation: &'static str, error: impl Into<Arc<rusqlite::Error>>) -> StoreError {
    use rusqlite::Error as E;
    let source = error.into();
    match source.as_ref() {
        E::SqliteFailure(code, _) | E::SqlInputError { error: code, .. } => match code.code {
            // The call may succeed later: somebody holds the file, or the disk is full or away.
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory
            | ErrorCode::OperationInterrupted
            | ErrorCode::FileLockingProtocolFailed => {
                StoreError::Unavailable { backend: BACKEND, source: Box::new(source) }
            }
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => corrupt("database file", source),
            ErrorCode::TooBig => StoreError::Invalid {
                field: "request",
                reason: "a text in it is longer than a row of the database may be".to_owned(),
            },
            _ => StoreError::Backend { backend: BACKEND, operation, source: Box::new(source) },
        },
        E::FromSqlConversionFailure(..)
        | E::IntegralValueOutOfRange(..)
        | E::Utf8Error(..)
        | E::InvalidColumnType(..) => corrupt("row", source),
        _ => StoreError::Backend { backend: BACKEND, operation, source: Box::new(source) },
    }
}

/// A row that breaks a rule of the model; `what` tells which.
pub fn corrupt(what: impl Into<String>, source: impl Into<candor_store::BoxError>) -> StoreError {
    StoreError::Corrupt { backend: BACKEND, what: what.into(), source: source.into() }
}

/// The store is closed, or its writer is gone.
pub(crate) fn closed() -> StoreError {
    StoreError::Unavailable { backend: BACKEND, source: "the store is closed".into() }
}

/// Names the operation in which a driver call failed.
pub trait During<T> {
    /// The error as a caller may act on it.
    ///
    /// # Errors
    /// The driver's error, as a [`StoreError`].
    fn during(self, operation: &'static str) -> Result<T, StoreError>;
}

impl<T> During<T> for rusqlite::Result<T> {
    fn during(self, operation: &'static str) -> Result<T, StoreError> {
        self.map_err(|error| from_driver(operation, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::{Error as E, ffi};

    fn failure(code: i32) -> E {
        E::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn driver_errors_become_what_a_caller_can_act_on() {
        for (error, retryable, text) in [
            (failure(ffi::SQLITE_BUSY), true, "sqlite is unavailable"),
            (failure(ffi::SQLITE_LOCKED), true, "sqlite is unavailable"),
            (failure(ffi::SQLITE_FULL), true, "sqlite is unavailable"),
            (failure(ffi::SQLITE_IOERR_FSYNC), true, "sqlite is unavailable"),
            (failure(ffi::SQLITE_CANTOPEN), true, "sqlite is unavailable"),
            (failure(ffi::SQLITE_READONLY), true, "sqlite is unavailable"),
            (failure(ffi::SQLITE_NOMEM), true, "sqlite is unavailable"),
            (failure(ffi::SQLITE_INTERRUPT), true, "sqlite is unavailable"),
            (failure(ffi::SQLITE_CORRUPT), false, "sqlite holds a corrupt database file"),
            (failure(ffi::SQLITE_NOTADB), false, "sqlite holds a corrupt database file"),
            (failure(ffi::SQLITE_TOOBIG), false, "request: a text in it is longer than a row of the database may be"),
            (failure(ffi::SQLITE_CONSTRAINT_UNIQUE), false, "sqlite failed to test"),
            (failure(ffi::SQLITE_ERROR), false, "sqlite failed to test"),
            (E::QueryReturnedNoRows, false, "sqlite failed to test"),
            (E::IntegralValueOutOfRange(0, 5), false, "sqlite holds a corrupt row"),
            (E::InvalidColumnType(0, "x".into(), rusqlite::types::Type::Null), false, "sqlite holds a corrupt row"),
        ] {
            let mapped = from_driver("test", error);
            assert_eq!((mapped.is_retryable(), mapped.to_string().as_str()), (retryable, text));
            let has_cause = std::error::Error::source(&mapped).is_some();
            assert!(has_cause || matches!(mapped, StoreError::Invalid { .. }), "{mapped} keeps its cause");
        }
    }
}

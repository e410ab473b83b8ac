//! What can go wrong: connecting has its own error, everything else is a [`StoreError`].

use candor_store::{BoxError, Result, StoreError};
use sqlx::error::ErrorKind;

/// The name of this back end in errors and capabilities.
pub(crate) const BACKEND: &str = "postgres";

/// Why a database could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is none, or names an option that does not exist.
    #[error("the address of the database is not a postgres:// URL")]
    Url(#[source] sqlx::Error),
    /// The server is away, or does not let us in.
    #[error("cannot connect to the database")]
    Connect(#[source] sqlx::Error),
    /// A newer version of Candor has written the schema.
    #[error("the database has schema version {found}, this program knows versions up to {supported}")]
    SchemaTooNew {
        /// The database's version.
        found: i32,
        /// The latest version that this program knows.
        supported: i32,
    },
    /// Nobody has made the schema yet, or an older version of Candor has, and nothing may be written.
    #[error("the database has schema version {found}, reading needs {needed}: connect for writing once")]
    SchemaTooOld {
        /// The database's version; 0 when there is no schema.
        found: i32,
        /// The version that this program reads.
        needed: i32,
    },
    /// The schema could not be made or brought up to date.
    #[error("cannot bring the database's schema up to date")]
    Migrate(#[source] sqlx::Error),
}

/// What a driver error means to a caller.
pub(crate) fn from_driver(operation: &'static str, error: sqlx::Error) -> StoreError {
    use sqlx::Error as E;
    match &error {
        E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed | E::Protocol(_) => {
            unavailable(error)
        }
        E::Database(database) => {
            let code = database.code().unwrap_or_default();
            match code.get(..2).unwrap_or_default() {
                // Connections, resources, operators who stop the server, conflicts between transactions.
                "08" | "40" | "53" | "55" | "57" => unavailable(error),
                "25" if code == "25006" => unavailable(error), // a stand-by, until it takes over
                "54" => StoreError::Invalid {
                    field: "request",
                    reason: "a value in it is larger than the database can hold".to_owned(),
                },
                "XX" if code != "XX000" => corrupt("page", error),
                _ => StoreError::Backend { backend: BACKEND, operation, source: Box::new(error) },
            }
        }
        E::ColumnDecode { .. } | E::Decode(_) | E::ColumnNotFound(_) | E::ColumnIndexOutOfBounds { .. } => {
            corrupt("row", error)
        }
        _ => StoreError::Backend { backend: BACKEND, operation, source: Box::new(error) },
    }
}

/// Whether another transaction was in the way, so that the same one may succeed at once.
///
/// A key that is taken though it was looked for in vain is one that another transaction was faster with: it
/// is [`Unavailable`](StoreError::Unavailable) then, and found at the next attempt.
pub(crate) fn is_conflict(error: &StoreError) -> bool {
    let StoreError::Unavailable { source, .. } = error else { return false };
    let Some(error) = source.downcast_ref::<sqlx::Error>() else { return false };
    let code = error.as_database_error().and_then(|database| database.code());
    is_duplicate(error) || code.is_some_and(|code| code.starts_with("40"))
}

/// Whether a unique key is taken.
pub(crate) fn is_duplicate(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|database| database.kind() == ErrorKind::UniqueViolation)
}

fn unavailable(source: impl Into<BoxError>) -> StoreError {
    StoreError::Unavailable { backend: BACKEND, source: source.into() }
}

/// A row that breaks a rule of the model; `what` tells which.
pub(crate) fn corrupt(what: impl Into<String>, source: impl Into<BoxError>) -> StoreError {
    StoreError::Corrupt { backend: BACKEND, what: what.into(), source: source.into() }
}

/// The store is closed, or its writer is gone.
pub(crate) fn closed() -> StoreError {
    unavailable("the store is closed")
}

/// Names the operation in which a driver call failed.
pub(crate) trait During<T> {
    /// The error as a caller may act on it.
    fn during(self, operation: &'static str) -> Result<T>;
}

impl<T> During<T> for Result<T, sqlx::Error> {
    fn during(self, operation: &'static str) -> Result<T> {
        self.map_err(|error| from_driver(operation, error))
    }
}

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use candor_sqlite::{OpenError, SqliteOptions, SqliteStore};
use candor_store::{DynTrackingStore, MemoryStore};

/// Which back end to use, and where its data are.
///
/// | URL | back end |
/// |---|---|
/// | `memory:` | lost when the process ends; for trying things out |
/// | `sqlite:PATH` | one file; `sqlite:///abs/path` names the same file as `sqlite:/abs/path` |
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreUrl {
    /// In this process's memory.
    Memory,
    /// In a SQLite file.
    Sqlite(PathBuf),
}

/// How a store is opened, whichever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// Writes that may wait, in calls; more are turned away.
    pub queue: usize,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { queue: 4096 }
    }
}

/// The text is not a store URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store must be `memory:` or `sqlite:PATH`, got {got:?}")]
pub struct StoreUrlError {
    got: String,
}

/// The store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenStoreError {
    /// The SQLite file could not be opened.
    #[error(transparent)]
    Sqlite(#[from] OpenError),
    /// Nothing outlives a process in memory, so there is nothing to read there.
    #[error("a store in memory can be read by its own process only")]
    NothingToRead,
}

impl StoreUrl {
    /// Opens the store for reading and writing, creating it if need be.
    ///
    /// # Errors
    /// [`OpenStoreError`] tells file, cause and, where one is known, the remedy.
    pub fn open(&self, options: StoreOptions) -> Result<Arc<DynTrackingStore>, OpenStoreError> {
        Ok(match self {
            Self::Memory => Arc::new(MemoryStore::new()),
            Self::Sqlite(path) => {
                let mut sqlite = SqliteOptions::default();
                sqlite.queue_calls = options.queue;
                Arc::new(SqliteStore::open(path, sqlite)?)
            }
        })
    }

    /// Opens an existing store for reading, beside a running server or without one.
    ///
    /// # Errors
    /// [`OpenStoreError`], also when there is no store yet.
    pub fn open_read_only(&self) -> Result<Arc<DynTrackingStore>, OpenStoreError> {
        match self {
            Self::Memory => Err(OpenStoreError::NothingToRead),
            Self::Sqlite(path) => Ok(Arc::new(SqliteStore::open_read_only(path)?)),
        }
    }
}

impl FromStr for StoreUrl {
    type Err = StoreUrlError;

    fn from_str(text: &str) -> Result<Self, StoreUrlError> {
        let wrong = || StoreUrlError { got: text.to_owned() };
        match text.split_once(':').ok_or_else(wrong)? {
            ("memory", "") => Ok(Self::Memory),
            ("sqlite", rest) => match rest.strip_prefix("//").unwrap_or(rest) {
                "" => Err(wrong()),
                path => Ok(Self::Sqlite(PathBuf::from(path))),
            },
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_print_what_they_were_parsed_from() {
        for text in ["memory:", "sqlite:./candor.db", "sqlite:/var/lib/candor.db"] {
            assert_eq!(text.parse::<StoreUrl>().unwrap().to_string(), text);
        }
        assert_eq!("sqlite:///a/b".parse::<StoreUrl>().unwrap(), StoreUrl::Sqlite("/a/b".into()));
    }

    #[test]
    fn anything_else_is_refused_with_the_forms_that_work() {
        for text in ["", "memory", "sqlite:", "mysql:x", "./candor.db", "memory:x"] {
            let error = text.parse::<StoreUrl>().unwrap_err();
            assert!(error.to_string().starts_with("the store must be `memory:` or `sqlite:PATH`"), "{error}");
        }
    }
}

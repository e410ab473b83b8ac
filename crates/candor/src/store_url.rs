use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use candor_mlflow::{MlflowStore, OptionsError};
use candor_sqlite::{OpenError, SqliteOptions, SqliteStore};
use candor_store::{DynTrackingStore, MemoryStore};

use crate::remote;

/// Which back end to use, and where its data are.
///
/// | URL | back end |
/// |---|---|
/// | `memory:` | lost when the process ends; for trying things out |
/// | `sqlite:PATH` | one file; `sqlite:///abs/path` names the same file as `sqlite:/abs/path` |
/// | `mlflow+http://HOST:PORT`, `mlflow+https://…` | an MLflow server; MLflow's own variables, such as `MLFLOW_TRACKING_TOKEN`, say who we are and whom to trust |
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreUrl {
    /// In this process's memory.
    Memory,
    /// In a SQLite file.
    Sqlite(PathBuf),
    /// On an MLflow server, at this HTTP address.
    Mlflow(String),
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
#[error("the store must be `memory:`, `sqlite:PATH` or `mlflow+http(s)://HOST:PORT`, got {got:?}")]
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
    /// A variable of MLflow's cannot be used.
    #[error(transparent)]
    Mlflow(#[from] OptionsError),
    /// Nothing outlives a process in memory, so there is nothing to read there.
    #[error("a store in memory can be read by its own process only")]
    NothingToRead,
}

impl StoreUrl {
    /// Opens the store for reading and writing, creating it if need be.
    ///
    /// An MLflow server is asked for its version before the first call, and calls fail while it is
    /// away or of a version that does not work; see [`mlflow`](Self::mlflow).
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
            Self::Mlflow(url) => Arc::new(remote::gated(remote::server(url)?)),
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
            Self::Mlflow(url) => Ok(Arc::new(remote::gated(remote::server(url)?))),
        }
    }

    /// The MLflow server, to be asked whether it is there and of a version that works.
    ///
    /// # Errors
    /// [`OptionsError`] names the variable that cannot be used.
    pub fn mlflow(&self) -> Result<Option<MlflowStore>, OptionsError> {
        match self {
            Self::Mlflow(url) => remote::server(url).map(Some),
            Self::Memory | Self::Sqlite(_) => Ok(None),
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
            (scheme @ ("mlflow+http" | "mlflow+https"), rest) => {
                let host = rest.strip_prefix("//").ok_or_else(wrong)?;
                // Credentials come from the environment: an address stands in logs and process lists.
                match host.is_empty() || host.starts_with('/') || host.contains('@') {
                    true => Err(wrong()),
                    false => Ok(Self::Mlflow(format!("{}:{rest}", &scheme["mlflow+".len()..]))),
                }
            }
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Mlflow(url) => write!(f, "mlflow+{url}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_print_what_they_were_parsed_from() {
        for text in ["memory:", "sqlite:./candor.db", "sqlite:/var/lib/candor.db", "mlflow+https://mlflow.example/base"]
        {
            assert_eq!(text.parse::<StoreUrl>().unwrap().to_string(), text);
        }
        assert_eq!("sqlite:///a/b".parse::<StoreUrl>().unwrap(), StoreUrl::Sqlite("/a/b".into()));
    }

    #[test]
    fn anything_else_is_refused_with_the_forms_that_work() {
        let no_servers = ["mlflow+http:", "mlflow+http://", "mlflow+ftp://x", "mlflow+http://user:secret@host"];
        for text in ["", "memory", "sqlite:", "mysql:x", "./candor.db", "memory:x"].into_iter().chain(no_servers) {
            let error = text.parse::<StoreUrl>().unwrap_err();
            assert!(error.to_string().starts_with("the store must be `memory:`, `sqlite:PATH` or"), "{error}");
        }
    }
}

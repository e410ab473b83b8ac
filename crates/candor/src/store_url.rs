use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use candor_mlflow::{MlflowStore, OptionsError};
use candor_postgres::{ConnectError, PostgresOptions, PostgresStore};
use candor_sqlite::{OpenError, SqliteOptions, SqliteStore};
use candor_store::{DynTrackingStore, MemoryStore};

use crate::remote;

/// Which back end to use, and where its data are.
///
/// | URL | back end |
/// |---|---|
/// | `memory:` | lost when the process ends; for trying things out |
/// | `sqlite:PATH` | one file; `sqlite:///abs/path` names the same file as `sqlite:/abs/path` |
/// | `postgres://USER@HOST:PORT/DATABASE` | a PostgreSQL database, shared by any number of servers |
/// | `mlflow+http://HOST:PORT`, `mlflow+https://…` | an MLflow server; MLflow's own variables, such as `MLFLOW_TRACKING_TOKEN`, say who we are and whom to trust |
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreUrl {
    /// In this process's memory.
    Memory,
    /// In a SQLite file.
    Sqlite(PathBuf),
    /// In a PostgreSQL database.
    Postgres(DatabaseUrl),
    /// On an MLflow server, at this HTTP address.
    Mlflow(String),
}

/// Where a database is; what it prints has no password in it.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// How to open it.
    pub fn options(&self, options: StoreOptions) -> PostgresOptions {
        let mut postgres = PostgresOptions::new(&self.0);
        postgres.queue_calls = options.queue;
        postgres.connections = options.database.connections;
        postgres.connect_timeout = options.database.connect_timeout;
        postgres.statement_timeout = options.database.statement_timeout;
        postgres.prepared_statements = options.database.prepared_statements;
        postgres
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Options may hold secrets, too: `?password=…`.
        let shown = self.0.split('?').next().unwrap_or_default();
        let (scheme, rest) = shown.split_once("://").unwrap_or(("postgres", shown));
        let (user, host) = rest.rsplit_once('@').map_or((None, rest), |(user, host)| (Some(user), host));
        write!(f, "{scheme}://")?;
        if let Some(user) = user {
            write!(f, "{}@", user.split(':').next().unwrap_or_default())?;
        }
        f.write_str(host)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How a store is opened, whichever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// Writes that may wait, in calls; more are turned away.
    pub queue: usize,
    /// How to use a database server.
    pub database: DatabaseOptions,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { queue: 4096, database: DatabaseOptions::default() }
    }
}

/// How a database server is used; see [`PostgresOptions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseOptions {
    /// The most connections.
    pub connections: u32,
    /// How long to wait for one.
    pub connect_timeout: Duration,
    /// The longest that the server may work on one statement; none when zero.
    pub statement_timeout: Duration,
    /// Whether connections keep prepared statements.
    pub prepared_statements: bool,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        let defaults = PostgresOptions::new("");
        Self {
            connections: defaults.connections,
            connect_timeout: defaults.connect_timeout,
            statement_timeout: defaults.statement_timeout,
            prepared_statements: defaults.prepared_statements,
        }
    }
}

/// The text is not a store URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the store must be `memory:`, `sqlite:PATH`, `postgres://HOST:PORT/DATABASE` or `mlflow+http(s)://HOST:PORT`, got {got:?}"
)]
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
    /// The database cannot be used.
    #[error(transparent)]
    Postgres(#[from] ConnectError),
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
    pub async fn open(&self, options: StoreOptions) -> Result<Arc<DynTrackingStore>, OpenStoreError> {
        Ok(match self {
            Self::Memory => Arc::new(MemoryStore::new()),
            Self::Sqlite(path) => {
                let mut sqlite = SqliteOptions::default();
                sqlite.queue_calls = options.queue;
                Arc::new(SqliteStore::open(path, sqlite)?)
            }
            Self::Postgres(url) => Arc::new(PostgresStore::connect(url.options(options)).await?),
            Self::Mlflow(url) => Arc::new(remote::gated(remote::server(url)?)),
        })
    }

    /// Opens an existing store for reading, beside a running server or without one.
    ///
    /// # Errors
    /// [`OpenStoreError`], also when there is no store yet.
    pub async fn open_read_only(&self, options: StoreOptions) -> Result<Arc<DynTrackingStore>, OpenStoreError> {
        match self {
            Self::Memory => Err(OpenStoreError::NothingToRead),
            Self::Sqlite(path) => Ok(Arc::new(SqliteStore::open_read_only(path)?)),
            Self::Postgres(url) => Ok(Arc::new(PostgresStore::connect_read_only(url.options(options)).await?)),
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
            _ => Ok(None),
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
            // libpq takes both.
            ("postgres" | "postgresql", rest) if rest.len() > "//".len() && rest.starts_with("//") => {
                Ok(Self::Postgres(DatabaseUrl(text.to_owned())))
            }
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
            Self::Postgres(url) => url.fmt(f),
            Self::Mlflow(url) => write!(f, "mlflow+{url}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_print_what_they_were_parsed_from() {
        for text in [
            "memory:",
            "sqlite:./candor.db",
            "sqlite:/var/lib/candor.db",
            "postgres://candor@db.example:5432/candor",
            "mlflow+https://mlflow.example/base",
        ] {
            assert_eq!(text.parse::<StoreUrl>().unwrap().to_string(), text);
        }
        assert_eq!("sqlite:///a/b".parse::<StoreUrl>().unwrap(), StoreUrl::Sqlite("/a/b".into()));
    }

    #[test]
    fn passwords_are_not_printed() {
        for text in ["postgresql://me:se@cret@db/candor", "postgresql://me@db/candor?password=secret"] {
            let url = text.parse::<StoreUrl>().unwrap();
            assert_eq!(url.to_string(), "postgresql://me@db/candor");
            assert!(!format!("{url:?}").contains("cret"));
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_forms_that_work() {
        let no_servers = ["mlflow+http:", "mlflow+http://", "mlflow+ftp://x", "mlflow+http://user:secret@host"];
        for text in ["", "memory", "sqlite:", "mysql:x", "./candor.db", "memory:x", "postgres:x", "postgres://"]
            .into_iter()
            .chain(no_servers)
        {
            let error = text.parse::<StoreUrl>().unwrap_err();
            assert!(error.to_string().starts_with("the store must be `memory:`, `sqlite:PATH`, `postgres:"), "{error}");
        }
    }
}

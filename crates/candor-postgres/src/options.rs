use std::time::Duration;

/// How to reach a database and how hard to use it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PostgresOptions {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; `?sslmode=verify-full&sslrootcert=FILE` asks
    /// for TLS. What it leaves out comes from libpq's variables, such as `PGPASSWORD`.
    pub url: String,
    /// The most connections, those of [`writers`](Self::writers) among them.
    pub connections: u32,
    /// The most transactions that write traces and spans at a time; one more writes verdicts.
    pub writers: usize,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// The longest that the server may work on one statement; none when zero.
    pub statement_timeout: Duration,
    /// The longest queues of waiting writes, of traces and of verdicts, in calls; beyond it writes answer
    /// [`StoreError::Overloaded`](candor_store::StoreError::Overloaded).
    pub queue_calls: usize,
    /// The most calls that share one transaction.
    pub batch_calls: usize,
    /// Whether connections keep prepared statements. A pooler that gives each transaction another
    /// server connection, as PgBouncer may, needs it off.
    pub prepared_statements: bool,
}

impl PostgresOptions {
    /// Options that suit a server, for that database.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connections: 12,
            writers: 2,
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            queue_calls: 4096,
            batch_calls: 256,
            prepared_statements: true,
        }
    }
}

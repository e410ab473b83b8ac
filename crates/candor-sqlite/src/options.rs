use std::num::NonZeroUsize;
use std::time::Duration;

/// How a store works; [`SqliteOptions::default`] suits a server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// The longest queue of waiting writes, in calls; beyond it writes answer
    /// [`StoreError::Overloaded`](candor_store::StoreError::Overloaded).
    pub queue_calls: usize,
    /// The most calls that share one commit.
    pub batch_calls: usize,
    /// The most reads at a time, each on its own connection.
    pub readers: usize,
    /// How long to wait for another process that holds the file, e.g. a backup.
    pub busy_timeout: Duration,
    /// The largest size of the file, in bytes; beyond it writes fail as on a full disk.
    pub max_bytes: Option<u64>,
    /// What a search may cost before it looks for a cheaper way, in traces or index entries for
    /// each trace that is wanted.
    pub(crate) search_budget: i64,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            queue_calls: 4096,
            batch_calls: 512,
            readers: cores.max(4),
            busy_timeout: Duration::from_secs(5),
            max_bytes: None,
            search_budget: 4,
        }
    }
}

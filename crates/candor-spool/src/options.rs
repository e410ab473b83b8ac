use std::sync::Arc;
use std::time::Duration;

use candor_store::{Clock, SystemClock};

/// How a spool works; [`SpoolOptions::default`] suits a server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SpoolOptions {
    /// The most entries, dead letters included; beyond it writes answer
    /// [`StoreError::Overloaded`](candor_store::StoreError::Overloaded).
    pub max_entries: u64,
    /// The most bytes of entries, dead letters included. The file itself is somewhat larger.
    pub max_bytes: u64,
    /// How long a write waits for the back end's own answer before it is acknowledged as accepted.
    /// While the back end is known to be down nobody waits.
    pub patience: Duration,
    /// How long an assessment may wait for its trace before it is a dead letter.
    pub trace_deadline: Duration,
    /// How often the back end may fail on one entry, while it is up, before the entry is a dead letter.
    pub max_attempts: u32,
    /// The most entries that are sent in one round.
    pub round_entries: usize,
    /// How many calls to the back end run at a time.
    pub lanes: usize,
    /// The pause after the first failure; each further one is about twice as long, with jitter.
    pub first_pause: Duration,
    /// The longest pause between two attempts.
    pub longest_pause: Duration,
    /// How often to look for entries that another process has put back into the queue.
    pub poll: Duration,
    /// Tells the time of arrival and how long entries have waited.
    pub clock: Arc<dyn Clock>,
}

impl Default for SpoolOptions {
    fn default() -> Self {
        Self {
            max_entries: 100_000,
            max_bytes: 256 << 20,
            patience: Duration::from_secs(1),
            trace_deadline: Duration::from_secs(24 * 3600),
            max_attempts: 12,
            round_entries: 256,
            lanes: 8,
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(30),
            poll: Duration::from_secs(1),
            clock: Arc::new(SystemClock),
        }
    }
}

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use candor_model::{DurationMs, TimestampMs};
use candor_sqlite::file::SqliteFile;
use candor_store::{DynTrackingStore, Result, StoreError, TargetRef};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::SpoolOptions;
use crate::callers::Callers;
use crate::queue;

/// What callers and the forwarder share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) file: SqliteFile,
    pub(crate) inner: Arc<DynTrackingStore>,
    pub(crate) options: SpoolOptions,
    pub(crate) callers: Arc<Callers>,
    /// Tells the forwarder of new entries.
    pub(crate) work: Notify,
    /// Tells of every round that has ended.
    pub(crate) progress: watch::Sender<()>,
    up: AtomicBool,
    /// Entries queued, or more: a guess that is never too low.
    queued: Arc<AtomicU64>,
}

impl Shared {
    pub(crate) fn new(file: SqliteFile, inner: Arc<DynTrackingStore>, options: SpoolOptions) -> Self {
        Self {
            file,
            inner,
            options,
            callers: Arc::default(),
            work: Notify::new(),
            progress: watch::Sender::new(()),
            up: AtomicBool::new(true), // the first round will tell
            queued: Arc::new(AtomicU64::new(u64::MAX)),
        }
    }

    pub(crate) fn now(&self) -> TimestampMs {
        self.options.clock.now()
    }

    /// Whether the back end answered when it was last asked.
    pub(crate) fn is_up(&self) -> bool {
        self.up.load(Ordering::SeqCst)
    }

    /// Returns whether that is news.
    pub(crate) fn set_up(&self, up: bool) -> bool {
        self.up.swap(up, Ordering::SeqCst) != up
    }

    pub(crate) fn queued(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.queued)
    }

    /// The jittered pause after a number of failures.
    pub(crate) fn pause(&self, failures: u32) -> Duration {
        let builder = ExponentialBuilder::new()
            .with_min_delay(self.options.first_pause)
            .with_max_delay(self.options.longest_pause)
            .without_max_times()
            .with_jitter();
        let steps = failures.min(32) as usize; // the longest pause is reached long before
        let pause = builder.build().nth(steps).unwrap_or(self.options.longest_pause);
        pause.min(self.options.longest_pause) // jitter comes on top
    }

    /// The time of the next attempt after a number of failures.
    pub(crate) fn next_attempt(&self, failures: u32) -> TimestampMs {
        let pause = i64::try_from(self.pause(failures).as_millis()).unwrap_or(i64::MAX);
        self.now().plus(DurationMs::from_millis(pause))
    }

    /// Waits until no first attempt at an earlier write to these traces is outstanding.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when that takes longer than a caller waits, or the back end is down.
    pub(crate) async fn settled(&self, refs: Vec<TargetRef>) -> Result<()> {
        let deadline = Instant::now() + self.options.patience;
        let mut progress = self.progress.subscribe();
        while self.queued.load(Ordering::SeqCst) > 0 {
            let refs = refs.clone();
            let look = move |connection: &rusqlite::Connection| queue::any_on_its_way(connection, &refs);
            if !self.file.read("look for writes", look).await? {
                return Ok(());
            }
            let changed = tokio::time::timeout_at(deadline, progress.changed()).await;
            if !self.is_up() || !matches!(changed, Ok(Ok(()))) {
                let source = "earlier writes to the same trace are still on their way".into();
                return Err(StoreError::Unavailable { backend: self.inner.capabilities().backend, source });
            }
        }
        Ok(())
    }
}

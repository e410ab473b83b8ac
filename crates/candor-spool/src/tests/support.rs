use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use candor_model::{DurationMs, TimestampMs, TraceId};
use candor_store::conformance::samples;
use candor_store::decorators::Faulty;
use candor_store::{
    Clock, MemoryStore, NewAssessment, PendingQuery, SystemClock, TrackingStore, TrackingStoreExt, WhenMissing,
};
use tempfile::TempDir;

use crate::{EntryQuery, Spool, SpoolEntry, SpoolFile, SpoolOptions, SpoolStatus};

/// A spool in a directory of its own, and a back end that fails when told to.
pub(super) struct Bench {
    pub(super) spool: Spool,
    pub(super) back_end: Arc<Faulty<MemoryStore>>,
    pub(super) clock: Arc<AheadClock>,
    options: SpoolOptions,
    directory: TempDir,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(adapt: impl FnOnce(&mut SpoolOptions)) -> Self {
        let clock = Arc::new(AheadClock::default());
        let mut options = SpoolOptions {
            patience: Duration::from_secs(20),
            first_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(10),
            poll: Duration::from_millis(10),
            clock: clock.clone(),
            ..SpoolOptions::default()
        };
        adapt(&mut options);
        let back_end = Arc::new(Faulty::new(Arc::new(MemoryStore::new())));
        let directory = tempfile::tempdir().unwrap();
        let spool = Spool::open(&directory.path().join("spool.db"), back_end.clone(), options.clone()).unwrap();
        Self { spool, back_end, clock, options, directory }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.directory.path().join("spool.db")
    }

    /// Ends the spool and begins another one on the same file and back end.
    pub(super) async fn restart(mut self) -> Self {
        self.spool.close().await.unwrap();
        self.spool = Spool::open(&self.path(), self.back_end.clone(), self.options.clone()).unwrap();
        self
    }

    /// Begins an outage that the spool knows of.
    pub(super) async fn outage(&self) {
        self.back_end.set_outage(true);
        self.spool.start_trace(samples::trace(999)).await.unwrap();
        assert!(!self.spool.is_backend_up());
    }

    pub(super) fn file(&self) -> SpoolFile {
        SpoolFile::open(&self.path()).unwrap()
    }

    pub(super) fn status(&self) -> SpoolStatus {
        self.file().status().unwrap()
    }

    pub(super) fn entries(&self) -> Vec<SpoolEntry> {
        self.file().list(&EntryQuery::default()).unwrap()
    }

    /// Waits until the spool has come to a state.
    pub(super) async fn until(&self, reached: impl Fn(&SpoolStatus) -> bool) {
        for _ in 0..5_000 {
            if reached(&self.status()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("never reached: {:?} {:#?}", self.status(), self.entries());
    }

    pub(super) async fn until_empty(&self) {
        self.until(|status| status.queued + status.waiting + status.dead == 0).await;
    }

    /// The ids of the assessments on a trace of the back end, in order, with whether they are valid.
    pub(super) async fn logged(&self, trace: TraceId) -> Vec<(candor_model::AssessmentId, bool)> {
        let info = self.back_end.trace_info(trace).await.unwrap();
        info.into_iter().flat_map(|info| info.assessments).map(|one| (one.id, one.valid)).collect()
    }

    pub(super) async fn pending(&self) -> Vec<candor_model::AssessmentId> {
        let page = self.spool.pending_feedback(&PendingQuery::all(100)).await.unwrap();
        page.items.into_iter().map(|held| held.item.id).collect()
    }
}

/// The machine's clock, put forward when told to.
#[derive(Debug, Default)]
pub(super) struct AheadClock(AtomicI64);

impl AheadClock {
    pub(super) fn advance(&self, by: DurationMs) {
        self.0.fetch_add(by.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for AheadClock {
    fn now(&self) -> TimestampMs {
        SystemClock.now().plus(DurationMs::from_millis(self.0.load(Ordering::SeqCst)))
    }
}

/// A verdict that may wait for its trace, and replaces the last one of its user.
pub(super) fn held(n: u32, trace: u32, user: &str, value: bool) -> NewAssessment {
    NewAssessment { when_missing: WhenMissing::Hold, ..samples::superseding(n, samples::trace_id(trace), user, value) }
}

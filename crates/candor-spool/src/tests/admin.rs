use candor_store::conformance::samples;
use candor_store::{TrackingStore, TrackingStoreExt};

use super::support::{Bench, held};
use crate::{EntryKind, EntryQuery, EntryState, OpenError, SpoolFile};

#[tokio::test]
async fn a_running_spool_sees_what_was_retried_and_dropped() {
    let bench = Bench::new();
    bench.outage().await;
    // Neither trace is there when the back end comes back, and neither verdict may wait.
    for n in 1..=2 {
        bench.spool.log_assessment(samples::verdict(n, samples::trace_id(n), "ann", true)).await.unwrap();
    }
    bench.back_end.set_outage(false);
    bench.until(|status| status.dead == 2 && status.queued == 0).await;
    bench.back_end.start_trace(samples::trace(1)).await.unwrap();

    let entries = bench.entries();
    assert_eq!(entries[0].kind, Some(EntryKind::Assessment));
    assert_eq!(entries[0].assessment_id, Some(samples::assessment_id(1).to_string()));
    let one = |n: usize| EntryQuery { seqs: Some(vec![entries[n].seq]), ..EntryQuery::default() };
    assert_eq!(bench.file().retry(&one(0)).unwrap(), 1);
    bench.until(|status| status.dead == 1 && status.queued == 0).await;
    assert_eq!(bench.logged(samples::trace_id(1)).await.len(), 1);

    assert_eq!(bench.file().drop_entries(&one(1)).unwrap(), 1);
    assert_eq!(bench.file().drop_entries(&one(1)).unwrap(), 0);
    bench.until_empty().await;
}

#[tokio::test]
async fn lists_are_filtered_and_bounded() {
    let bench = Bench::new();
    bench.outage().await;
    for n in 1..=5 {
        bench.spool.log_assessment(held(n, n, "ann", true)).await.unwrap();
    }
    bench.spool.close().await.unwrap(); // works without a server, too
    let file = bench.file();
    let queued = EntryQuery { state: Some(EntryState::Queued), limit: Some(4), ..EntryQuery::default() };
    assert_eq!(file.list(&queued).unwrap().len(), 4);
    let dead = EntryQuery { state: Some(EntryState::Dead), ..EntryQuery::default() };
    assert!(file.list(&dead).unwrap().is_empty());
    assert_eq!(file.list(&EntryQuery::default()).unwrap()[0].subject, samples::trace_id(999).to_string());
    let status = file.status().unwrap();
    assert_eq!((status.queued, status.waiting, status.dead), (6, 0, 0));
    assert!(status.bytes > 0 && status.oldest_queued.is_some() && status.oldest_waiting.is_none());
}

#[test]
fn a_file_that_is_not_there_is_not_made() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("spool.db");
    assert!(matches!(SpoolFile::open(&path), Err(OpenError::Missing { .. })));
    assert!(!path.exists());
}

#[test]
fn a_tracking_store_is_no_spool() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("candor.db");
    drop(candor_sqlite::SqliteStore::open(&path, candor_sqlite::SqliteOptions::default()).unwrap());
    assert!(matches!(SpoolFile::open(&path), Err(OpenError::Foreign { .. })));
}

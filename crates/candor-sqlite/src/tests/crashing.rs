use std::fs;

use candor_store::TrackingStoreExt;

use super::support::{file_in, fresh, trace, verdict};
use crate::{SqliteOptions, SqliteStore};

/// What a crash would leave: the files as they are, with no chance to clean up.
#[tokio::test]
async fn what_was_acknowledged_is_in_the_files() {
    let (store, directory) = fresh(SqliteOptions::default());
    for number in 0..50 {
        store.start_trace(trace(number)).await.unwrap();
        store.log_assessment(verdict(number)).await.unwrap();
        if number % 10 != 0 {
            continue;
        }
        let crashed = tempfile::tempdir().unwrap();
        for file in ["candor.db", "candor.db-wal"] {
            fs::copy(directory.path().join(file), crashed.path().join(file)).unwrap();
        }
        let reader = SqliteStore::open_read_only(&file_in(&crashed)).unwrap();
        assert_eq!(reader.report().await.unwrap().assessments, number + 1, "a reader recovers it");
        reader.close().await.unwrap();
        let survivor = SqliteStore::open(&file_in(&crashed), SqliteOptions::default()).unwrap();
        let report = survivor.report().await.unwrap();
        assert_eq!((report.traces, report.assessments, report.problems.len()), (number + 1, number + 1, 0));
    }
}

/// A log that ends in the middle of a transaction is cut back to the last whole one.
#[tokio::test]
async fn a_torn_write_is_undone() {
    let (store, directory) = fresh(SqliteOptions::default());
    store.start_trace(trace(1)).await.unwrap();
    let log = directory.path().join("candor.db-wal");
    let whole = fs::metadata(&log).unwrap().len();
    store.start_trace(trace(2)).await.unwrap();
    let torn = whole + (fs::metadata(&log).unwrap().len() - whole) / 2;

    let crashed = tempfile::tempdir().unwrap();
    fs::copy(file_in(&directory), file_in(&crashed)).unwrap();
    let bytes = fs::read(&log).unwrap();
    fs::write(crashed.path().join("candor.db-wal"), &bytes[..torn as usize]).unwrap();
    let survivor = SqliteStore::open(&file_in(&crashed), SqliteOptions::default()).unwrap();
    let report = survivor.report().await.unwrap();
    assert_eq!((report.traces, report.problems.len()), (1, 0));
    store.close().await.unwrap();
}

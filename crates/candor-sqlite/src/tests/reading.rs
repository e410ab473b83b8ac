use std::sync::Arc;
use std::time::Duration;

use candor_store::{StoreError, TrackingStoreExt};

use super::support::{file_in, fresh, trace, trace_id, verdict};
use crate::connection::ReaderSource;
use crate::schema::LAYOUT;
use crate::{OpenError, SqliteOptions, SqliteStore};

#[tokio::test]
async fn a_reader_beside_a_writer_sees_what_was_acknowledged() {
    let (store, directory) = fresh(SqliteOptions::default());
    let reader = SqliteStore::open_read_only(&file_in(&directory)).unwrap();
    for number in 0..20 {
        store.start_trace(trace(number)).await.unwrap();
        assert!(reader.trace_info(trace_id(number)).await.unwrap().is_some());
    }
    store.close().await.unwrap();
    assert!(reader.trace_info(trace_id(0)).await.unwrap().is_some(), "it outlives the writer");
}

#[tokio::test]
async fn a_reader_needs_no_writer_and_refuses_to_be_one() {
    let (store, directory) = fresh(SqliteOptions::default());
    store.start_trace(trace(1)).await.unwrap();
    store.close().await.unwrap();

    let reader = SqliteStore::open_read_only(&file_in(&directory)).unwrap();
    assert!(reader.trace_info(trace_id(1)).await.unwrap().is_some());
    let error = reader.log_assessment(verdict(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unsupported { .. }), "{error:?}");
    assert_eq!(error.to_string(), "sqlite cannot write to a file opened for reading");
    assert_eq!(reader.report().await.unwrap().traces, 1);
    reader.close().await.unwrap();
}

#[test]
fn there_must_be_something_to_read() {
    let directory = tempfile::tempdir().unwrap();
    let error = SqliteStore::open_read_only(&file_in(&directory)).unwrap_err();
    assert!(matches!(error, OpenError::Missing { .. }), "{error:?}");
    assert!(!file_in(&directory).exists());
}

#[tokio::test]
async fn files_with_odd_names_are_read_without_a_log_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("odd ?name#with%41signs.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    store.start_trace(trace(1)).await.unwrap();
    store.close().await.unwrap();
    for immutable in [false, true] {
        let source = ReaderSource::beside_writer(&path, &LAYOUT, &SqliteOptions::default()).with_immutable(immutable);
        let connection = source.connect().unwrap();
        let traces: i64 = connection.query_row("SELECT count(*) FROM traces", [], |row| row.get(0)).unwrap();
        assert_eq!(traces, 1);
    }
}

#[tokio::test]
async fn more_reads_than_connections_wait_for_their_turn() {
    let (store, _directory) = fresh(SqliteOptions { readers: 2, ..Default::default() });
    store.start_trace(trace(1)).await.unwrap();
    let reads: Vec<_> = (0..50)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.trace_info(trace_id(1)).await.unwrap().is_some() })
        })
        .collect();
    for read in reads {
        assert!(read.await.unwrap());
    }
}

#[tokio::test]
async fn a_read_that_nobody_waits_for_is_interrupted() {
    const FOREVER: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let (store, _directory) = fresh(SqliteOptions { readers: 1, ..Default::default() });
    let (started, has_started) = tokio::sync::oneshot::channel();
    let endless = store.read("count forever", move |connection| {
        let _ = started.send(());
        let error = connection.query_row(FOREVER, [], |row| row.get::<_, i64>(0)).unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::OperationInterrupted));
        Ok(())
    });
    tokio::select! {
        _ = endless => unreachable!("it has no end"),
        _ = async { has_started.await.unwrap(); tokio::time::sleep(Duration::from_millis(20)).await } => {}
    }
    // The only connection is free again, and of use.
    assert!(store.trace_info(trace_id(1)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_panic_in_a_read_costs_nobody_else_anything() {
    let (store, _directory) = fresh(SqliteOptions { readers: 1, ..Default::default() });
    for _ in 0..3 {
        let error = store.read("panic", |_| -> candor_store::Result<()> { panic!("on purpose") }).await.unwrap_err();
        assert!(matches!(error, StoreError::Backend { .. }), "{error:?}");
    }
    assert!(store.trace_info(trace_id(1)).await.unwrap().is_none());
}

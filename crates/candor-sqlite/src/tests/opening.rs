use std::fs;
use std::path::Path;

use candor_model::ExperimentId;
use candor_store::{ExperimentKey, StoreError, TrackingStore, TrackingStoreExt};
use rusqlite::Connection;

use super::support::{file_in, fresh, trace, trace_id, verdict};
use crate::{OpenError, SqliteOptions, SqliteStore, schema};

fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(path, SqliteOptions::default())
}

#[track_caller]
fn refused(path: &Path) -> OpenError {
    open(path).map(drop).unwrap_err()
}

#[test]
fn a_second_writer_is_told_who_has_the_file() {
    let (_store, directory) = fresh(SqliteOptions::default());
    let error = refused(&file_in(&directory));
    let pid = std::process::id();
    assert!(matches!(error, OpenError::Locked { pid: Some(found), .. } if found == pid), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("candor.db is opened by another process") && text.contains(&format!("pid {pid}")), "{text}");
}

#[cfg(unix)]
#[test]
fn a_link_to_the_file_leads_to_the_same_lock() {
    let (_store, directory) = fresh(SqliteOptions::default());
    let link = directory.path().join("link.db");
    std::os::unix::fs::symlink(file_in(&directory), &link).unwrap();
    assert!(matches!(refused(&link), OpenError::Locked { .. }));
}

#[test]
fn a_dropped_store_lets_go_of_its_lock() {
    let (store, directory) = fresh(SqliteOptions::default());
    drop(store);
    open(&file_in(&directory)).unwrap();
}

#[test]
fn missing_directory_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let error = refused(&directory.path().join("nowhere").join("candor.db"));
    assert!(matches!(&error, OpenError::NoDirectory { directory, .. } if directory.ends_with("nowhere")), "{error:?}");

    let below_a_file = directory.path().join("file");
    fs::write(&below_a_file, "").unwrap();
    let error = refused(&below_a_file.join("candor.db"));
    assert!(error.to_string().ends_with("file is not a directory"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn directory_that_takes_no_files_is_not_writable() {
    let error = refused(Path::new("/proc/candor.db")); // not even for root
    assert!(matches!(error, OpenError::NotWritable { .. }), "{error:?}");
    assert_eq!(error.to_string(), "/proc/candor.db is not writable");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn other_files_are_not_databases() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_in(&directory);
    fs::write(&path, "once upon a time ".repeat(1000)).unwrap();
    assert!(matches!(refused(&path), OpenError::NotADatabase { .. }));
    assert!(fs::read_to_string(&path).unwrap().starts_with("once upon a time"), "it is left alone");
}

#[test]
fn a_directory_is_not_a_database() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_in(&directory);
    fs::create_dir(&path).unwrap();
    assert!(matches!(refused(&path), OpenError::NotWritable { .. }));
}

#[test]
fn databases_of_others_are_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_in(&directory);
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    assert!(matches!(refused(&path), OpenError::Foreign { .. }));
    let mode: String =
        Connection::open(&path).unwrap().pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete");
}

#[test]
fn newer_schema_names_both_versions() {
    let (store, directory) = fresh(SqliteOptions::default());
    drop(store);
    Connection::open(file_in(&directory)).unwrap().pragma_update(None, "user_version", 99).unwrap();
    for error in [refused(&file_in(&directory)), SqliteStore::open_read_only(&file_in(&directory)).unwrap_err()] {
        assert!(matches!(error, OpenError::SchemaTooNew { found: 99, .. }), "{error:?}");
        let text = format!("has schema version 99, this program knows versions up to {}", schema::version());
        assert!(error.to_string().ends_with(&text), "{error}");
    }
}

#[test]
fn every_migration_is_sound() {
    let mut connection = Connection::open_in_memory().unwrap();
    crate::functions::register(&connection).unwrap(); // as every writer does
    schema::MIGRATIONS.to_latest(&mut connection).unwrap();
}

#[tokio::test]
async fn an_empty_file_becomes_a_database() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(file_in(&directory), "").unwrap();
    let store = open(&file_in(&directory)).unwrap();
    let default = store.get_experiment(&ExperimentKey::Id(ExperimentId::DEFAULT)).await.unwrap().unwrap();
    assert_eq!(default.name.as_str(), "Default");
    let report = store.report().await.unwrap();
    assert_eq!((report.schema_version, report.problems.len()), (schema::version(), 0));
}

#[tokio::test]
async fn a_file_of_an_older_version_is_migrated_once_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_in(&directory);
    let before = Connection::open(&path).unwrap();
    before.pragma_update(None, "application_id", schema::APPLICATION_ID).unwrap();
    drop(before);
    let error = SqliteStore::open_read_only(&path).unwrap_err();
    assert!(matches!(error, OpenError::SchemaTooOld { found: 0, .. }), "{error:?}");

    for _ in 0..2 {
        let store = open(&path).unwrap();
        store.start_trace(trace(1)).await.unwrap();
        TrackingStore::close(&store).await.unwrap();
    }
    let store = SqliteStore::open_read_only(&path).unwrap();
    assert!(store.trace_info(trace_id(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn reopened_store_has_everything() {
    let (store, directory) = fresh(SqliteOptions::default());
    store.start_trace(trace(1)).await.unwrap();
    store.log_assessment(verdict(1)).await.unwrap();
    let before = store.trace_info(trace_id(1)).await.unwrap();
    drop(store);
    let store = open(&file_in(&directory)).unwrap();
    assert_eq!(store.trace_info(trace_id(1)).await.unwrap(), before);
}

#[tokio::test]
async fn closing_leaves_one_whole_file_and_refuses_further_calls() {
    let (store, directory) = fresh(SqliteOptions::default());
    store.start_trace(trace(1)).await.unwrap();
    store.close().await.unwrap();
    let log = directory.path().join("candor.db-wal");
    assert!(!log.exists() || fs::metadata(log).unwrap().len() == 0);
    for error in [store.start_trace(trace(2)).await.unwrap_err(), store.trace_info(trace_id(1)).await.unwrap_err()] {
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    }
    store.close().await.unwrap();
    open(&file_in(&directory)).unwrap();
}

#[tokio::test]
async fn options_bind_the_size_of_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteOptions { max_bytes: Some(4096), ..Default::default() };
    // Too small even for the schema is still a store that reads, since the schema was made before.
    let store = SqliteStore::open(&file_in(&directory), options).unwrap();
    let error = store.start_trace(TraceBig::info()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
}

struct TraceBig;

impl TraceBig {
    fn info() -> candor_model::TraceInfo {
        let mut info = trace(1);
        info.request_preview = Some("x".repeat(1 << 20));
        info
    }
}

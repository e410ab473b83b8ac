use std::sync::Arc;

use tempfile::TempDir;

use crate::{SqliteOptions, SqliteStore};

async fn open() -> (Arc<SqliteStore>, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&directory.path().join("candor.db"), SqliteOptions::default()).unwrap();
    (Arc::new(store), directory)
}

candor_store::tracking_store_conformance!(open);

use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use crate::{SqliteOptions, SqliteStore};

/// A store in a directory of its own.
pub(super) fn fresh(options: SqliteOptions) -> (Arc<SqliteStore>, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&file_in(&directory), options).unwrap();
    (Arc::new(store), directory)
}

/// The file of [`fresh`].
pub(super) fn file_in(directory: &TempDir) -> PathBuf {
    directory.path().join("candor.db")
}

//! The suite, with searches going either way: see `search::plan`.

use std::sync::Arc;

use tempfile::TempDir;

use super::support::fresh;
use crate::{SqliteOptions, SqliteStore};

mod from_an_index {
    async fn open() -> (super::Arc<super::SqliteStore>, super::TempDir) {
        super::fresh(super::SqliteOptions { few_entries: i64::MAX, ..Default::default() })
    }

    candor_store::tracking_store_conformance!(open);
}

mod walking {
    async fn open() -> (super::Arc<super::SqliteStore>, super::TempDir) {
        super::fresh(super::SqliteOptions { few_entries: 0, ..Default::default() })
    }

    candor_store::tracking_store_conformance!(open);
}

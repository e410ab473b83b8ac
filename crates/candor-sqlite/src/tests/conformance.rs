//! The suite, with searches that start from an index where they can, and with searches that take
//! turns from the first trace on: see `search::plan`.

use std::sync::Arc;

use tempfile::TempDir;

use super::support::fresh;
use crate::{SqliteOptions, SqliteStore};

mod from_an_index {
    async fn open() -> (super::Arc<super::SqliteStore>, super::TempDir) {
        super::fresh(super::SqliteOptions { search_budget: i64::MAX, ..Default::default() })
    }

    candor_store::tracking_store_conformance!(open);
}

mod taking_turns {
    async fn open() -> (super::Arc<super::SqliteStore>, super::TempDir) {
        super::fresh(super::SqliteOptions { search_budget: 0, ..Default::default() })
    }

    candor_store::tracking_store_conformance!(open);
}

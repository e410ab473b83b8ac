//! The store on PostgreSQL: its promises, several processes on one database, and the server's death.

mod conformance;
mod instances;
mod restart;
mod retention;
mod tls;

use candor_postgres::{PostgresOptions, PostgresStore};

async fn connect(url: &str) -> PostgresStore {
    PostgresStore::connect(PostgresOptions::new(url)).await.unwrap()
}

/// Whether the counts that are kept are those of a recount.
async fn assert_counts_are_true(store: &PostgresStore) {
    assert_eq!(store.report().await.unwrap().rollup_differences, 0, "rollups differ from a recount");
}

//! The connections that batches are written through.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use candor_store::Result;
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};

use crate::error::During;
use crate::store::IDLE;

/// A pool, and connections that go from batch to batch without it: to give one back costs a journey
/// each time, and the next batch would get another one, to which less is at hand.
#[derive(Debug)]
pub(super) struct Connections {
    pub(super) pool: PgPool,
    spare: Mutex<Vec<(PoolConnection<Postgres>, Instant)>>,
}

impl Connections {
    pub(super) fn new(pool: PgPool) -> Self {
        Self { pool, spare: Mutex::default() }
    }

    pub(super) async fn take(&self) -> Result<PoolConnection<Postgres>> {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match spare {
            Some((connection, since)) if since.elapsed() < IDLE => Ok(connection),
            _ => self.pool.acquire().await.during("connect"),
        }
    }

    /// Keeps one that has done its work without an error.
    pub(super) fn put_back(&self, connection: PoolConnection<Postgres>) {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).push((connection, Instant::now()));
    }
}

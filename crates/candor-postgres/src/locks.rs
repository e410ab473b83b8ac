//! Advisory locks, held until the end of a transaction: how instances keep out of each other's way.
//!
//! Writers of a trace take its lock before they read what they decide by. Rows could not be locked
//! instead: a trace that does not exist yet has none.

use std::collections::BTreeSet;

use candor_model::TraceId;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Postgres, Transaction};

/// The first half of all of our locks.
const CLASS: i32 = i32::from_be_bytes(*b"cndr");

/// One number per lock; traces have those from 0 on.
pub(crate) const SCHEMA: i32 = -1;
/// Whoever makes or drops partitions.
pub(crate) const PARTITIONS: i32 = -2;
/// Whoever puts a verdict on hold has it alone; those whose traces land share it.
pub(crate) const PENDING: i32 = -3;
/// Whoever writes so many traces that their locks would crowd out others has it alone.
const ALL_TRACES: i32 = -4;

/// Traces share so many locks.
const STRIPES: u32 = 4096;
/// The most of them that one transaction takes one by one; the server's default has room for 6400.
const MANY: usize = 256;

/// Takes locks for this transaction alone, in that order.
pub(crate) async fn take(connection: &mut PgConnection, locks: &[i32]) -> Result<(), sqlx::Error> {
    const TAKE: &str = "SELECT pg_advisory_xact_lock($1, lock) FROM unnest($2::integer[]) AS lock";
    sqlx::query(TAKE).bind(CLASS).bind(locks).execute(connection).await.map(drop)
}

/// Takes a lock together with others.
pub(crate) async fn share(connection: &mut PgConnection, lock: i32) -> Result<(), sqlx::Error> {
    const SHARE: &str = "SELECT pg_advisory_xact_lock_shared($1, $2)";
    sqlx::query(SHARE).bind(CLASS).bind(lock).execute(connection).await.map(drop)
}

/// Takes the locks of traces, in an order that all transactions follow.
pub(crate) async fn take_traces(
    connection: &mut PgConnection,
    traces: impl IntoIterator<Item = TraceId>,
) -> Result<(), sqlx::Error> {
    let locks = of_traces(traces);
    match locks.is_empty() {
        true => Ok(()),
        false => sqlx::raw_sql(AssertSqlSafe(taking(&locks))).execute(connection).await.map(drop),
    }
}

/// Begins a transaction that has the locks of traces: one journey, since neither says anything that
/// the other would need.
pub(crate) async fn begin_with_traces(
    connection: &mut PgConnection,
    traces: impl IntoIterator<Item = TraceId>,
) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
    let locks = of_traces(traces);
    match locks.is_empty() {
        true => connection.begin().await,
        false => connection.begin_with(AssertSqlSafe(format!("BEGIN; {}", taking(&locks)))).await,
    }
}

fn of_traces(traces: impl IntoIterator<Item = TraceId>) -> Vec<i32> {
    let stripes: BTreeSet<i32> = traces.into_iter().map(stripe).collect();
    match stripes.len() {
        0 => Vec::new(),
        1..=MANY => [ALL_TRACES].into_iter().chain(stripes).collect(),
        _ => vec![ALL_TRACES],
    }
}

/// The statement that takes locks of traces; the one of all is shared, unless it is taken alone.
fn taking(locks: &[i32]) -> String {
    let list = locks.iter().map(i32::to_string).collect::<Vec<_>>().join(",");
    let is_shared = if locks.len() > 1 { "lock < 0" } else { "false" };
    format!(
        "SELECT CASE WHEN {is_shared} THEN pg_advisory_xact_lock_shared({CLASS}, lock)
            ELSE pg_advisory_xact_lock({CLASS}, lock) END FROM unnest('{{{list}}}'::integer[]) AS lock"
    )
}

/// Trace ids are random, save for those that people make up: all of their bytes count.
fn stripe(trace: TraceId) -> i32 {
    let mixed =
        trace.as_bytes().iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    (mixed % STRIPES).cast_signed()
}

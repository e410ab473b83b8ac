//! Months as partitions: made before they are written to, dropped when they are to be forgotten.
//!
//! The layout follows the calendar, unlike what is stored in it.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use candor_model::TimestampMs;
use candor_store::{Clock, Result, SystemClock};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};

use crate::convert::{month, month_start};
use crate::error::During;
use crate::locks::{self, PARTITIONS};

const TABLES: [&str; 3] = ["traces", "spans", "assessments"];
/// Months before the present one that get a partition of their own; what is older has the default one.
const PAST_MONTHS: i32 = 36;
/// Months ahead that do, so that the turn of the month finds its partition made.
const FUTURE_MONTHS: i32 = 1;

/// The months that need no partition to be made any more.
#[derive(Debug, Default)]
pub(crate) struct Partitions(Mutex<BTreeSet<i32>>);

impl Partitions {
    /// Makes the partitions of months, where they should have any.
    pub(crate) async fn ensure(&self, pool: &PgPool, months: impl IntoIterator<Item = i32>) -> Result<()> {
        let now = month(SystemClock.now());
        let missing: Vec<i32> = {
            let settled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let own = |month: &i32| (now - PAST_MONTHS..=now + FUTURE_MONTHS).contains(month);
            months.into_iter().filter(own).filter(|month| !settled.contains(month)).collect()
        };
        for month in missing {
            make(pool, month).await?;
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(month);
        }
        Ok(())
    }

    /// Makes those of the present month and the next.
    pub(crate) async fn ensure_present(&self, pool: &PgPool) -> Result<()> {
        let now = month(SystemClock.now());
        self.ensure(pool, now..=now + FUTURE_MONTHS).await
    }

    fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Drops the months that ended more than `age` ago; returns when what is left begins.
    pub(crate) async fn drop_older(&self, pool: &PgPool, age: Duration) -> Result<TimestampMs> {
        let age_ms = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let first_kept = month(TimestampMs::from_millis(SystemClock.now().as_millis().saturating_sub(age_ms)));
        drop_before(pool, first_kept).await?;
        self.forget();
        Ok(TimestampMs::from_millis(month_start(first_kept)))
    }
}

const OPERATION: &str = "make a partition";

async fn make(pool: &PgPool, month: i32) -> Result<()> {
    let mut transaction = pool.begin().await.during(OPERATION)?;
    locks::take(&mut transaction, &[PARTITIONS]).await.during(OPERATION)?;
    if make_all(&mut transaction, month).await? {
        transaction.commit().await.during(OPERATION)?;
    }
    Ok(())
}

/// Whether there are partitions now: traces of the month that stand in the default one stay there.
async fn make_all(connection: &mut PgConnection, month: i32) -> Result<bool> {
    for table in TABLES {
        let name = partition_name(table, month);
        let is_there = "SELECT to_regclass($1) IS NOT NULL";
        if sqlx::query_scalar(is_there).bind(&name).fetch_one(&mut *connection).await.during(OPERATION)? {
            continue;
        }
        let taken = format!("SELECT EXISTS (SELECT 1 FROM {table}_other WHERE month = $1)");
        let taken = sqlx::query_scalar(AssertSqlSafe(taken)).bind(month);
        if taken.fetch_one(&mut *connection).await.during(OPERATION)? {
            return Ok(false);
        }
        // Attached, a table is locked for less than one that is made as a partition.
        let make = format!(
            "CREATE TABLE {name} (LIKE {table} INCLUDING ALL);
             ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({month}) TO ({})",
            month + 1
        );
        sqlx::raw_sql(AssertSqlSafe(make)).execute(&mut *connection).await.during(OPERATION)?;
    }
    Ok(true)
}

fn partition_name(table: &str, month: i32) -> String {
    format!("{table}_{:04}_{:02}", 1970 + month.div_euclid(12), month.rem_euclid(12) + 1)
}

async fn drop_before(pool: &PgPool, first_kept: i32) -> Result<()> {
    const OPERATION: &str = "drop old partitions";
    let mut transaction = pool.begin().await.during(OPERATION)?;
    locks::take(&mut transaction, &[PARTITIONS]).await.during(OPERATION)?;
    // The names sort as the months do, and those of other tables do not fit.
    const LIST: &str = "
        SELECT relname::text FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = to_regclass($1) AND relname ~ ('^' || $1 || '_[0-9]{4}_[0-9]{2}$') AND relname < $2";
    for table in TABLES {
        let list = sqlx::query_scalar(LIST).bind(table).bind(partition_name(table, first_kept));
        let old: Vec<String> = list.fetch_all(&mut *transaction).await.during(OPERATION)?;
        for name in old {
            let drop = format!("DROP TABLE {name}");
            sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut *transaction).await.during(OPERATION)?;
        }
        let delete = format!("DELETE FROM {table}_other WHERE month < $1");
        let delete = sqlx::query(AssertSqlSafe(delete)).bind(first_kept);
        delete.execute(&mut *transaction).await.during(OPERATION)?;
    }
    let first_hour = month_start(first_kept) / 3_600_000;
    for rollup in ["feedback_hours", "trace_hours"] {
        let delete = format!("DELETE FROM {rollup} WHERE hour < $1");
        let delete = sqlx::query(AssertSqlSafe(delete)).bind(first_hour);
        delete.execute(&mut *transaction).await.during(OPERATION)?;
    }
    transaction.commit().await.during(OPERATION)
}

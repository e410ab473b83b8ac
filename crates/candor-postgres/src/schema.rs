//! The schema and its versions.

use sqlx::{PgPool, Row};

use crate::ConnectError;
use crate::locks::{self, SCHEMA};

const MIGRATIONS: [&str; 1] = [include_str!("migrations/0001_initial.sql")];

/// The version that this program reads and writes.
pub(crate) const VERSION: i32 = MIGRATIONS.len() as i32;

/// Makes the schema or brings it up to date; instances that start at the same time take turns.
pub(crate) async fn migrate(pool: &PgPool) -> Result<(), ConnectError> {
    let found = version(pool).await?;
    if found == VERSION {
        return Ok(()); // nearly always, and it needs no right to make tables
    }
    let failed = ConnectError::Migrate;
    let mut transaction = pool.begin().await.map_err(ConnectError::Connect)?;
    locks::take(&mut transaction, &[SCHEMA]).await.map_err(failed)?;
    let create = "CREATE TABLE IF NOT EXISTS candor_schema (version integer NOT NULL)";
    sqlx::raw_sql(create).execute(&mut *transaction).await.map_err(failed)?;
    let select = "SELECT coalesce(max(version), 0) FROM candor_schema";
    let found: i32 = sqlx::query_scalar(select).fetch_one(&mut *transaction).await.map_err(failed)?;
    check(found)?;
    for (migration, version) in MIGRATIONS.into_iter().zip(1..).filter(|(_, version)| *version > found) {
        sqlx::raw_sql(migration).execute(&mut *transaction).await.map_err(failed)?;
        let insert = "INSERT INTO candor_schema VALUES ($1)";
        sqlx::query(insert).bind(version).execute(&mut *transaction).await.map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}

/// Refuses a database that this version cannot read.
pub(crate) async fn check_readable(pool: &PgPool) -> Result<(), ConnectError> {
    match version(pool).await? {
        VERSION => Ok(()),
        found => Err(ConnectError::SchemaTooOld { found, needed: VERSION }),
    }
}

/// The version of the database's schema; 0 when there is none.
async fn version(pool: &PgPool) -> Result<i32, ConnectError> {
    let is_there = "SELECT to_regclass('candor_schema') IS NOT NULL";
    let row = sqlx::query(is_there).fetch_one(pool).await.map_err(ConnectError::Connect)?;
    if !row.try_get::<bool, _>(0).map_err(ConnectError::Connect)? {
        return Ok(0);
    }
    let select = "SELECT coalesce(max(version), 0) FROM candor_schema";
    let found = sqlx::query_scalar(select).fetch_one(pool).await.map_err(ConnectError::Connect)?;
    check(found)?;
    Ok(found)
}

fn check(found: i32) -> Result<(), ConnectError> {
    match found > VERSION {
        true => Err(ConnectError::SchemaTooNew { found, supported: VERSION }),
        false => Ok(()),
    }
}

use candor_store::Result;
use sqlx::PgPool;

use crate::error::During;
use crate::rollups;

/// The state of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The version of the schema.
    pub schema_version: i32,
    /// The server's version, e.g. `15.18`.
    pub server_version: String,
    /// The size of the database, in bytes.
    pub database_bytes: u64,
    /// Experiments, deleted ones too.
    pub experiments: u64,
    /// Traces.
    pub traces: u64,
    /// Spans.
    pub spans: u64,
    /// Assessments, overridden ones too.
    pub assessments: u64,
    /// Verdicts that wait for their trace.
    pub pending: u64,
    /// The partitions of traces, in the order of their months; `traces_other` holds the months that
    /// have none of their own.
    pub partitions: Vec<String>,
    /// Calls of this process that wait to be written.
    pub queue_depth: usize,
    /// Rows of the rollups that differ from a recount; 0 when they are true.
    pub rollup_differences: u64,
}

/// What the database itself tells.
pub(crate) async fn of_database(pool: &PgPool) -> Result<Report> {
    const OPERATION: &str = "inspect the database";
    // One snapshot, or writes in between would look like differences.
    let mut transaction = pool.begin().await.during(OPERATION)?;
    let snapshot = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0";
    sqlx::raw_sql(snapshot).execute(&mut *transaction).await.during(OPERATION)?;
    let mut numbers = Vec::new();
    for sql in [
        "SELECT pg_database_size(current_database())",
        "SELECT count(*) FROM experiments",
        "SELECT count(*) FROM traces",
        "SELECT count(*) FROM spans",
        "SELECT count(*) FROM assessments",
        "SELECT count(*) FROM pending_feedback",
    ] {
        let number: i64 = sqlx::query_scalar(sql).fetch_one(&mut *transaction).await.during(OPERATION)?;
        numbers.push(number.cast_unsigned());
    }
    let partitions = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'traces'::regclass ORDER BY 1";
    let number = |place: usize| numbers.get(place).copied().unwrap_or_default();
    Ok(Report {
        schema_version: crate::schema::VERSION,
        server_version: sqlx::query_scalar("SHOW server_version")
            .fetch_one(&mut *transaction)
            .await
            .during(OPERATION)?,
        database_bytes: number(0),
        experiments: number(1),
        traces: number(2),
        spans: number(3),
        assessments: number(4),
        pending: number(5),
        partitions: sqlx::query_scalar(partitions).fetch_all(&mut *transaction).await.during(OPERATION)?,
        queue_depth: 0,
        rollup_differences: rollups::differences(&mut transaction).await?,
    })
}

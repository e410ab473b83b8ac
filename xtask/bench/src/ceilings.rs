//! What the machine itself gives: an HTTP handler that keeps nothing, and a file that nobody asks over HTTP.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::Result;
use axum::routing::{get, post};
use axum::{Json, Router};
use rusqlite::{Connection, params};
use serde_json::Value;
use tokio::net::TcpListener;

/// Reads JSON and sends it back, with the framework that Candor uses.
pub(crate) async fn serve_http(port: u16) -> Result<()> {
    let echo = async |Json(body): Json<Value>| Json(body);
    let app = Router::new().route("/health", get(async || "OK")).route("/echo", post(echo));
    Ok(axum::serve(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?, app).await?)
}

/// Commits per second of so many rows each, on a file with a write-ahead log and `synchronous=FULL`.
pub(crate) fn sqlite_commits_per_second(rows: u64, time: Duration) -> Result<f64> {
    let folder = tempfile::tempdir_in("target/bench")?;
    let mut connection = Connection::open(folder.path().join("bare.db"))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "CREATE TABLE verdicts (id BLOB PRIMARY KEY, trace BLOB, value INTEGER, at INTEGER, note TEXT)",
    )?;
    let begun = Instant::now();
    let mut commits = 0_u64;
    while begun.elapsed() < time {
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached("INSERT INTO verdicts VALUES (?, ?, ?, ?, ?)")?;
            for row in 0..rows {
                let number = crate::data::mixed(commits * rows + row);
                let id = [number.to_be_bytes(), number.to_le_bytes()].concat();
                insert.execute(params![id, id, true, commits as i64, "as I see it"])?;
            }
        }
        transaction.commit()?;
        commits += 1;
    }
    Ok(commits as f64 / begun.elapsed().as_secs_f64())
}

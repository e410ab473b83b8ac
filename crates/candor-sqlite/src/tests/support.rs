use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;

use candor_model::{AssessmentBody, AssessmentName, ExperimentId, Source, TimestampMs, TraceId, TraceInfo, Value};
use candor_store::{NewAssessment, Result};
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

pub(super) fn at(ms: i64) -> TimestampMs {
    TimestampMs::from_millis(ms)
}

pub(super) fn trace_id(number: u64) -> TraceId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    TraceId::from_bytes(bytes)
}

pub(super) fn trace(number: u64) -> TraceInfo {
    TraceInfo::new(trace_id(number), ExperimentId::DEFAULT, at(1_000 + number as i64))
}

pub(super) fn verdict(number: u64) -> NewAssessment {
    let name: AssessmentName = "user_feedback".parse().unwrap();
    NewAssessment::new(
        trace_id(number),
        name,
        Source::human("someone").unwrap(),
        AssessmentBody::feedback(Value::Bool(true)),
        at(2_000),
    )
}

/// Keeps the writer busy until told otherwise, so that calls pile up behind.
pub(super) struct Blockade {
    release: mpsc::Sender<()>,
    call: tokio::task::JoinHandle<Result<()>>,
}

impl Blockade {
    /// Returns once the writer is stuck.
    pub(super) async fn of(store: &Arc<SqliteStore>) -> Self {
        let (release, released) = mpsc::channel::<()>();
        let (stuck, is_stuck) = tokio::sync::oneshot::channel();
        let store = Arc::clone(store);
        let call = tokio::spawn(async move {
            let wait = move |_: &rusqlite::Connection| {
                let _ = stuck.send(());
                let _ = released.recv();
                Ok(())
            };
            store.write("wait", wait).await
        });
        is_stuck.await.unwrap();
        Self { release, call }
    }

    pub(super) async fn lift(self) {
        drop(self.release);
        self.call.await.unwrap().unwrap();
    }
}

/// Lets calls that were just spawned reach the queue.
pub(super) async fn until(mut reached: impl FnMut() -> bool) {
    while !reached() {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}

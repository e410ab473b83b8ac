//! Rows that break a rule, and columns that repeat others.

use std::collections::BTreeMap;

use candor_model::{AssessmentId, ExperimentName, TraceInfo, keys};
use candor_store::{
    NewAssessment, NewExperiment, PendingQuery, StoreError, TrackingStore, TrackingStoreExt, WhenMissing,
};

use super::support::{at, file_in, fresh, trace, trace_id, verdict};
use crate::error::During;
use crate::{SqliteOptions, SqliteStore};

/// Spoils a file behind the store's back.
async fn after(sql: &'static str) -> StoreError {
    let (store, _directory) = fresh(SqliteOptions::default());
    store.start_trace(TraceInfo { client_request_id: Some("r".parse().unwrap()), ..trace(1) }).await.unwrap();
    let id = AssessmentId::from_bytes([7; 16]);
    store.log_assessment(NewAssessment { id, ..verdict(1) }).await.unwrap();
    store.write("spoil", |connection| connection.execute_batch(sql).during("spoil")).await.unwrap();
    store.trace_info(trace_id(1)).await.unwrap_err()
}

#[tokio::test]
async fn broken_rows_are_corrupt_and_named() {
    let assessment = "sqlite holds a corrupt assessment a-07070707070707070707070707070707";
    let trace = "sqlite holds a corrupt trace tr-00000000000000000000000000000001";
    for (sql, expected) in [
        ("UPDATE assessments SET source_type = 9", assessment),
        ("UPDATE assessments SET kind = 9", assessment),
        ("UPDATE assessments SET value_type = 9", assessment),
        ("UPDATE assessments SET metadata = 'no JSON'", assessment),
        ("UPDATE assessments SET source_id = printf('%300d', 1)", assessment),
        ("UPDATE traces SET state = 'LOST'", trace),
        ("UPDATE traces SET client_request_id = ''", trace),
    ] {
        let error = after(sql).await;
        assert!(matches!(error, StoreError::Corrupt { .. }), "{sql}: {error:?}");
        assert_eq!(error.to_string(), expected, "{sql}");
        assert!(std::error::Error::source(&error).is_some(), "{sql}");
    }
}

#[tokio::test]
async fn what_assessments_repeat_of_their_trace_follows_it() {
    const WRONG: &str = "
        SELECT count(*) FROM assessments AS a JOIN traces AS t ON t.pk = a.trace_pk
        WHERE a.experiment_id <> t.experiment_id OR a.trace_ms <> t.request_ms
           OR a.session IS NOT CASE WHEN a.for_session = 1 THEN t.session END
           OR t.session IS NOT (
               SELECT value FROM trace_metadata WHERE trace_pk = t.pk
               AND key = (SELECT number FROM known_keys WHERE key = 'mlflow.trace.session'))";
    let (store, directory) = fresh(SqliteOptions::default());
    let new = NewExperiment {
        name: ExperimentName::new("other").unwrap(),
        artifact_location: None,
        tags: BTreeMap::new(),
        creation_time: at(0),
    };
    let other = store.create_experiment(new).await.unwrap();
    store.start_trace(trace(1)).await.unwrap();
    let mut for_session = verdict(1);
    for_session.metadata.insert(keys::SESSION.to_owned(), "any".to_owned());
    let logged = store.log_assessment(for_session.clone()).await.unwrap();
    store.log_assessment(verdict(1)).await.unwrap();

    let mut changed = trace(1);
    changed.experiment_id = other;
    changed.request_time = at(5);
    changed.metadata.insert(keys::SESSION.to_owned(), "s".to_owned());
    store.start_trace(changed).await.unwrap();
    let update = candor_store::AssessmentUpdate { metadata: for_session.metadata, ..Default::default() };
    let id = logged.assessment().unwrap().id;
    store.update_assessment(trace_id(1), id, update, at(6)).await.unwrap();
    store.close().await.unwrap();

    let store = SqliteStore::open(&file_in(&directory), SqliteOptions::default()).unwrap();
    let wrong =
        store.read("recount", |connection| Ok(connection.query_row(WRONG, [], |row| row.get::<_, i64>(0)).unwrap()));
    assert_eq!(wrong.await.unwrap(), 0);
}

#[tokio::test]
async fn a_broken_verdict_on_hold_fails_nobodys_write() {
    let (store, _directory) = fresh(SqliteOptions::default());
    let held = NewAssessment { when_missing: WhenMissing::Hold, ..verdict(1) };
    store.log_assessment(held).await.unwrap();
    let spoil = "UPDATE pending_feedback SET item = '{}'";
    store.write("spoil", move |connection| connection.execute_batch(spoil).during("spoil")).await.unwrap();
    let info = store.start_trace(trace(1)).await.unwrap();
    assert_eq!(info.assessments, []);
    let error = store.pending_feedback(&PendingQuery::all(10)).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
}

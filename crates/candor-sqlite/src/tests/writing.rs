use std::sync::Arc;

use candor_model::TraceInfo;
use candor_store::{Missing, StoreError, TraceSelection, TrackingStore, TrackingStoreExt};
use rusqlite::Connection;

use super::support::{Blockade, at, file_in, fresh, trace, trace_id, until, verdict};
use crate::error::During;
use crate::{SqliteOptions, SqliteStore};

async fn commits(store: &SqliteStore) -> u64 {
    store.report().await.unwrap().commits
}

#[tokio::test]
async fn calls_that_wait_together_share_one_commit() {
    let (store, _directory) = fresh(SqliteOptions::default());
    store.start_trace(trace(1)).await.unwrap();
    let before = commits(&store).await;
    let blockade = Blockade::of(&store).await;
    let calls: Vec<_> = (0..500)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.log_assessment(verdict(1)).await })
        })
        .collect();
    until(|| store.queue_depth() == 500).await;
    blockade.lift().await;
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(commits(&store).await - before, 2, "one for the blockade and one for the rest");
    assert_eq!(store.trace_info(trace_id(1)).await.unwrap().unwrap().assessments.len(), 500);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_need_fewer_commits_than_writes() {
    let (store, _directory) = fresh(SqliteOptions::default());
    store.start_trace(trace(1)).await.unwrap();
    let before = commits(&store).await;
    let writers: Vec<_> = (0..64)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for _ in 0..20 {
                    store.log_assessment(verdict(1)).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let spent = commits(&store).await - before;
    assert!(spent <= 64 * 20 / 2, "{spent} commits");
    let report = store.report().await.unwrap();
    assert_eq!((report.assessments, report.calls), (64 * 20, 64 * 20 + 1));
}

#[tokio::test]
async fn a_batch_is_bounded() {
    let (store, _directory) = fresh(SqliteOptions { batch_calls: 10, ..Default::default() });
    store.start_trace(trace(1)).await.unwrap();
    let before = commits(&store).await;
    let blockade = Blockade::of(&store).await;
    let calls: Vec<_> = (0..30)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.log_assessment(verdict(1)).await })
        })
        .collect();
    until(|| store.queue_depth() == 30).await;
    blockade.lift().await;
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(commits(&store).await - before, 4);
}

/// A write call, as the writer takes it.
type Work<T> = Box<dyn FnOnce(&Connection) -> candor_store::Result<T> + Send>;

/// Starts calls behind a blockade, so that they share one transaction, and returns their answers.
async fn in_one_batch<T: Send + 'static>(
    store: &Arc<SqliteStore>,
    calls: Vec<Work<T>>,
) -> Vec<candor_store::Result<T>> {
    let blockade = Blockade::of(store).await;
    let mut waiting = Vec::new();
    for (place, call) in calls.into_iter().enumerate() {
        let own = Arc::clone(store);
        waiting.push(tokio::spawn(async move { own.write("test", call).await }));
        until(|| store.queue_depth() == place + 1).await;
    }
    blockade.lift().await;
    let mut answers = Vec::new();
    for call in waiting {
        answers.push(call.await.unwrap());
    }
    answers
}

fn start(info: TraceInfo) -> Work<()> {
    Box::new(move |connection| crate::traces::start(connection, info).map(drop))
}

#[tokio::test]
async fn a_call_that_fails_takes_nothing_of_the_others_along() {
    let (store, _directory) = fresh(SqliteOptions::default());
    let fails_half_way = Box::new(|connection: &Connection| {
        crate::traces::start(connection, trace(2))?;
        Err(StoreError::NotFound(Missing::Trace(trace_id(9))))
    });
    let panics_half_way = Box::new(|connection: &Connection| {
        crate::traces::start(connection, trace(3))?;
        panic!("on purpose")
    });
    let answers = in_one_batch(&store, vec![start(trace(1)), fails_half_way, panics_half_way, start(trace(4))]).await;
    assert!(matches!(
        answers.as_slice(),
        [Ok(()), Err(StoreError::NotFound(_)), Err(StoreError::Backend { .. }), Ok(())]
    ));
    let found = store.get_traces(&[1, 2, 3, 4].map(trace_id), false).await.unwrap();
    let found: Vec<_> = found.iter().map(|trace| trace.info.trace_id).collect();
    assert_eq!(found, [1, 4].map(trace_id));
}

#[tokio::test]
async fn a_call_that_refuses_before_it_writes_needs_no_savepoint() {
    let (store, _directory) = fresh(SqliteOptions::default());
    let refuse_after = |number: Option<u64>| -> Work<()> {
        Box::new(move |connection: &Connection| {
            number.map(|number| crate::traces::start(connection, trace(number))).transpose()?;
            Err(StoreError::NotFound(Missing::Trace(trace_id(9))))
        })
    };
    for (written, others_stand) in [(None, true), (Some(2), false)] {
        let blockade = Blockade::of(&store).await;
        let mut waiting = Vec::new();
        for (place, call) in [start(trace(1)), refuse_after(written), start(trace(3))].into_iter().enumerate() {
            let own = Arc::clone(&store);
            waiting.push(tokio::spawn(async move { own.write_or_refuse("test", call).await }));
            until(|| store.queue_depth() == place + 1).await;
        }
        blockade.lift().await;
        let mut answers = Vec::new();
        for call in waiting {
            answers.push(call.await.unwrap().is_ok());
        }
        assert_eq!(answers, [others_stand, false, others_stand]);
        let found = store.get_traces(&[1, 2, 3].map(trace_id), false).await.unwrap();
        let found: Vec<_> = found.iter().map(|trace| trace.info.trace_id).collect();
        assert_eq!(found, if others_stand { vec![trace_id(1), trace_id(3)] } else { Vec::new() });
        let all = TraceSelection::Until { max_request_time: at(i64::MAX), max_traces: None };
        store.delete_traces(candor_model::ExperimentId::DEFAULT, all).await.unwrap();
    }
}

#[tokio::test]
async fn a_commit_that_fails_fails_every_call_and_writes_nothing() {
    let (store, _directory) = fresh(SqliteOptions::default());
    let spoils_the_commit = Box::new(|connection: &Connection| {
        let orphan = "PRAGMA defer_foreign_keys = ON; INSERT INTO trace_tags VALUES (77, 'k', 'v')";
        connection.execute_batch(orphan).during("spoil the commit")
    });
    let answers = in_one_batch(&store, vec![start(trace(1)), spoils_the_commit, start(trace(2))]).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(StoreError::Backend { .. }))), "{answers:?}");
    assert!(store.get_traces(&[1, 2].map(trace_id), false).await.unwrap().is_empty());
    store.start_trace(trace(1)).await.unwrap();
}

#[tokio::test]
async fn a_transaction_that_is_undone_midway_fails_every_call() {
    let (store, _directory) = fresh(SqliteOptions::default());
    let undoes_everything = Box::new(|connection: &Connection| connection.execute_batch("ROLLBACK").during("undo"));
    let exists_only_in_the_batch = Box::new(|connection: &Connection| {
        assert!(crate::traces::row::pk_of(connection, trace_id(1))?.is_some());
        Err(StoreError::AlreadyExists { what: "what was undone".to_owned() })
    });
    let calls = vec![start(trace(1)), exists_only_in_the_batch, undoes_everything, start(trace(2))];
    let answers = in_one_batch(&store, calls).await;
    let failed = |answer: &candor_store::Result<()>| {
        matches!(answer, Err(StoreError::Unavailable { .. } | StoreError::Backend { .. }))
    };
    assert!(answers.iter().all(failed), "{answers:?}");
    assert!(store.get_traces(&[1, 2].map(trace_id), false).await.unwrap().is_empty());
    store.start_trace(trace(1)).await.unwrap();
}

#[tokio::test]
async fn a_call_alone_in_its_batch_is_all_or_nothing_too() {
    let (store, _directory) = fresh(SqliteOptions::default());
    let fails_half_way = |connection: &Connection| {
        crate::traces::start(connection, trace(1))?;
        Err::<(), _>(StoreError::NotFound(Missing::Trace(trace_id(9))))
    };
    assert!(matches!(store.write("test", fails_half_way).await, Err(StoreError::NotFound(_))));
    let undone_half_way = |connection: &Connection| {
        crate::traces::start(connection, trace(2))?;
        connection.execute_batch("ROLLBACK").during("undo")
    };
    assert!(matches!(store.write("test", undone_half_way).await, Err(StoreError::Unavailable { .. })));
    assert!(store.get_traces(&[1, 2].map(trace_id), false).await.unwrap().is_empty());
    store.start_trace(trace(1)).await.unwrap();
}

#[tokio::test]
async fn a_full_queue_answers_at_once() {
    let (store, _directory) = fresh(SqliteOptions { queue_calls: 2, ..Default::default() });
    let blockade = Blockade::of(&store).await;
    let accepted: Vec<_> = (1..=2)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.start_trace(trace(number)).await })
        })
        .collect();
    until(|| store.queue_depth() == 2).await;
    let error = store.start_trace(trace(3)).await.unwrap_err();
    assert!(matches!(error, StoreError::Overloaded { waiting: 2, .. }) && error.is_retryable(), "{error:?}");
    blockade.lift().await;
    for call in accepted {
        call.await.unwrap().unwrap();
    }
    assert_eq!(store.queue_depth(), 0);
    store.start_trace(trace(3)).await.unwrap();
}

#[tokio::test]
async fn an_accepted_write_stands_though_its_caller_went_away() {
    let (store, _directory) = fresh(SqliteOptions::default());
    let blockade = Blockade::of(&store).await;
    let call = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.start_trace(trace(1)).await })
    };
    until(|| store.queue_depth() == 1).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    blockade.lift().await;
    until(|| store.queue_depth() == 0).await;
    store.start_trace(trace(2)).await.unwrap();
    assert!(store.trace_info(trace_id(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn closing_and_dropping_finish_what_was_accepted() {
    for dropped in [true, false] {
        let (store, directory) = fresh(SqliteOptions::default());
        let blockade = Blockade::of(&store).await;
        let calls: Vec<_> = (0..100)
            .map(|number| {
                let store = Arc::clone(&store);
                tokio::spawn(async move { store.start_trace(trace(number)).await.map(drop) })
            })
            .collect();
        until(|| store.queue_depth() == 100).await;
        if dropped {
            blockade.lift().await;
        } else {
            let closing = tokio::spawn({
                let store = Arc::clone(&store);
                async move { store.close().await }
            });
            until(|| store.queue_depth() == 0).await; // nobody can enqueue from here on
            blockade.lift().await;
            closing.await.unwrap().unwrap();
        }
        for call in calls {
            call.await.unwrap().unwrap();
        }
        drop(store);
        let store = SqliteStore::open_read_only(&file_in(&directory)).unwrap();
        assert_eq!(store.report().await.unwrap().traces, 100);
    }
}

#[tokio::test]
async fn the_log_is_copied_into_the_file_while_the_store_is_open() {
    let (store, directory) = fresh(SqliteOptions::default());
    let long = |number| TraceInfo { request_preview: Some("x".repeat(20_000)), ..trace(number) };
    for first in (0..1_200).step_by(100) {
        store.start_traces((first..first + 100).map(long).collect()).await.unwrap();
    }
    // Before the writer itself would do it, at 64 MiB.
    let file = file_in(&directory);
    until(|| std::fs::metadata(&file).unwrap().len() > 4 << 20).await;
}

#[tokio::test]
async fn a_full_disk_is_unavailable_and_hurts_nothing_that_is_stored() {
    let (store, _directory) = fresh(SqliteOptions { max_bytes: Some(1 << 20), ..Default::default() });
    let long = |number| TraceInfo { request_preview: Some("x".repeat(20_000)), ..trace(number) };
    let mut stored = 0;
    let error = loop {
        match store.start_trace(long(stored)).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
    };
    assert!(stored > 10 && matches!(error, StoreError::Unavailable { .. }) && error.is_retryable(), "{error:?}");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("full"), "{cause}");

    let answers = in_one_batch(&store, vec![start(long(1_000)), start(long(1_001))]).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(StoreError::Unavailable { .. }))), "{answers:?}");
    let report = store.report().await.unwrap();
    assert_eq!((report.traces, report.problems.len()), (stored, 0));

    let oldest = TraceSelection::Until { max_request_time: at(i64::MAX), max_traces: Some(5) };
    assert_eq!(store.delete_traces(candor_model::ExperimentId::DEFAULT, oldest).await.unwrap(), 5);
    store.start_trace(long(1_000)).await.unwrap();
}

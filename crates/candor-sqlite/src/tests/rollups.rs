//! Rollups equal a recount, whatever was written.

use std::sync::Arc;

use candor_model::{ExperimentId, TraceInfo, Value};
use candor_store::conformance::arbitrary::{Experiments, Write, data_set, writes};
use candor_store::conformance::{block_on, samples};
use candor_store::{AssessmentUpdate, NewAssessment, TraceSelection, TrackingStore, TrackingStoreExt};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use rusqlite::Connection;

use super::support::{file_in, fresh};
use crate::{SqliteOptions, SqliteStore, functions};

#[track_caller]
fn assert_true(connection: &Connection) {
    assert_eq!(crate::rollups::differences(connection).unwrap(), 0);
}

async fn write(store: &SqliteStore, experiments: &Experiments, call: Write) {
    match call {
        Write::Start(mut infos) => {
            infos.iter_mut().for_each(|info| info.experiment_id = experiments.id(info.experiment_id));
            drop(store.start_traces(infos).await.unwrap());
        }
        Write::Spans(spans) => drop(store.log_spans(samples::batch(spans)).await),
        Write::Log(mut items) => {
            for item in &mut items {
                item.target.experiment = item.target.experiment.map(|number| experiments.id(number));
            }
            drop(store.log_assessments(items).await.unwrap());
        }
        Write::Update(trace, one, update) => {
            let (trace, one) = (samples::trace_id(trace), samples::assessment_id(one));
            drop(store.update_assessment(trace, one, update, samples::at(77)).await);
        }
        Write::DeleteAssessment(trace, one) => {
            store.delete_assessment(samples::trace_id(trace), samples::assessment_id(one)).await.unwrap();
        }
        Write::DeleteTrace(trace) => {
            let ids = TraceSelection::Ids(vec![samples::trace_id(trace)]);
            store.delete_traces(experiments.id(samples::experiment_id(1)), ids).await.unwrap();
        }
        Write::Tag(..) => {}
    }
}

#[test]
fn rollups_equal_a_recount_after_any_writes() {
    block_on(async {
        let (store, _directory) = fresh(SqliteOptions::default());
        let experiments = Experiments::create(&*store).await;
        let mut runner = TestRunner::deterministic();
        let data = data_set(50_000, 24).new_tree(&mut runner).unwrap().current();
        data.load(&*store, &experiments).await;
        for first in (1..=120).map(|sequence| sequence * 100) {
            for call in writes(first, 12).new_tree(&mut runner).unwrap().current() {
                write(&store, &experiments, call).await;
            }
            let differences = store.report().await.unwrap().rollup_differences;
            assert_eq!(differences, 0, "after sequence {first}");
        }
        assert!(store.report().await.unwrap().assessments > 200);
    });
}

#[test]
fn rollups_equal_a_recount_while_many_write() {
    block_on(async {
        let (store, _directory) = fresh(SqliteOptions::default());
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..8_u32 {
            let store = Arc::clone(&store);
            writers.spawn(async move {
                for n in 0..40 {
                    let trace = samples::trace_id(n % 10);
                    let info =
                        TraceInfo { request_time: samples::at(i64::from(n) * 600_000), ..samples::trace(n % 10) };
                    drop(store.start_trace(info).await);
                    let number = writer * 1000 + n;
                    let value =
                        if n % 2 == 0 { Value::Bool(n % 3 == 0) } else { Value::try_from(f64::from(n)).unwrap() };
                    let item = samples::superseding(number, trace, &format!("u-{}", n % 3), value);
                    drop(store.log_assessment(item).await);
                    let one = samples::assessment_id(writer * 1000 + n / 2);
                    match n % 5 {
                        0 => drop(store.delete_assessment(trace, one).await),
                        1 => {
                            let update =
                                AssessmentUpdate { name: Some("other".parse().unwrap()), ..Default::default() };
                            drop(store.update_assessment(trace, one, update, samples::at(9)).await);
                        }
                        2 => {
                            let ids = TraceSelection::Ids(vec![trace]);
                            drop(store.delete_traces(ExperimentId::DEFAULT, ids).await);
                        }
                        _ => {}
                    }
                }
            });
        }
        while let Some(done) = writers.join_next().await {
            done.unwrap();
        }
        assert_eq!(store.report().await.unwrap().rollup_differences, 0);
    });
}

#[test]
fn what_is_wrong_with_rollups_is_counted() {
    block_on(async {
        let (store, directory) = fresh(SqliteOptions::default());
        store.start_trace(samples::trace(1)).await.unwrap();
        let verdict: NewAssessment = samples::verdict(1, samples::trace_id(1), "ann", true);
        store.log_assessment(verdict).await.unwrap();
        store.close().await.unwrap();
        drop(store);
        let connection = Connection::open(file_in(&directory)).unwrap();
        functions::register(&connection).unwrap();
        assert_true(&connection);
        connection.execute_batch("UPDATE feedback_periods SET verdicts = 2; DELETE FROM trace_periods").unwrap();
        let differences = crate::rollups::differences(&connection).unwrap();
        assert_eq!(differences, 6, "of day and hour each two rows differ, one is missing");
    });
}

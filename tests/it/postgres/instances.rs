//! Several processes on one database.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use candor_model::{AssessmentBody, AssessmentId, ExperimentId, Source, SourceType, TraceInfo, Value};
use candor_postgres::PostgresStore;
use candor_store::conformance::block_on;
use candor_store::conformance::samples::{at, trace_id, trace_of_request};
use candor_store::{
    NewAssessment, StatsQuery, Target, TargetRef, TimeAxis, TimeRange, TrackingStore, TrackingStoreExt, WhenMissing,
};
use candor_tests::{Candor, Postgres};
use tokio::task::JoinSet;

use super::{assert_counts_are_true, connect};

const INSTANCES: usize = 4;
const CLIENTS: u32 = 32;
const TRACES: u32 = 20;
const PERSONS: u32 = 5;
/// Verdicts that each client gives.
const VERDICTS: u32 = 60;

async fn instances(url: &str) -> Vec<Arc<PostgresStore>> {
    let mut stores = Vec::new();
    for _ in 0..INSTANCES {
        stores.push(Arc::new(connect(url).await));
    }
    stores
}

/// A verdict that replaces the person's last one; every third finds its trace by the app's own id.
fn verdict(trace: u32, person: u32, positive: bool) -> NewAssessment {
    let target = match (trace + person) % 3 {
        0 => {
            let request = TargetRef::ClientRequest(request_of(trace).parse().unwrap());
            Target { refs: vec![request], experiment: None }
        }
        _ => trace_id(trace).into(),
    };
    let body = AssessmentBody::feedback(Value::Bool(positive));
    let source = Source::human(&format!("person-{person}")).unwrap();
    let mut verdict = NewAssessment::new(target, "thumbs".parse().unwrap(), source, body, at(trace as i64));
    verdict.supersede = true;
    verdict.when_missing = WhenMissing::Hold;
    verdict
}

fn request_of(trace: u32) -> String {
    format!("request-{trace}")
}

fn started(trace: u32) -> TraceInfo {
    let mut info = trace_of_request(trace, &request_of(trace));
    info.request_time = at(trace as i64);
    info
}

#[test]
fn conflicting_verdicts_through_four_processes_leave_one_each() {
    let server = Postgres::start();
    let url = server.database();
    block_on(async {
        let stores = instances(&url).await;
        for trace in 0..TRACES {
            stores[0].start_trace(started(trace)).await.unwrap();
        }
        let listener = {
            let store = Arc::clone(&stores[1]);
            tokio::spawn(async move { all_arrivals(&store, (CLIENTS * VERDICTS) as usize).await })
        };
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let store = Arc::clone(&stores[client as usize % INSTANCES]);
            clients.spawn(async move {
                let mut ids = Vec::new();
                for turn in 0..VERDICTS {
                    let mixed = client.wrapping_mul(31).wrapping_add(turn * 17);
                    let verdict = verdict(mixed % TRACES, mixed / TRACES % PERSONS, turn % 2 == 0);
                    ids.push(verdict.id);
                    store.log_assessment(verdict).await.unwrap();
                }
                ids
            });
        }
        let acknowledged: HashSet<AssessmentId> = clients.join_all().await.into_iter().flatten().collect();

        let ids: Vec<_> = (0..TRACES).map(trace_id).collect();
        let traces = stores[3].get_traces(&ids, false).await.unwrap();
        let all: Vec<_> = traces.iter().flat_map(|trace| &trace.info.assessments).collect();
        assert_eq!(all.iter().map(|verdict| verdict.id).collect::<HashSet<_>>(), acknowledged);
        let valid: Vec<_> = all.iter().filter(|verdict| verdict.valid).collect();
        let opinions: HashSet<_> =
            valid.iter().map(|verdict| (verdict.trace_id, verdict.source.source_id.clone())).collect();
        assert_eq!(opinions.len(), valid.len(), "some person counts twice");
        assert_eq!(opinions.len(), (TRACES * PERSONS) as usize, "some person does not count");

        let query = StatsQuery {
            experiments: None,
            range: TimeRange::default(),
            axis: TimeAxis::Trace,
            source_types: vec![SourceType::Human],
        };
        let stats = stores[2].feedback_stats(&query).await.unwrap();
        assert_eq!((stats.traces, stats.traces_with_feedback), (TRACES.into(), TRACES.into()));
        assert_eq!(stats.names[0].count, u64::from(TRACES * PERSONS));
        assert_counts_are_true(&stores[0]).await;

        let told = tokio::time::timeout(Duration::from_secs(30), listener).await.unwrap().unwrap();
        assert_eq!(told.iter().copied().collect::<HashSet<_>>(), acknowledged);
        assert_eq!(told.len(), acknowledged.len(), "some feedback was told twice");
    });
}

/// Reads on whenever another process has committed feedback, until so many have come.
async fn all_arrivals(store: &PostgresStore, count: usize) -> Vec<AssessmentId> {
    let (mut told, mut last) = (Vec::new(), 0);
    while told.len() < count {
        store.feedback_arrived(last).await.unwrap();
        let arrivals = store.feedback_since(Some(last), 50).await.unwrap();
        assert!(arrivals.items.windows(2).all(|pair| pair[0].number < pair[1].number));
        told.extend(arrivals.items.iter().map(|arrival| arrival.feedback.id));
        last = arrivals.next;
    }
    told
}

/// Verdicts and their traces race through different processes: whoever is first, they meet.
#[test]
fn verdicts_find_traces_that_land_through_another_process() {
    let server = Postgres::start();
    let url = server.database();
    block_on(async {
        let stores = instances(&url).await;
        let mut calls = JoinSet::new();
        for trace in 0..200 {
            let (one, other) = (Arc::clone(&stores[trace % INSTANCES]), Arc::clone(&stores[(trace + 1) % INSTANCES]));
            let trace = trace as u32;
            calls.spawn(async move { other.log_assessment(verdict(trace, 1, true)).await.map(drop) });
            calls.spawn(async move { one.start_trace(started(trace)).await.map(drop) });
        }
        for outcome in calls.join_all().await {
            outcome.unwrap();
        }
        let ids: Vec<_> = (0..200).map(trace_id).collect();
        for trace in stores[0].get_traces(&ids, false).await.unwrap() {
            assert_eq!(trace.info.assessments.len(), 1, "the verdict on {} is missing", trace.info.trace_id);
        }
        assert_eq!(stores[0].report().await.unwrap().pending, 0);
        assert_counts_are_true(&stores[0]).await;
    });
}

#[test]
fn servers_that_start_together_make_one_schema() {
    let server = Postgres::start();
    let url = server.database();
    let servers = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..INSTANCES).map(|_| scope.spawn(|| Candor::builder().store(&url).start())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect::<Vec<_>>()
    });
    block_on(async {
        let store = connect(&url).await;
        store.start_trace(TraceInfo::new(trace_id(1), ExperimentId::DEFAULT, at(0))).await.unwrap();
    });
    for candor in servers {
        let found = candor.get(&format!("/api/3.0/mlflow/traces/{}", trace_id(1)));
        assert_eq!(found.status(), 200, "{}", found.text().unwrap());
    }
}

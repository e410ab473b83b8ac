//! What the cases share.

use candor_filter::TraceFilter;
use candor_model::{Assessment, AssessmentId, Experiment, ExperimentId, Span, Trace, TraceId, TraceInfo};

use crate::{
    DynTrackingStore, ExperimentKey, Logged, NewAssessment, NewExperiment, StoreError, Target, TargetRef, TraceQuery,
    TrackingStoreExt,
};

pub(super) async fn create(store: &DynTrackingStore, new: NewExperiment) -> ExperimentId {
    store.create_experiment(new).await.unwrap()
}

pub(super) async fn experiment(store: &DynTrackingStore, id: ExperimentId) -> Experiment {
    store.get_experiment(&ExperimentKey::Id(id)).await.unwrap().expect_there("experiment")
}

pub(super) async fn start(store: &DynTrackingStore, info: TraceInfo) -> TraceInfo {
    store.start_trace(info).await.unwrap()
}

/// Starts several traces, all of which must be accepted.
pub(super) async fn start_all(store: &DynTrackingStore, infos: Vec<TraceInfo>) {
    for answer in store.start_traces(infos).await.unwrap() {
        answer.unwrap();
    }
}

pub(super) async fn info(store: &DynTrackingStore, id: TraceId) -> TraceInfo {
    store.trace_info(id).await.unwrap().expect_there("trace")
}

pub(super) async fn trace(store: &DynTrackingStore, id: TraceId) -> Trace {
    store.get_traces(&[id], true).await.unwrap().pop().expect_there("trace")
}

pub(super) async fn spans(store: &DynTrackingStore, id: TraceId) -> Vec<Span> {
    trace(store, id).await.spans
}

/// Logs an assessment that must be new and find its trace.
pub(super) async fn log(store: &DynTrackingStore, item: NewAssessment) -> Assessment {
    match store.log_assessment(item).await.unwrap() {
        Logged::Created(assessment) => assessment,
        other => panic!("it should have been created: {other:?}"),
    }
}

/// Logs an assessment that must be refused.
pub(super) async fn refused(store: &DynTrackingStore, item: NewAssessment) -> StoreError {
    store.log_assessment(item).await.unwrap_err()
}

/// The ids of a trace's valid assessments, in the order in which they stand.
pub(super) async fn valid(store: &DynTrackingStore, id: TraceId) -> Vec<AssessmentId> {
    let assessments = info(store, id).await.assessments;
    assessments.into_iter().filter(|assessment| assessment.valid).map(|assessment| assessment.id).collect()
}

/// The ids of a trace's assessments, in the order in which they stand.
pub(super) async fn logged(store: &DynTrackingStore, id: TraceId) -> Vec<AssessmentId> {
    info(store, id).await.assessments.into_iter().map(|assessment| assessment.id).collect()
}

/// A search in the default experiment, in pages of 100.
pub(super) fn query(filter: &str) -> TraceQuery {
    TraceQuery {
        experiments: vec![ExperimentId::DEFAULT],
        filter: TraceFilter::parse(filter).unwrap_or_else(|error| panic!("{error}\n{}", error.pointer())),
        order_by: Vec::new(),
        max_results: 100,
        page_token: None,
    }
}

/// The ids of all traces that a query finds, page by page.
pub(super) async fn all_ids(store: &DynTrackingStore, mut query: TraceQuery) -> Vec<TraceId> {
    let mut ids = Vec::new();
    loop {
        let page = store.search_traces(&query).await.unwrap();
        assert!(
            page.items.len() <= query.max_results,
            "{} traces on a page of {}",
            page.items.len(),
            query.max_results
        );
        assert!(query.page_token.is_none() || !page.items.is_empty(), "a token leads to an empty page");
        for info in &page.items {
            assert!(!ids.contains(&info.trace_id), "{} is shown twice", info.trace_id);
            ids.push(info.trace_id);
        }
        match page.next_page_token {
            Some(token) => query.page_token = Some(token),
            None => return ids,
        }
    }
}

/// The traces of the default experiment that fulfil the filter.
pub(super) async fn found(store: &DynTrackingStore, filter: &str) -> Vec<TraceId> {
    all_ids(store, query(filter)).await
}

/// An entry of a map of texts.
pub(super) fn owned((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

/// A target of one id, to be looked for everywhere.
pub(super) fn by(reference: TargetRef) -> Target {
    Target { refs: vec![reference], experiment: None }
}

/// A target of one client request id.
pub(super) fn by_request(id: &str) -> Target {
    by(TargetRef::ClientRequest(id.parse().unwrap()))
}

/// Makes calls from as many threads at once, and returns their answers in order.
pub(super) fn in_parallel<T: Send>(threads: usize, call: impl AsyncFn(usize) -> T + Sync) -> Vec<T> {
    let runtime = tokio::runtime::Handle::current();
    let start = std::sync::Barrier::new(threads);
    let (runtime, start, call) = (&runtime, &start, &call);
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let run = |n| {
                scope.spawn(move || {
                    start.wait();
                    runtime.block_on(call(n))
                })
            };
            let running: Vec<_> = (0..threads).map(run).collect();
            running.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    })
}

pub(super) trait ExpectThere<T> {
    fn expect_there(self, what: &str) -> T;
}

impl<T> ExpectThere<T> for Option<T> {
    #[track_caller]
    fn expect_there(self, what: &str) -> T {
        self.unwrap_or_else(|| panic!("the {what} should be there"))
    }
}

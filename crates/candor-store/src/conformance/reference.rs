//! Random questions and random writes, answered by the back end and by [`MemoryStore`].

use std::fmt::Debug;

use candor_model::{AssessmentId, AssessmentKind, SourceType, Trace, TraceId};
use proptest::prelude::Strategy;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use tokio::runtime::Handle;

use super::arbitrary::{DataSet, Experiments, Write, data_set, trace_query, writes};
use super::gaps::{fit_body, fit_data, fitting_spans, gaps, kept_assessment, kept_info, kept_logged, kept_trace};
use super::samples::{self, at};
use super::support::all_ids;
use crate::{
    DynTrackingStore, FeedbackStats, MemoryStore, NewAssessment, PendingQuery, StatsQuery, StoreError, TagChange,
    Target, TimeAxis, TimeRange, TraceQuery, TraceSelection, TrackingStore, WhenMissing, stats,
};

const DATA_SETS: u32 = 4;
const TRACES: u32 = 24;

/// Every filter and order finds the same traces in the same order as in the reference, across pages.
pub async fn filter_matches_reference(store: &DynTrackingStore) {
    let pair = Pair::new(store).await;
    let mut runner = runner(cases());
    for first in (0..DATA_SETS).map(|set| set * 100) {
        let data = pair.load(first, &mut runner).await;
        run(&mut runner, &trace_query(first), async |query| {
            let expected = all_ids(&pair.reference, pair.in_reference(&query)).await;
            let got = all_ids(store, pair.in_store(&query)).await;
            if got == expected {
                return Ok(());
            }
            let differs = |id: &&TraceId| got.contains(id) != expected.contains(id);
            let traces = pair.reference.get_traces(&data.trace_ids(), true).await.unwrap();
            let first = got.iter().chain(&expected).find(differs);
            let first = traces.iter().find(|trace| Some(&trace.info.trace_id) == first);
            Err(format!("filter: {}\n got {got:?}\nnot {expected:?}\nfirst difference: {first:#?}", query.filter))
        });
    }
}

/// Counts equal those of the reference, and those of a walk through every page.
pub async fn stats_match_reference(store: &DynTrackingStore) {
    let pair = Pair::new(store).await;
    let mut runner = runner(1);
    for first in (0..DATA_SETS).map(|set| set * 100) {
        pair.load(first, &mut runner).await;
        for (from, until) in [(None, None), (Some(1), None), (None, Some(3)), (Some(1), Some(2)), (Some(2), Some(2))] {
            for (axis, experiment) in [TimeAxis::Trace, TimeAxis::Feedback].into_iter().zip([None, Some(1)]) {
                let query = |experiments: &Experiments| StatsQuery {
                    experiments: experiment.map(|number| vec![experiments.id(samples::experiment_id(number))]),
                    range: TimeRange { from: from.map(at), until: until.map(at) },
                    axis,
                    source_types: vec![SourceType::Human, SourceType::LlmJudge],
                };
                let own = query(&pair.ours);
                let got = store.feedback_stats(&own).await.unwrap();
                let expected = pair.reference.feedback_stats(&query(&pair.theirs)).await.unwrap();
                assert_same_counts(&got, &expected);
                assert_same_counts(&got, &stats::by_paging(store, &own).await.unwrap());
            }
        }
    }
}

/// Whatever is written in whatever order, answers and contents equal those of the reference.
pub async fn writes_match_reference(store: &DynTrackingStore) {
    let pair = Pair::new(store).await;
    let mut runner = runner(1);
    // Every sequence has ids of its own, since a store cannot be emptied; hence no shrinking.
    for first in (1..=cases().div_ceil(4)).map(|sequence| sequence * 100) {
        let calls = writes(first, 12).new_tree(&mut runner).unwrap().current();
        for (step, call) in calls.iter().enumerate() {
            let got = pair.write(store, &pair.ours, call).await;
            let expected = pair.write(&pair.reference, &pair.theirs, call).await;
            assert_eq!(got, expected, "call {step} of {calls:#?}");
        }
        let ids: Vec<TraceId> = (first..first + 3).map(samples::trace_id).collect();
        let kept = |(traces, held): (Vec<Trace>, Vec<String>)| {
            (traces.into_iter().map(|trace| kept_trace(trace, gaps(store))).collect::<Vec<_>>(), held)
        };
        let got = kept(contents(store, &pair.ours, &ids).await);
        let expected = kept(contents(&pair.reference, &pair.theirs, &ids).await);
        assert_eq!(got, expected, "after {calls:#?}");
    }
}

/// The back end and the reference, which are given the same.
struct Pair<'a> {
    store: &'a DynTrackingStore,
    reference: MemoryStore,
    ours: Experiments,
    theirs: Experiments,
}

impl<'a> Pair<'a> {
    async fn new(store: &'a DynTrackingStore) -> Self {
        let reference = MemoryStore::new();
        let (ours, theirs) = (Experiments::create(store).await, Experiments::create(&reference).await);
        Self { store, reference, ours, theirs }
    }

    /// Fills both with the same random data, and holds what they made of it against each other.
    async fn load(&self, first: u32, runner: &mut TestRunner) -> DataSet {
        let mut data = data_set(first, TRACES).new_tree(runner).unwrap().current();
        fit_data(&mut data, gaps(self.store));
        data.load(self.store, &self.ours).await;
        data.load(&self.reference, &self.theirs).await;
        let ids = data.trace_ids();
        let got = traces(self.store, &self.ours, &ids).await;
        let expected = traces(&self.reference, &self.theirs, &ids).await;
        for (got, expected) in got.iter().zip(&expected) {
            let kept = |trace: &Trace| kept_trace(trace.clone(), gaps(self.store));
            assert_eq!(kept(got), kept(expected));
        }
        assert_eq!(got.len(), expected.len());
        data
    }

    fn in_store(&self, query: &TraceQuery) -> TraceQuery {
        in_experiments(query, &self.ours)
    }

    fn in_reference(&self, query: &TraceQuery) -> TraceQuery {
        in_experiments(query, &self.theirs)
    }

    /// What the store answers, with the words of its errors left out.
    async fn write(&self, store: &DynTrackingStore, experiments: &Experiments, call: &Write) -> Vec<String> {
        let gaps = gaps(self.store);
        match call.clone() {
            Write::Start(mut infos) => {
                infos.iter_mut().for_each(|info| info.experiment_id = experiments.id(info.experiment_id));
                for info in &mut infos {
                    let trace = info.trace_id;
                    info.assessments.retain(|embedded| !gaps.ids_by_trace || own_trace(embedded.id) == trace);
                    info.assessments.iter_mut().for_each(|embedded| fit_body(&mut embedded.body, gaps));
                }
                let answers = store.start_traces(infos).await.unwrap();
                let kept = |info| kept_info(experiments.numbered(info), gaps);
                answers.into_iter().map(|answer| shown(answer.map(kept))).collect()
            }
            Write::Spans(spans) => {
                let batch = samples::batch(fitting_spans(spans, gaps));
                vec![shown(store.log_spans(batch).await)]
            }
            Write::Log(items) => {
                let items = items.into_iter().map(|item| self.fitting(item, experiments)).collect();
                let answers = store.log_assessments(items).await.unwrap().into_iter();
                answers.map(|answer| shown(answer.map(|logged| kept_logged(logged, gaps)))).collect()
            }
            Write::Update(trace, one, update) => {
                let (trace, one) = (samples::trace_id(trace), samples::assessment_id(one));
                let known = store.get_assessment(trace, one).await;
                if gaps.fixed_issues && known.is_ok_and(|known| known.body.kind() == AssessmentKind::Issue) {
                    return Vec::new();
                }
                let answer = store.update_assessment(trace, one, update, at(77)).await;
                vec![shown(answer.map(|updated| kept_assessment(updated, gaps)))]
            }
            Write::DeleteAssessment(trace, one) => {
                vec![shown(store.delete_assessment(samples::trace_id(trace), samples::assessment_id(one)).await)]
            }
            Write::DeleteTrace(trace) => {
                let ids = TraceSelection::Ids(vec![samples::trace_id(trace)]);
                vec![shown(store.delete_traces(experiments.id(samples::experiment_id(1)), ids).await)]
            }
            Write::Tag(trace, key, value) => {
                let change = match value {
                    Some(value) => TagChange::Set { key, value },
                    None => TagChange::Delete { key: key.as_str().into() },
                };
                vec![shown(store.update_trace_tag(samples::trace_id(trace), change).await)]
            }
        }
    }

    /// The same for every store: what the back end cannot hold is not asked of the reference either.
    fn fitting(&self, mut item: NewAssessment, experiments: &Experiments) -> NewAssessment {
        fit_body(&mut item.body, gaps(self.store));
        let experiment = item.target.experiment.map(|number| experiments.id(number));
        let holds = self.store.capabilities().holds_feedback;
        let target = match gaps(self.store).ids_by_trace {
            true => own_trace(item.id).into(),
            false => Target { experiment, ..item.target },
        };
        NewAssessment { target, when_missing: if holds { item.when_missing } else { WhenMissing::Fail }, ..item }
    }
}

/// The trace that all assessments of that id are about, when only their trace tells who has the id.
fn own_trace(id: AssessmentId) -> TraceId {
    let [.., a, b, c, d] = *id.as_bytes();
    let number = u32::from_be_bytes([a, b, c, d]);
    samples::trace_id(number / 100 * 100 + number % 3)
}

fn in_experiments(query: &TraceQuery, experiments: &Experiments) -> TraceQuery {
    let ids = query.experiments.iter().map(|number| experiments.id(*number)).collect();
    TraceQuery { experiments: ids, ..query.clone() }
}

async fn traces(store: &DynTrackingStore, experiments: &Experiments, ids: &[TraceId]) -> Vec<Trace> {
    let traces = store.get_traces(ids, true).await.unwrap();
    traces.into_iter().map(|trace| Trace { info: experiments.numbered(trace.info), ..trace }).collect()
}

/// The traces, and the ids of all verdicts on hold.
async fn contents(store: &DynTrackingStore, experiments: &Experiments, ids: &[TraceId]) -> (Vec<Trace>, Vec<String>) {
    let mut query = PendingQuery::all(100);
    let mut held = Vec::new();
    loop {
        let page = store.pending_feedback(&query).await.unwrap();
        held.extend(page.items.iter().map(|held| held.item.id.to_string()));
        query.page_token = page.next_page_token;
        if query.page_token.is_none() {
            return (traces(store, experiments, ids).await, held);
        }
    }
}

fn shown<T: Debug>(answer: Result<T, StoreError>) -> String {
    let kind = match answer {
        Ok(answer) => return format!("{answer:?}"),
        Err(StoreError::NotFound(_)) => "not found",
        Err(StoreError::AlreadyExists { .. }) => "already exists",
        Err(StoreError::Invalid { .. }) => "invalid",
        Err(StoreError::Ambiguous { .. }) => "ambiguous",
        Err(other) => panic!("{other:?}"),
    };
    kind.to_owned()
}

#[track_caller]
fn assert_same_counts(got: &FeedbackStats, expected: &FeedbackStats) {
    let without_sums = |stats: &FeedbackStats| {
        let mut stats = stats.clone();
        stats.names.iter_mut().for_each(|row| row.sum = 0.0);
        stats
    };
    assert_eq!(without_sums(got), without_sums(expected));
    for (got, expected) in got.names.iter().zip(&expected.names) {
        let error = (got.sum - expected.sum).abs();
        assert!(error <= 1e-9 * expected.sum.abs().max(1.0), "{got:?} is not {expected:?}");
    }
}

/// Checks random values until one fails, then looks for a smaller one.
fn run<S: Strategy>(runner: &mut TestRunner, strategy: &S, check: impl AsyncFn(S::Value) -> Result<(), String>)
where
    S::Value: Clone,
{
    let handle = Handle::current();
    let outcome = tokio::task::block_in_place(|| {
        runner.run(strategy, |value| handle.block_on(check(value)).map_err(TestCaseError::fail))
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

fn runner(cases: u32) -> TestRunner {
    let seed = std::env::var("CANDOR_PROPTEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0_u64);
    let seed: Vec<u8> = seed.to_be_bytes().into_iter().cycle().take(32).collect();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
}

fn cases() -> u32 {
    std::env::var("CANDOR_PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256)
}

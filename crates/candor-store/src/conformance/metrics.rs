//! Measuring traces, spans and assessments.

use candor_model::{AnyValue, AssessmentKind, ExperimentId, keys};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::arbitrary::{Experiments, data_set};
use super::gaps::{fit_data, gaps};
use super::samples::{self, at, trace_id, verdict};
use super::support::{log, start_all};
use crate::metrics::{Aggregation, CostKind, Dimension, Metric, MetricFilter, MetricPoint, MetricsQuery, TokenKind};
use crate::{DynTrackingStore, MemoryStore, TraceLink, TrackingStore};

use Aggregation::{Avg, Count, Max, Min, Percentile, Sum};

/// Whatever is measured, by whatever it is divided, equals the reference on random data.
pub async fn metrics_match_reference(store: &DynTrackingStore) {
    let reference = MemoryStore::new();
    let (ours, theirs) = (Experiments::create(store).await, Experiments::create(&reference).await);
    let mut data = data_set(0, 24).new_tree(&mut TestRunner::deterministic()).unwrap().current();
    fit_data(&mut data, gaps(store));
    data.load(store, &ours).await;
    data.load(&reference, &theirs).await;
    load_more(store).await;
    load_more(&reference).await;
    let mut points_seen = 0;
    for query in queries() {
        let of = |experiments: &Experiments| {
            let mut ids: Vec<ExperimentId> = (0..3).map(|n| experiments.id(samples::experiment_id(n))).collect();
            ids.push(ids[0]); // named twice, measured once
            MetricsQuery { experiments: ids, ..query.clone() }
        };
        let got = store.trace_metrics(&of(&ours)).await.unwrap();
        let expected = reference.trace_metrics(&of(&theirs)).await.unwrap();
        points_seen += expected.len();
        assert_same(&got, &expected, &query);
    }
    assert!(points_seen > 200, "{points_seen} points");
}

/// The number of nothing is nothing; its mean does not exist.
pub async fn counts_of_nothing_are_zero(store: &DynTrackingStore) {
    for (metric, how, expected) in [
        (Metric::TraceCount, Count, Some(0.0)),
        (Metric::SessionCount, Count, Some(0.0)),
        (Metric::SpanCount, Count, Some(0.0)),
        (Metric::AssessmentCount, Count, Some(0.0)),
        (Metric::TraceLatency, Avg, None),
        (Metric::SpanLatency, Percentile(50.0), None),
    ] {
        let query = MetricsQuery { aggregations: vec![how], ..query(metric) };
        let points = store.trace_metrics(&query).await.unwrap();
        assert_eq!(points.first().map(|point| point.values[0]), expected, "{metric:?}");
        let divided = MetricsQuery { bucket_seconds: Some(60), ..query };
        assert_eq!(store.trace_metrics(&divided).await.unwrap(), []);
    }
}

/// What random data seldom have: tokens, costs, models, scores, linked runs.
async fn load_more(store: &DynTrackingStore) {
    let mut info = samples::trace(900);
    info.metadata.insert(keys::SESSION.to_owned(), "s-900".to_owned());
    start_all(store, vec![info, samples::trace(901)]).await;
    let spans = (1..=6).map(|n| {
        let map = |entries: [(&str, AnyValue); 3]| {
            AnyValue::KvList(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
        };
        let count = |factor: u32| AnyValue::Int(i64::from(n * factor));
        let usage = map([("input_tokens", count(10)), ("output_tokens", count(1)), ("total_tokens", count(11))]);
        let amount = |eighths: u32| AnyValue::Double(f64::from(eighths) / 8.0);
        let cost = map([("input_cost", amount(n)), ("output_cost", amount(4)), ("total_cost", amount(n + 4))]);
        let mut span = samples::root(900 + n % 2, 9000 + n);
        span.attributes.insert(keys::SPAN_TOKEN_USAGE, usage);
        span.attributes.insert(keys::SPAN_COST, cost);
        span.attributes.insert(keys::SPAN_MODEL, format!("model-{}", n % 3).as_str().into());
        span.attributes.insert(keys::SPAN_PROVIDER, "provider".into());
        span
    });
    store.log_spans(samples::batch(spans.collect())).await.unwrap();
    store.link_traces(&[trace_id(900)], TraceLink::Run("run-900".to_owned())).await.unwrap();
    for (n, value) in [(9001, "Yes"), (9002, " no\n"), (9003, "maybe")] {
        log(store, verdict(n, trace_id(900), &format!("u-{n}"), value)).await;
    }
}

fn queries() -> Vec<MetricsQuery> {
    let statistics = || vec![Sum, Avg, Min, Max, Percentile(0.0), Percentile(50.0), Percentile(99.9)];
    let mut queries = Vec::new();
    for (metric, dimensions) in [
        (Metric::TraceCount, vec![Dimension::TraceName, Dimension::TraceStatus]),
        (Metric::SessionCount, vec![]),
        (Metric::TraceLatency, vec![Dimension::TraceName]),
        (Metric::Tokens(TokenKind::Input), vec![Dimension::TraceName]),
        (Metric::Tokens(TokenKind::CacheRead), vec![]),
        (Metric::SpanCount, vec![Dimension::SpanName, Dimension::SpanType, Dimension::SpanStatus]),
        (Metric::SpanCount, vec![Dimension::SpanModel, Dimension::SpanProvider]),
        (Metric::SpanLatency, vec![Dimension::SpanName, Dimension::SpanStatus]),
        (Metric::Cost(CostKind::Input), vec![Dimension::SpanModel]),
        (Metric::Cost(CostKind::Total), vec![]),
        (Metric::AssessmentCount, vec![Dimension::AssessmentName, Dimension::AssessmentValue]),
        (Metric::AssessmentValue, vec![Dimension::AssessmentName]),
    ] {
        let counts =
            matches!(metric, Metric::TraceCount | Metric::SessionCount | Metric::SpanCount | Metric::AssessmentCount);
        let whole = MetricsQuery { aggregations: if counts { vec![Count] } else { statistics() }, ..query(metric) };
        let divided = MetricsQuery { dimensions, ..whole.clone() };
        let (from, until) = (Some(at(2)), Some(at(5)));
        queries.push(MetricsQuery { bucket_seconds: Some(1), from, until, ..divided.clone() });
        queries.push(MetricsQuery { from, until, ..whole.clone() });
        queries.push(MetricsQuery { max_results: 2, ..divided.clone() });
        queries.push(MetricsQuery { max_results: 0, ..divided.clone() });
        let filters = filters(metric);
        queries.extend(filters.into_iter().map(|filter| MetricsQuery { filters: vec![filter], ..divided.clone() }));
        queries.extend([whole, divided]);
    }
    queries
}

fn filters(metric: Metric) -> Vec<MetricFilter> {
    let entry = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let (key, value) = entry("k", "a");
    let (run_key, run) = entry(keys::SOURCE_RUN, "run-900");
    let mut filters = vec![
        MetricFilter::TraceStatus("OK".to_owned()),
        MetricFilter::TraceTag { key: key.clone(), value: value.clone() },
        MetricFilter::TraceMetadata { key, value },
        MetricFilter::TraceMetadata { key: run_key, value: run },
    ];
    if metric.is_of_spans() {
        filters.push(MetricFilter::SpanStatus("OK".to_owned()));
        filters.push(MetricFilter::SpanName("a".to_owned()));
        filters.push(MetricFilter::SpanType("LLM".to_owned()));
    }
    if metric.is_of_assessments() {
        filters.push(MetricFilter::AssessmentName("user_feedback".to_owned()));
        filters.push(MetricFilter::AssessmentKind(AssessmentKind::Expectation));
    }
    filters
}

fn query(metric: Metric) -> MetricsQuery {
    MetricsQuery {
        experiments: vec![ExperimentId::DEFAULT],
        metric,
        aggregations: vec![Count],
        dimensions: Vec::new(),
        filters: Vec::new(),
        bucket_seconds: None,
        from: None,
        until: None,
        max_results: 1000,
    }
}

#[track_caller]
fn assert_same(got: &[MetricPoint], expected: &[MetricPoint], query: &MetricsQuery) {
    let place = |point: &MetricPoint| (point.bucket, point.dimensions.clone());
    assert_eq!(got.iter().map(place).collect::<Vec<_>>(), expected.iter().map(place).collect::<Vec<_>>(), "{query:?}");
    for (got, expected) in got.iter().zip(expected) {
        for (value, wanted) in got.values.iter().zip(&expected.values) {
            let error = (value - wanted).abs();
            assert!(error <= 1e-9 * wanted.abs().max(1.0), "{got:?} is not {expected:?} for {query:?}");
        }
    }
}

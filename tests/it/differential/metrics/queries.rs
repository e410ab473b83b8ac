//! The queries: every metric with each of its aggregations, dimensions and conditions.

use serde_json::{Value, json};

const DAY_SECONDS: i64 = 86_400;

const COUNT: &[&str] = &["COUNT"];
const SPREAD: &[&str] = &["AVG", "MIN", "MAX", "PERCENTILE"];
const SPREAD_AND_SUM: &[&str] = &["AVG", "MIN", "MAX", "PERCENTILE", "SUM"];
const MODELS: &[&str] = &["span_model_name", "span_model_provider"];
const OF_SPANS: &[&str] = &["span_model_name", "span_model_provider", "span_name", "span_status", "span_type"];

/// View, metric, aggregations, dimensions.
type Metric = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const METRICS: &[Metric] = &[
    ("TRACES", "trace_count", COUNT, &["trace_name", "trace_status"]),
    ("TRACES", "session_count", COUNT, &[]),
    ("TRACES", "latency", SPREAD, &["trace_name"]),
    ("TRACES", "input_tokens", SPREAD_AND_SUM, &["trace_name"]),
    ("TRACES", "output_tokens", SPREAD_AND_SUM, &["trace_name"]),
    ("TRACES", "total_tokens", SPREAD_AND_SUM, &["trace_name"]),
    ("TRACES", "cache_read_input_tokens", SPREAD_AND_SUM, &["trace_name"]),
    ("TRACES", "cache_creation_input_tokens", SPREAD_AND_SUM, &["trace_name"]),
    ("SPANS", "span_count", COUNT, OF_SPANS),
    ("SPANS", "latency", SPREAD, &["span_name", "span_status"]),
    ("SPANS", "input_cost", SPREAD_AND_SUM, MODELS),
    ("SPANS", "output_cost", SPREAD_AND_SUM, MODELS),
    ("SPANS", "total_cost", SPREAD_AND_SUM, MODELS),
    ("ASSESSMENTS", "assessment_count", COUNT, &["assessment_name", "assessment_value"]),
    ("ASSESSMENTS", "assessment_value", SPREAD, &["assessment_name"]),
];

/// The view to which a condition belongs, or all, and the condition.
const CONDITIONS: &[(Option<&str>, &str)] = &[
    (None, "trace.status = 'OK'"),
    (None, "trace.status = 'ERROR'"),
    (None, "trace.status = \"no such\""),
    (None, "trace.tag.k = 'a'"),
    (None, "trace.tag.`odd key-1` = 'a'"),
    (None, "trace.tag.mlflow.traceName = 'a'"),
    (None, "trace.metadata.`mlflow.trace.session` = 'x-1'"),
    (None, "trace.metadata.mlflow.trace.session = 's-1'"),
    (None, "trace.tag.mlflow.traceName = 'answer'"),
    (Some("SPANS"), "span.name = 'a'"),
    (Some("SPANS"), "span.status = 'OK'"),
    (Some("SPANS"), "span.type = 'LLM'"),
    (Some("ASSESSMENTS"), "assessment.name = 'user_feedback'"),
    (Some("ASSESSMENTS"), "assessment.type = 'feedback'"),
    (Some("ASSESSMENTS"), "assessment.type = 'expectation'"),
];

/// What MLflow answers.
pub(super) fn valid() -> Vec<Value> {
    METRICS.iter().flat_map(of_metric).collect()
}

fn of_metric(&(view, name, aggregations, dimensions): &Metric) -> Vec<Value> {
    let aggregations: Vec<Value> = aggregations.iter().flat_map(|kind| aggregations_of(kind)).collect();
    let plain = json!({
        "experiment_ids": ["0", "1", "2"], "view_type": view, "metric_name": name, "aggregations": aggregations,
    });
    let with = |changes: Value| {
        let mut query = plain.clone();
        for (key, value) in changes.as_object().into_iter().flatten() {
            query[key] = value.clone();
        }
        query
    };
    let mut queries = vec![
        plain.clone(),
        with(json!({"experiment_ids": ["1"]})),
        with(json!({"experiment_ids": ["424242"]})),
        with(json!({"dimensions": dimensions})),
        with(json!({"dimensions": dimensions, "max_results": 2})),
    ];
    queries.extend(dimensions.iter().map(|dimension| with(json!({"dimensions": [dimension]}))));
    for seconds in [1, 60, 3600, 7 * 3600, DAY_SECONDS, 7 * DAY_SECONDS, 30 * DAY_SECONDS] {
        let period =
            json!({"time_interval_seconds": seconds, "start_time_ms": 0, "end_time_ms": 4_000_000_000_000_i64});
        queries.push(with(period.clone()));
        let mut grouped = with(period);
        grouped["dimensions"] = json!(dimensions);
        queries.push(grouped);
    }
    let fitting = CONDITIONS.iter().filter(|(of, _)| of.is_none_or(|of| of == view)).map(|(_, text)| *text);
    queries.extend(fitting.map(|text| with(json!({"filters": [text], "dimensions": dimensions}))));
    queries.push(with(json!({"filters": ["trace.status = 'OK'", "trace.tag.k = 'a'"]})));
    queries
}

fn aggregations_of(kind: &str) -> Vec<Value> {
    match kind {
        "PERCENTILE" => [0.0, 12.5, 50.0, 90.0, 99.9, 100.0]
            .iter()
            .map(|percent| json!({"aggregation_type": kind, "percentile_value": percent}))
            .collect(),
        _ => vec![json!({"aggregation_type": kind})],
    }
}

/// What MLflow refuses.
pub(super) fn invalid() -> Vec<Value> {
    let query = |changes: Value| {
        let mut query = json!({
            "experiment_ids": ["0"], "view_type": "TRACES", "metric_name": "trace_count",
            "aggregations": [{"aggregation_type": "COUNT"}],
        });
        for (key, value) in changes.as_object().into_iter().flatten() {
            query[key] = value.clone();
        }
        query
    };
    let filter = |text: &str| query(json!({"filters": [text]}));
    vec![
        json!({}),
        query(json!({"metric_name": "no_such"})),
        query(json!({"view_type": "SPANS"})),
        query(json!({"view_type": "ASSESSMENTS", "metric_name": "latency"})),
        query(json!({"aggregations": [{"aggregation_type": "SUM"}, {"aggregation_type": "AVG"}]})),
        query(json!({"dimensions": ["no_such", "trace_name", "also_not"]})),
        query(json!({"metric_name": "latency", "aggregations": [{"aggregation_type": "SUM"}]})),
        query(json!({"time_interval_seconds": 60})),
        query(json!({"time_interval_seconds": 60, "start_time_ms": 0})),
        filter("trace.status != 'OK'"),
        filter("trace.status LIKE 'O%'"),
        filter("trace.no_such = 'x'"),
        filter("trace.tag = 'x'"),
        filter("trace.status.more = 'x'"),
        filter("span.name = 'x'"),
        filter("assessment.name = 'x'"),
        filter("nothing.name = 'x'"),
        filter("status = 'x'"),
        filter("trace.status = 5"),
    ]
}

/// What MLflow answers with 500, which its client repeats for minutes.
pub(super) fn crashing() -> Vec<Value> {
    [json!(null), json!(-1), json!(100.5)]
        .into_iter()
        .map(|percent| {
            json!({
                "experiment_ids": ["0"], "view_type": "TRACES", "metric_name": "latency",
                "aggregations": [{"aggregation_type": "PERCENTILE", "percentile_value": percent}],
            })
        })
        .collect()
}

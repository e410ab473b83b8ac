//! Figures that the server's trace-metrics query has, where it counts as the trait says.
//!
//! It does not for assessments: withdrawn ones count there.

use std::collections::BTreeMap;

use candor_model::{ExperimentId, TimestampMs};
use candor_store::Result;
use candor_store::metrics::{Aggregation, Dimension, Metric, MetricFilter, MetricPoint, MetricsQuery};
use candor_wire::scalar::parse_timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::MlflowStore;
use crate::client::Repeat;

impl MlflowStore {
    /// What the server measures; `None` when it has to be measured here.
    pub(super) async fn measured(&self, query: &MetricsQuery) -> Result<Option<Vec<MetricPoint>>> {
        let Some(request) = request(query) else { return Ok(None) };
        let points = self.points(&request).await?;
        Ok(points.and_then(|points| {
            let mut points: Vec<MetricPoint> =
                points.into_iter().map(|point| point.read(query)).collect::<Option<_>>()?;
            points.sort_by(|a, b| (a.bucket, &a.dimensions).cmp(&(b.bucket, &b.dimensions)));
            Some(points)
        }))
    }

    /// How many traces there are in a period, both ends inside.
    pub(super) async fn count_traces(
        &self,
        experiments: &[ExperimentId],
        from: Option<TimestampMs>,
        until: Option<TimestampMs>,
    ) -> Result<Option<u64>> {
        let query = MetricsQuery {
            experiments: experiments.to_vec(),
            metric: Metric::TraceCount,
            aggregations: vec![Aggregation::Count],
            dimensions: Vec::new(),
            filters: Vec::new(),
            bucket_seconds: None,
            from,
            until,
            max_results: 1,
        };
        let points = self.measured(&query).await?;
        Ok(points.and_then(|points| points.first()?.values.first().map(|count| *count as u64)))
    }

    /// The names of feedback that there is, and maybe of some that does not count; `None` when the
    /// server cannot tell them all.
    pub(super) async fn feedback_names(&self, experiments: &[ExperimentId]) -> Result<Option<Vec<String>>> {
        const MOST: usize = 1000;
        let request = json!({
            "experiment_ids": texts(experiments),
            "view_type": "ASSESSMENTS",
            "metric_name": "assessment_count",
            "aggregations": [{"aggregation_type": "COUNT"}],
            "dimensions": ["assessment_name"],
            "filters": ["assessment.type = 'feedback'"],
            "max_results": MOST,
        });
        let points = self.points(&request).await?.filter(|points| points.len() < MOST);
        Ok(points.map(|points| {
            points.into_iter().filter_map(|mut point| point.dimensions.remove("assessment_name")).collect()
        }))
    }

    /// `None` when the server has no such query, as old ones.
    async fn points(&self, request: &Value) -> Result<Option<Vec<Point>>> {
        let path = "/api/3.0/mlflow/traces/metrics";
        match self.client.send::<Points>(Method::POST, path, request, Repeat::Always).await {
            Ok(Points { data_points }) => Ok(Some(data_points)),
            Err(error) if error.is_unknown_route() || error.is_refused() => Ok(None),
            Err(error) => Err(error.during("measure traces")),
        }
    }
}

#[derive(Deserialize)]
struct Points {
    #[serde(default)]
    data_points: Vec<Point>,
}

#[derive(Deserialize)]
struct Point {
    #[serde(default)]
    dimensions: BTreeMap<String, String>,
    #[serde(default)]
    values: BTreeMap<String, f64>,
}

impl Point {
    fn read(mut self, query: &MetricsQuery) -> Option<MetricPoint> {
        let bucket = match query.bucket_seconds {
            Some(_) => Some(parse_timestamp(self.dimensions.get("time_bucket")?)?),
            None => None,
        };
        let texts = query.dimensions.iter().map(|dimension| self.dimensions.remove(dimension_name(*dimension)?));
        let dimensions = texts.collect::<Option<_>>()?;
        let values = query.aggregations.iter().map(|how| self.values.get(&label(*how)).copied());
        Some(MetricPoint { bucket, dimensions, values: values.collect::<Option<_>>()? })
    }
}

fn request(query: &MetricsQuery) -> Option<Value> {
    let (view, metric) = match query.metric {
        Metric::TraceCount => ("TRACES", "trace_count"),
        Metric::SessionCount => ("TRACES", "session_count"),
        Metric::TraceLatency => ("TRACES", "latency"),
        Metric::Tokens(kind) => ("TRACES", kind.as_str()),
        Metric::SpanCount => ("SPANS", "span_count"),
        Metric::SpanLatency => ("SPANS", "latency"),
        _ => return None,
    };
    let period = query.from.zip(query.until);
    if query.bucket_seconds.is_some() && period.is_none() {
        return None;
    }
    let mut request = json!({
        "experiment_ids": texts(&query.experiments),
        "view_type": view,
        "metric_name": metric,
        "aggregations": query.aggregations.iter().map(|how| aggregation(*how)).collect::<Vec<_>>(),
        "dimensions": query.dimensions.iter().map(|one| dimension_name(*one)).collect::<Option<Vec<_>>>()?,
        "filters": query.filters.iter().map(filter_text).collect::<Option<Vec<_>>>()?,
        "max_results": query.max_results,
    });
    let numbers = [
        ("time_interval_seconds", query.bucket_seconds),
        ("start_time_ms", query.from.map(TimestampMs::as_millis)),
        ("end_time_ms", query.until.map(TimestampMs::as_millis)),
    ];
    for (field, number) in numbers {
        if let Some(number) = number {
            request[field] = json!(number);
        }
    }
    Some(request)
}

fn texts(experiments: &[ExperimentId]) -> Vec<String> {
    experiments.iter().map(ToString::to_string).collect()
}

fn aggregation(how: Aggregation) -> Value {
    match how {
        Aggregation::Count => json!({"aggregation_type": "COUNT"}),
        Aggregation::Sum => json!({"aggregation_type": "SUM"}),
        Aggregation::Avg => json!({"aggregation_type": "AVG"}),
        Aggregation::Min => json!({"aggregation_type": "MIN"}),
        Aggregation::Max => json!({"aggregation_type": "MAX"}),
        Aggregation::Percentile(share) => json!({"aggregation_type": "PERCENTILE", "percentile_value": share}),
    }
}

fn label(how: Aggregation) -> String {
    match how {
        Aggregation::Count => "COUNT".to_owned(),
        Aggregation::Sum => "SUM".to_owned(),
        Aggregation::Avg => "AVG".to_owned(),
        Aggregation::Min => "MIN".to_owned(),
        Aggregation::Max => "MAX".to_owned(),
        Aggregation::Percentile(share) => format!("P{share:?}"), // as Python writes it
    }
}

fn dimension_name(dimension: Dimension) -> Option<&'static str> {
    Some(match dimension {
        Dimension::TraceName => "trace_name",
        Dimension::TraceStatus => "trace_status",
        Dimension::SpanName => "span_name",
        Dimension::SpanType => "span_type",
        Dimension::SpanStatus => "span_status",
        _ => return None,
    })
}

/// `None` for what the server reads otherwise: runs that are linked, and quotes of both kinds.
fn filter_text(filter: &MetricFilter) -> Option<String> {
    let (field, value) = match filter {
        MetricFilter::TraceStatus(value) => ("trace.status".to_owned(), value),
        MetricFilter::TraceTag { key, value } => (format!("trace.tag.{}", plain(key)?), value),
        MetricFilter::TraceMetadata { key, value } => (format!("trace.metadata.{}", plain(key)?), value),
        MetricFilter::SpanName(value) => ("span.name".to_owned(), value),
        MetricFilter::SpanType(value) => ("span.type".to_owned(), value),
        MetricFilter::SpanStatus(value) => ("span.status".to_owned(), value),
        MetricFilter::AssessmentName(_) | MetricFilter::AssessmentKind(_) => return None,
    };
    let plain_value = !value.contains(['\'', '"', '\\', '\n']);
    plain_value.then(|| format!("{field} = '{value}'"))
}

fn plain(key: &str) -> Option<&str> {
    let is_plain = key != candor_model::keys::SOURCE_RUN
        && key.split('.').all(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()))
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    is_plain.then_some(key)
}

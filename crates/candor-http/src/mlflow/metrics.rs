//! `POST /api/3.0/mlflow/traces/metrics`

mod filter;
mod names;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use candor_model::{TimestampMs, Value};
use candor_store::metrics::{Aggregation, MetricPoint, MetricsQuery};
use candor_wire::requests::{AggregationType, MetricAggregation, QueryTraceMetrics};
use candor_wire::responses::{MetricDataPoint, MetricPoints};
use candor_wire::scalar::format_timestamp;

use self::names::Known;
use super::error::MlflowError;
use super::extract::Body;
use crate::ApiState;

const DEFAULT_MAX_RESULTS: i64 = 1000;

pub(super) async fn query(
    State(state): State<ApiState>,
    Body(request): Body<QueryTraceMetrics>,
) -> Result<Json<MetricPoints>, MlflowError> {
    let query = read(&request)?;
    let points = state.store.trace_metrics(&query).await?;
    let labels: Vec<String> = query.aggregations.iter().map(label).collect();
    let data_points = points.into_iter().map(|point| data_point(point, &request, &labels)).collect();
    Ok(Json(MetricPoints { data_points }))
}

fn read(request: &QueryTraceMetrics) -> Result<MetricsQuery, MlflowError> {
    let known = Known::named(request.view_type, &request.metric_name)?;
    let kinds: Vec<AggregationType> = request.aggregations.iter().map(|one| one.aggregation_type).collect();
    known.check_aggregations(&kinds)?;
    let dimensions = known.dimensions(&request.dimensions)?;
    let bucket_seconds = request.time_interval_seconds.filter(|seconds| *seconds != 0);
    if bucket_seconds.is_some() && (request.start_time_ms.is_none() || request.end_time_ms.is_none()) {
        let message = "start_time_ms and end_time_ms are required if time_interval_seconds is set";
        return Err(MlflowError::invalid(message));
    }
    if bucket_seconds.is_some_and(|seconds| seconds < 0) {
        return Err(MlflowError::invalid("time_interval_seconds must not be negative"));
    }
    let max_results = request.max_results.unwrap_or(DEFAULT_MAX_RESULTS);
    Ok(MetricsQuery {
        experiments: request.experiment_ids.clone(),
        metric: known.metric,
        aggregations: request.aggregations.iter().map(aggregation).collect::<Result<_, _>>()?,
        dimensions,
        filters: request.filters.iter().map(|text| filter::parse(text, request.view_type)).collect::<Result<_, _>>()?,
        bucket_seconds,
        from: request.start_time_ms.map(TimestampMs::from_millis),
        until: request.end_time_ms.map(TimestampMs::from_millis),
        max_results: usize::try_from(max_results)
            .map_err(|_| MlflowError::invalid(format!("max_results must not be negative, got {max_results}")))?,
    })
}

fn aggregation(wanted: &MetricAggregation) -> Result<Aggregation, MlflowError> {
    Ok(match wanted.aggregation_type {
        AggregationType::Count => Aggregation::Count,
        AggregationType::Sum => Aggregation::Sum,
        AggregationType::Avg => Aggregation::Avg,
        AggregationType::Min => Aggregation::Min,
        AggregationType::Max => Aggregation::Max,
        AggregationType::Percentile => match wanted.percentile_value {
            Some(percent) if (0.0..=100.0).contains(&percent) => Aggregation::Percentile(percent),
            // MLflow answers 500, which its client repeats for minutes.
            other => {
                let got = other.map_or("nothing".to_owned(), |percent| percent.to_string());
                return Err(MlflowError::invalid(format!("percentile_value must be between 0 and 100, got {got}")));
            }
        },
    })
}

/// The label of a value, percentiles as Python writes them.
fn label(how: &Aggregation) -> String {
    match how {
        Aggregation::Count => "COUNT".to_owned(),
        Aggregation::Sum => "SUM".to_owned(),
        Aggregation::Avg => "AVG".to_owned(),
        Aggregation::Min => "MIN".to_owned(),
        Aggregation::Max => "MAX".to_owned(),
        Aggregation::Percentile(percent) => {
            format!("P{}", Value::try_from(*percent).map_or(String::new(), |percent| percent.json_text()))
        }
    }
}

fn data_point(point: MetricPoint, request: &QueryTraceMetrics, labels: &[String]) -> MetricDataPoint {
    let mut dimensions: BTreeMap<String, String> = request.dimensions.iter().cloned().zip(point.dimensions).collect();
    if let Some(bucket) = point.bucket {
        let time = format_timestamp(bucket);
        dimensions.insert("time_bucket".to_owned(), format!("{}+00:00", time.trim_end_matches('Z')));
    }
    let values = labels.iter().cloned().zip(point.values).collect();
    MetricDataPoint { metric_name: request.metric_name.clone(), dimensions, values }
}

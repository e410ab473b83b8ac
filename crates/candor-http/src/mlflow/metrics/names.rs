//! What can be measured, by MLflow's names.

use candor_store::metrics::{CostKind, Dimension, Metric, TokenKind};
use candor_wire::requests::{AggregationType, MetricView};

use crate::mlflow::error::MlflowError;

/// A metric with what it takes.
pub(super) struct Known {
    pub(super) metric: Metric,
    name: &'static str,
    aggregations: &'static [AggregationType],
    dimensions: &'static [(&'static str, Dimension)],
}

const COUNT: &[AggregationType] = &[AggregationType::Count];
/// In the order in which MLflow lists them, by name.
const SPREAD: &[AggregationType] =
    &[AggregationType::Avg, AggregationType::Max, AggregationType::Min, AggregationType::Percentile];
const SPREAD_AND_SUM: &[AggregationType] = &[
    AggregationType::Avg,
    AggregationType::Max,
    AggregationType::Min,
    AggregationType::Percentile,
    AggregationType::Sum,
];

const TRACE_NAME: &[(&str, Dimension)] = &[("trace_name", Dimension::TraceName)];
const MODELS: &[(&str, Dimension)] =
    &[("span_model_name", Dimension::SpanModel), ("span_model_provider", Dimension::SpanProvider)];

const fn known(
    name: &'static str,
    metric: Metric,
    aggregations: &'static [AggregationType],
    dimensions: &'static [(&'static str, Dimension)],
) -> Known {
    Known { metric, name, aggregations, dimensions }
}

const fn tokens(name: &'static str, kind: TokenKind) -> Known {
    known(name, Metric::Tokens(kind), SPREAD_AND_SUM, TRACE_NAME)
}

const fn cost(name: &'static str, kind: CostKind) -> Known {
    known(name, Metric::Cost(kind), SPREAD_AND_SUM, MODELS)
}

const OF_TRACES: &[Known] = &[
    known(
        "trace_count",
        Metric::TraceCount,
        COUNT,
        &[("trace_name", Dimension::TraceName), ("trace_status", Dimension::TraceStatus)],
    ),
    known("session_count", Metric::SessionCount, COUNT, &[]),
    known("latency", Metric::TraceLatency, SPREAD, TRACE_NAME),
    tokens("input_tokens", TokenKind::Input),
    tokens("output_tokens", TokenKind::Output),
    tokens("total_tokens", TokenKind::Total),
    tokens("cache_read_input_tokens", TokenKind::CacheRead),
    tokens("cache_creation_input_tokens", TokenKind::CacheCreation),
];

const OF_SPANS: &[Known] = &[
    known(
        "span_count",
        Metric::SpanCount,
        COUNT,
        &[
            ("span_model_name", Dimension::SpanModel),
            ("span_model_provider", Dimension::SpanProvider),
            ("span_name", Dimension::SpanName),
            ("span_status", Dimension::SpanStatus),
            ("span_type", Dimension::SpanType),
        ],
    ),
    known(
        "latency",
        Metric::SpanLatency,
        SPREAD,
        &[("span_name", Dimension::SpanName), ("span_status", Dimension::SpanStatus)],
    ),
    cost("input_cost", CostKind::Input),
    cost("output_cost", CostKind::Output),
    cost("total_cost", CostKind::Total),
];

const OF_ASSESSMENTS: &[Known] = &[
    known(
        "assessment_count",
        Metric::AssessmentCount,
        COUNT,
        &[("assessment_name", Dimension::AssessmentName), ("assessment_value", Dimension::AssessmentValue)],
    ),
    known("assessment_value", Metric::AssessmentValue, SPREAD, &[("assessment_name", Dimension::AssessmentName)]),
];

impl Known {
    pub(super) fn named(view: MetricView, name: &str) -> Result<&'static Self, MlflowError> {
        let all = match view {
            MetricView::Traces => OF_TRACES,
            MetricView::Spans => OF_SPANS,
            MetricView::Assessments => OF_ASSESSMENTS,
        };
        all.iter().find(|known| known.name == name).ok_or_else(|| {
            let names = list(all.iter().map(|known| known.name));
            MlflowError::invalid(format!("metric_name must be one of {names}, got '{name}'"))
        })
    }

    pub(super) fn check_aggregations(&self, wanted: &[AggregationType]) -> Result<(), MlflowError> {
        let mut invalid: Vec<&str> =
            wanted.iter().filter(|one| !self.aggregations.contains(one)).map(|one| one.as_str()).collect();
        if invalid.is_empty() {
            return Ok(());
        }
        invalid.sort_unstable();
        invalid.dedup();
        let (invalid, supported) = (list(invalid), list(self.aggregations.iter().map(|one| one.as_str())));
        Err(MlflowError::invalid(format!(
            "Found invalid aggregation_type(s): {invalid}. Supported aggregation types: {supported}"
        )))
    }

    pub(super) fn dimensions(&self, wanted: &[String]) -> Result<Vec<Dimension>, MlflowError> {
        let find = |name: &String| self.dimensions.iter().find(|(known, _)| known == name).map(|(_, found)| *found);
        if let Some(dimensions) = wanted.iter().map(find).collect() {
            return Ok(dimensions);
        }
        let mut invalid: Vec<&str> = wanted.iter().filter(|name| find(name).is_none()).map(String::as_str).collect();
        invalid.sort_unstable();
        invalid.dedup();
        let (invalid, supported) = (list(invalid), list(self.dimensions.iter().map(|(name, _)| *name)));
        Err(MlflowError::invalid(format!("Found invalid dimension(s): {invalid}. Supported dimensions: {supported}")))
    }
}

/// As Python writes a list of texts.
fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = texts.into_iter().map(|text| format!("'{text}'")).collect();
    format!("[{}]", quoted.join(", "))
}

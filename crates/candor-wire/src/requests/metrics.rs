use candor_model::ExperimentId;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::scalar::absent::{or_default, required_messages};
use crate::scalar::{number, text};

/// Asks for figures over traces, spans or assessments.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct QueryTraceMetrics {
    /// The experiments to look in; none finds nothing.
    #[serde(alias = "experimentIds", deserialize_with = "experiments")]
    pub experiment_ids: Vec<ExperimentId>,
    /// What is measured on.
    #[serde(alias = "viewType")]
    pub view_type: MetricView,
    /// What is measured.
    #[serde(alias = "metricName")]
    pub metric_name: String,
    /// How it is summed up; at least one.
    #[serde(deserialize_with = "required_messages")]
    pub aggregations: Vec<MetricAggregation>,
    /// What the figures are divided by.
    #[serde(default, deserialize_with = "or_default")]
    pub dimensions: Vec<String>,
    /// One condition each, all of which must hold.
    #[serde(default, deserialize_with = "or_default")]
    pub filters: Vec<String>,
    /// The length of the time buckets, in seconds.
    #[serde(default, alias = "timeIntervalSeconds", deserialize_with = "number::optional")]
    pub time_interval_seconds: Option<i64>,
    /// The first millisecond inside.
    #[serde(default, alias = "startTimeMs", deserialize_with = "number::optional")]
    pub start_time_ms: Option<i64>,
    /// The last millisecond inside.
    #[serde(default, alias = "endTimeMs", deserialize_with = "number::optional")]
    pub end_time_ms: Option<i64>,
    /// The most figures.
    #[serde(default, alias = "maxResults", deserialize_with = "number::optional")]
    pub max_results: Option<i64>,
}

/// How values are summed up.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct MetricAggregation {
    /// The kind.
    #[serde(default, alias = "aggregationType")]
    pub aggregation_type: AggregationType,
    /// Which percentile, 0 to 100.
    #[serde(default, alias = "percentileValue")]
    pub percentile_value: Option<f64>,
}

/// What figures are measured on; unknown names mean the first, as on MLflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "MLflow's own names")]
pub enum MetricView {
    #[default]
    Traces,
    Spans,
    Assessments,
}

/// Kinds of aggregations; unknown names mean the first, as on MLflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "MLflow's own names")]
pub enum AggregationType {
    #[default]
    Count,
    Sum,
    Avg,
    Percentile,
    Min,
    Max,
}

impl MetricView {
    /// The name that requests have.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Spans => "SPANS",
            Self::Assessments => "ASSESSMENTS",
        }
    }
}

impl AggregationType {
    /// The name that requests have.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "COUNT",
            Self::Sum => "SUM",
            Self::Avg => "AVG",
            Self::Percentile => "PERCENTILE",
            Self::Min => "MIN",
            Self::Max => "MAX",
        }
    }
}

impl<'de> Deserialize<'de> for MetricView {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all = [Self::Traces, Self::Spans, Self::Assessments];
        Ok(by_name_or_number(&NameOrNumber::deserialize(deserializer)?, &all, Self::as_str))
    }
}

impl<'de> Deserialize<'de> for AggregationType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all = [Self::Count, Self::Sum, Self::Avg, Self::Percentile, Self::Min, Self::Max];
        Ok(by_name_or_number(&NameOrNumber::deserialize(deserializer)?, &all, Self::as_str))
    }
}

/// Protobuf's JSON has enums by name or by number, from 1 on.
#[derive(Deserialize)]
#[serde(untagged)]
enum NameOrNumber {
    Name(String),
    Number(u64),
}

fn by_name_or_number<T: Copy + Default>(given: &NameOrNumber, all: &[T], name_of: fn(T) -> &'static str) -> T {
    let found = match given {
        NameOrNumber::Name(name) => all.iter().find(|one| name_of(**one) == name).copied(),
        NameOrNumber::Number(number) => {
            usize::try_from(*number).ok().and_then(|number| all.get(number.checked_sub(1)?).copied())
        }
    };
    found.unwrap_or_default()
}

/// Asks how far two filters find the same traces.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct FilterCorrelation {
    /// The experiments to look in.
    #[serde(alias = "experimentIds", deserialize_with = "experiments")]
    pub experiment_ids: Vec<ExperimentId>,
    /// One filter.
    #[serde(alias = "filterString1")]
    pub filter_string1: String,
    /// The other.
    #[serde(alias = "filterString2")]
    pub filter_string2: String,
    /// What both are looked for in.
    #[serde(default, alias = "baseFilter", deserialize_with = "text::option::deserialize")]
    pub base_filter: Option<String>,
}

fn experiments<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ExperimentId>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text::experiment_id::parse(text).map_err(D::Error::custom)).collect()
}

//! Figures over traces, spans and assessments, as MLflow's trace-metrics query has them.
//!
//! A back end selects [`Observation`]s, one per thing measured, and [`Aggregator`] makes points of
//! them; [`observe`] is what every trace yields, and the measure for back ends that select in SQL.

mod aggregate;
mod observe;

use candor_filter::{Clause, KeyTest, TextMatch, TraceFilter};
use candor_model::{AssessmentKind, ExperimentId, TimestampMs, Trace, keys};

pub use aggregate::{Aggregator, Measured, MetricPoint, Observation};
pub use observe::{Subject, issue_text, observe, score, token_count, value_text};

use crate::stats::paging::each_trace;
use crate::{Result, TrackingStore};

/// What is measured, how it is summed up, and over what.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricsQuery {
    /// The experiments.
    pub experiments: Vec<ExperimentId>,
    /// What is measured.
    pub metric: Metric,
    /// How it is summed up; each makes one value per point.
    pub aggregations: Vec<Aggregation>,
    /// What the points are divided by.
    pub dimensions: Vec<Dimension>,
    /// All must hold.
    pub filters: Vec<MetricFilter>,
    /// The length of the time buckets that divide the points, in seconds, positive; the first begins
    /// at the epoch.
    pub bucket_seconds: Option<i64>,
    /// The first millisecond inside.
    pub from: Option<TimestampMs>,
    /// The last millisecond inside.
    pub until: Option<TimestampMs>,
    /// The most points.
    pub max_results: usize,
}

/// What is measured. What has no such value is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Traces.
    TraceCount,
    /// Different sessions of traces.
    SessionCount,
    /// How long traces took, in milliseconds.
    TraceLatency,
    /// A token count of traces.
    Tokens(TokenKind),
    /// Spans.
    SpanCount,
    /// How long spans took, in milliseconds rounded towards zero.
    SpanLatency,
    /// Costs of spans in US dollars.
    Cost(CostKind),
    /// Valid assessments.
    AssessmentCount,
    /// Values of valid assessments, as [`score`] reads them.
    AssessmentValue,
}

/// A token count, named as in `mlflow.trace.tokenUsage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "MLflow's own names")]
pub enum TokenKind {
    Input,
    Output,
    Total,
    CacheRead,
    CacheCreation,
}

/// A cost, named as in `mlflow.llm.cost`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "MLflow's own names")]
pub enum CostKind {
    Input,
    Output,
    Total,
}

/// How values are summed up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aggregation {
    /// Their number.
    Count,
    /// Their sum.
    Sum,
    /// Their mean.
    Avg,
    /// The lowest.
    Min,
    /// The highest.
    Max,
    /// The value that so many per cent do not exceed, between 0 and 100; between two values it is
    /// interpolated linearly, as numpy does by default.
    Percentile(f64),
}

/// What points are divided by. What has no such text is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "MLflow's own names")]
pub enum Dimension {
    TraceName,
    TraceStatus,
    SpanName,
    SpanType,
    SpanStatus,
    SpanModel,
    SpanProvider,
    AssessmentName,
    /// The value as JSON text.
    AssessmentValue,
}

/// A condition; those on spans and assessments are for metrics of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricFilter {
    /// The trace's state.
    TraceStatus(String),
    /// A tag of the trace.
    TraceTag {
        /// Its key.
        key: String,
        /// Its value.
        value: String,
    },
    /// An entry of the trace's metadata; the runs linked to it are in `mlflow.sourceRun`, too.
    TraceMetadata {
        /// Its key.
        key: String,
        /// Its value.
        value: String,
    },
    /// The span's name.
    SpanName(String),
    /// The span's type.
    SpanType(String),
    /// The span's status.
    SpanStatus(String),
    /// The assessment's name.
    AssessmentName(String),
    /// The assessment's kind.
    AssessmentKind(AssessmentKind),
}

/// The longest name of a model or provider that is told apart, in characters.
pub const MAX_MODEL_NAME: usize = 500;

impl MetricsQuery {
    /// Whether a time in milliseconds lies inside.
    pub fn is_inside(&self, time: TimestampMs) -> bool {
        self.from.is_none_or(|from| from <= time) && self.until.is_none_or(|until| time <= until)
    }

    /// Where the bucket of a time begins; `None` without buckets.
    pub fn bucket(&self, time: TimestampMs) -> Option<TimestampMs> {
        let length = self.bucket_seconds.filter(|seconds| *seconds > 0)?.saturating_mul(1000);
        let begin = time.as_millis().div_euclid(length).saturating_mul(length);
        Some(TimestampMs::from_millis(begin))
    }
}

impl MetricFilter {
    /// The run that a trace must be of or linked to.
    fn run(&self) -> Option<&str> {
        match self {
            Self::TraceMetadata { key, value } if key == keys::SOURCE_RUN => Some(value),
            _ => None,
        }
    }
}

impl Metric {
    /// Whether it is measured on spans.
    pub const fn is_of_spans(self) -> bool {
        matches!(self, Self::SpanCount | Self::SpanLatency | Self::Cost(_))
    }

    /// Whether it is measured on assessments.
    pub const fn is_of_assessments(self) -> bool {
        matches!(self, Self::AssessmentCount | Self::AssessmentValue)
    }
}

impl TokenKind {
    /// The key in `mlflow.trace.tokenUsage`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input_tokens",
            Self::Output => "output_tokens",
            Self::Total => "total_tokens",
            Self::CacheRead => "cache_read_input_tokens",
            Self::CacheCreation => "cache_creation_input_tokens",
        }
    }
}

/// Measures by reading every trace, with its spans if they are measured: the default of
/// [`TrackingStore::trace_metrics`], for back ends that measure inside where they can.
///
/// # Errors
/// Those of the store's searches.
pub async fn by_paging<S: TrackingStore + ?Sized>(store: &S, query: &MetricsQuery) -> Result<Vec<MetricPoint>> {
    // A trace does not tell to which runs it is linked; a search does.
    let runs: Vec<String> = query.filters.iter().filter_map(MetricFilter::run).map(str::to_owned).collect();
    let clause = |run: &String| Clause::RunId(KeyTest::Match(TextMatch::Eq(run.clone())));
    let filter = TraceFilter { clauses: runs.iter().map(clause).collect() };

    let mut aggregator = Aggregator::new(query);
    let visit = |trace: &Trace| observe(Subject { trace, runs: &runs }, query, &mut aggregator);
    each_trace(store, query.experiments.clone(), filter, query.metric.is_of_spans(), visit).await?;
    Ok(aggregator.finish())
}

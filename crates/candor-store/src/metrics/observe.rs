use candor_model::{Assessment, AssessmentBody, Span, TimestampMs, Trace, Value, keys};

use super::aggregate::{Aggregator, Measured, Observation};
use super::{CostKind, Dimension, MAX_MODEL_NAME, Metric, MetricFilter, MetricsQuery, TokenKind};
use crate::ingest::SpanUsage;

/// A trace, with what its info does not tell.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The trace; its spans are needed only if the metric is of spans.
    pub trace: &'a Trace,
    /// The runs linked to it.
    pub runs: &'a [String],
}

/// Observes what one trace of the query's experiments has of the metric.
pub fn observe(subject: Subject<'_>, query: &MetricsQuery, aggregator: &mut Aggregator) {
    let info = &subject.trace.info;
    if !query.filters.iter().all(|filter| trace_fits(subject, filter)) {
        return;
    }
    let mut add = |time, dimensions: Option<Vec<String>>, value: Option<Measured>| {
        if let (Some(dimensions), Some(value)) = (dimensions, value) {
            aggregator.add(Observation { bucket: query.bucket(time), dimensions, value });
        }
    };
    if query.metric.is_of_spans() {
        for span in subject.trace.spans.iter().filter(|span| query.filters.iter().all(|filter| span_fits(span, filter)))
        {
            let start = span.start.to_millis();
            if query.span_is_inside(info.request_time, start) {
                add(start, texts(query, |dimension| span_text(span, dimension)), span_value(span, query.metric));
            }
        }
    } else if query.is_inside(info.request_time) && query.metric.is_of_assessments() {
        let fitting = |verdict: &&Assessment| {
            verdict.valid && query.filters.iter().all(|filter| assessment_fits(verdict, filter))
        };
        for verdict in info.assessments.iter().filter(fitting) {
            let value = match query.metric {
                Metric::AssessmentValue => verdict.body.value().and_then(score).map(Measured::Number),
                _ => Some(Measured::Once),
            };
            add(info.request_time, texts(query, |dimension| assessment_text(verdict, dimension)), value);
        }
    } else if query.is_inside(info.request_time) {
        let dimensions = texts(query, |dimension| trace_text(subject.trace, dimension));
        add(info.request_time, dimensions, trace_value(subject.trace, query.metric));
    }
}

/// The number that a verdict is averaged as: numbers themselves, 1 and 0 for `true` and `false` and
/// for `yes` and `no` in any case, white space around them left out.
pub fn score(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(positive) => Some(f64::from(u8::from(*positive))),
        Value::Text(text) => match text.trim().to_lowercase().as_str() {
            "yes" => Some(1.0),
            "no" => Some(0.0),
            _ => None,
        },
        value => value.as_f64(),
    }
}

/// What `assessment_value` divides by: the value's JSON; of a reference to an issue an object with its name.
pub fn value_text(body: &AssessmentBody) -> String {
    match body {
        AssessmentBody::Feedback(feedback) => feedback.value().json_text(),
        AssessmentBody::Expectation(value) => value.json_text(),
        AssessmentBody::Issue { name } => issue_text(name),
    }
}

/// [`value_text`] of a reference to the issue of that name.
pub fn issue_text(name: &str) -> String {
    Value::Map([("issue_name".to_owned(), Value::Text(name.to_owned()))].into()).json_text()
}

/// The count in the text of metadata `mlflow.trace.tokenUsage`.
pub fn token_count(usage: &str, kind: TokenKind) -> Option<f64> {
    let usage: serde_json::Value = serde_json::from_str(usage).ok()?;
    usage.get(kind.as_str())?.as_i64().map(|count| count as f64)
}

/// `None` when one of them is missing.
fn texts(query: &MetricsQuery, text: impl Fn(Dimension) -> Option<String>) -> Option<Vec<String>> {
    query.dimensions.iter().map(|dimension| text(*dimension)).collect()
}

fn trace_fits(subject: Subject<'_>, filter: &MetricFilter) -> bool {
    let info = &subject.trace.info;
    match filter {
        MetricFilter::TraceStatus(wanted) => info.state.as_str() == wanted,
        MetricFilter::TraceTag { key, value } => info.tags.get(key) == Some(value),
        MetricFilter::TraceMetadata { key, value } => {
            info.metadata.get(key) == Some(value) || key == keys::SOURCE_RUN && subject.runs.contains(value)
        }
        _ => true,
    }
}

fn span_fits(span: &Span, filter: &MetricFilter) -> bool {
    match filter {
        MetricFilter::SpanName(wanted) => span.name == *wanted,
        MetricFilter::SpanType(wanted) => span.span_type() == Some(wanted),
        MetricFilter::SpanStatus(wanted) => span.status.code.as_str() == wanted,
        _ => true,
    }
}

fn assessment_fits(verdict: &Assessment, filter: &MetricFilter) -> bool {
    match filter {
        MetricFilter::AssessmentName(wanted) => verdict.name.as_str() == wanted,
        MetricFilter::AssessmentKind(wanted) => verdict.body.kind() == *wanted,
        _ => true,
    }
}

fn trace_text(trace: &Trace, dimension: Dimension) -> Option<String> {
    match dimension {
        Dimension::TraceName => trace.info.tags.get(keys::TRACE_NAME).cloned(),
        Dimension::TraceStatus => Some(trace.info.state.as_str().to_owned()),
        _ => None,
    }
}

fn span_text(span: &Span, dimension: Dimension) -> Option<String> {
    let name = |key| span.attributes.get_str(key).map(|name| name.chars().take(MAX_MODEL_NAME).collect());
    match dimension {
        Dimension::SpanName => Some(span.name.clone()),
        Dimension::SpanType => span.span_type().map(str::to_owned),
        Dimension::SpanStatus => Some(span.status.code.as_str().to_owned()),
        Dimension::SpanModel => name(keys::SPAN_MODEL),
        Dimension::SpanProvider => name(keys::SPAN_PROVIDER),
        _ => None,
    }
}

fn assessment_text(verdict: &Assessment, dimension: Dimension) -> Option<String> {
    match dimension {
        Dimension::AssessmentName => Some(verdict.name.to_string()),
        Dimension::AssessmentValue => Some(value_text(&verdict.body)),
        _ => None,
    }
}

fn trace_value(trace: &Trace, metric: Metric) -> Option<Measured> {
    match metric {
        Metric::TraceCount => Some(Measured::Once),
        Metric::SessionCount => trace.info.session().map(|session| Measured::Distinct(session.to_owned())),
        Metric::TraceLatency => {
            trace.info.execution_duration.map(|duration| Measured::Number(duration.as_millis() as f64))
        }
        Metric::Tokens(kind) => {
            let usage = trace.info.metadata.get(keys::TOKEN_USAGE)?;
            token_count(usage, kind).map(Measured::Number)
        }
        _ => None,
    }
}

fn span_value(span: &Span, metric: Metric) -> Option<Measured> {
    match metric {
        Metric::SpanCount => Some(Measured::Once),
        Metric::SpanLatency => {
            let end = span.end?.as_nanos().cast_signed();
            let ms = end.wrapping_sub(span.start.as_nanos().cast_signed()) / 1_000_000;
            Some(Measured::Number(ms as f64))
        }
        Metric::Cost(kind) => SpanUsage::of(span).cost?[kind.column()].map(Measured::Number),
        _ => None,
    }
}

impl CostKind {
    /// Its place in [`SpanUsage::cost`].
    pub const fn column(self) -> usize {
        match self {
            Self::Input => 0,
            Self::Output => 1,
            Self::Total => 2,
        }
    }
}

impl MetricsQuery {
    /// Whether the time of a span lies inside, as far as the metric goes by it.
    pub fn span_is_inside(&self, trace_time: TimestampMs, start: TimestampMs) -> bool {
        self.is_inside(if matches!(self.metric, Metric::Cost(_)) { start } else { trace_time })
    }
}

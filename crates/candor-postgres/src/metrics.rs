//! Measuring traces, spans and assessments: selected here, summed up by `candor-store`.

use candor_filter::{SpanColumns, span_from_text};
use candor_model::{SpanId, TraceId, UnixNanos, Value, keys};
use candor_store::ingest::SpanUsage;
use candor_store::metrics::{
    Aggregator, Dimension, MAX_MODEL_NAME, Measured, Metric, MetricFilter, MetricPoint, MetricsQuery, Observation,
    score, token_count, value_text,
};
use candor_store::{BoxError, Result, body_from_text};
use futures_util::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::convert::{experiment_numbers, kind_code, map_json, nanos, time};
use crate::error::{During, corrupt, from_driver};
use crate::search::sql::{self, Sql};
use crate::text;

const OPERATION: &str = "measure traces";

pub(crate) async fn measure(connection: &mut PgConnection, query: &MetricsQuery) -> Result<Vec<MetricPoint>> {
    let mut aggregator = Aggregator::new(query);
    if !query.experiments.is_empty() {
        let mut rows = select(query).query().fetch(connection);
        while let Some(row) = rows.try_next().await.during(OPERATION)? {
            observe(&row, query, &mut aggregator)?;
        }
    }
    Ok(aggregator.finish())
}

/// The time of what is measured, what there is of its value as a number and as a text, the request's
/// time, what an assessment says that has no value, and the dimensions.
fn select(query: &MetricsQuery) -> Sql {
    let (columns, from) = match query.metric {
        Metric::TraceCount => ("t.request_ms, NULL::bigint, NULL::text", TRACES),
        Metric::SessionCount => ("t.request_ms, NULL::bigint, t.session", TRACES),
        Metric::TraceLatency => ("t.request_ms, t.duration_ms, NULL::text", TRACES),
        Metric::Tokens(_) => ("t.request_ms, NULL::bigint, t.metadata ->> 'mlflow.trace.tokenUsage'", TRACES),
        Metric::SpanCount | Metric::SpanLatency => ("s.start_ns, s.end_ns, NULL::text", SPANS),
        Metric::Cost(_) => ("s.start_ns, NULL::bigint, s.usage", SPANS),
        Metric::AssessmentCount => ("a.trace_ms, NULL::bigint, NULL::text", ASSESSMENTS),
        Metric::AssessmentValue => ("a.trace_ms, NULL::bigint, a.value_json", ASSESSMENTS),
    };
    let is_of_assessments = query.metric.is_of_assessments();
    let (owner, request_time) = if is_of_assessments { ("a", "a.trace_ms") } else { ("t", "t.request_ms") };
    let body = if is_of_assessments { "CASE WHEN a.value_json IS NULL THEN a.body END" } else { "NULL::text" };
    let mut select = Sql::new("SELECT ").push(columns).push(", ").push(request_time).push(", ").push(body);
    for dimension in &query.dimensions {
        select = select.push(", ").push(&text_of(*dimension));
    }
    let experiments = sql::Value::Ints(experiment_numbers(&query.experiments));
    select = select.push(from).push(" WHERE ").push(owner).push(".experiment_id = ANY(").bind(experiments).push(")");
    if is_of_assessments {
        select = select.push(" AND a.valid");
    }
    if !matches!(query.metric, Metric::Cost(_)) {
        for (operator, bound) in [(" >= ", query.from), (" <= ", query.until)] {
            if let Some(bound) = bound {
                let bound = sql::Value::Int(bound.as_millis());
                select = select.push(" AND ").push(request_time).push(operator).bind(bound);
            }
        }
    }
    query.filters.iter().fold(select, |select, filter| select.push(" AND ").append(condition(filter)))
}

const TRACES: &str = " FROM traces AS t";
const SPANS: &str = " FROM traces AS t JOIN spans AS s ON s.trace_id = t.trace_id AND s.month = t.month";
// A filter may be about the trace.
const ASSESSMENTS: &str = " FROM assessments AS a JOIN traces AS t ON t.trace_id = a.trace_id AND t.month = a.month";

fn text_of(dimension: Dimension) -> String {
    match dimension {
        Dimension::TraceName => format!("t.tags ->> '{}'", keys::TRACE_NAME),
        Dimension::TraceStatus => "t.state".to_owned(),
        Dimension::SpanName => "s.name".to_owned(),
        Dimension::SpanType => "s.type".to_owned(),
        Dimension::SpanStatus => "s.status".to_owned(),
        Dimension::SpanModel => format!("left(s.model, {MAX_MODEL_NAME})"),
        Dimension::SpanProvider => format!("left(s.provider, {MAX_MODEL_NAME})"),
        Dimension::AssessmentName => "a.name".to_owned(),
        Dimension::AssessmentValue => "a.value_json".to_owned(),
    }
}

fn condition(filter: &MetricFilter) -> Sql {
    let entry = |column: &'static str, key: &str, value: &str| {
        let entry = map_json(&[(key.to_owned(), value.to_owned())].into());
        Sql::new(column).push(" @> ").bind(sql::Value::Text(entry)).push("::jsonb")
    };
    match filter {
        MetricFilter::TraceStatus(state) => Sql::new("t.state = ").bind_text(state),
        MetricFilter::TraceTag { key, value } => entry("t.tags", key, value),
        MetricFilter::TraceMetadata { key, value } if key == keys::SOURCE_RUN => {
            let linked = Sql::new(" OR t.runs @> ARRAY[").bind_text(value).push("]::text[]");
            entry("t.metadata", key, value).append(linked).in_parentheses()
        }
        MetricFilter::TraceMetadata { key, value } => entry("t.metadata", key, value),
        MetricFilter::SpanName(name) => Sql::new("s.name = ").bind_text(name),
        MetricFilter::SpanType(kind) => Sql::new("s.type = ").bind_text(kind),
        MetricFilter::SpanStatus(status) => Sql::new("s.status = ").bind_text(status),
        MetricFilter::AssessmentName(name) => Sql::new("a.name = ").bind_text(name),
        MetricFilter::AssessmentKind(kind) => {
            Sql::new("a.kind = ").bind(sql::Value::Int(kind_code(*kind).into())).push("::smallint")
        }
    }
}

fn observe(row: &PgRow, query: &MetricsQuery, aggregator: &mut Aggregator) -> Result<()> {
    const BODY: usize = 4;
    const FIRST_DIMENSION: usize = 5;
    let first: i64 = row.try_get(0).during(OPERATION)?;
    let at = if query.metric.is_of_spans() { nanos(first).to_millis() } else { time(first) };
    if query.metric.is_of_spans() && !query.span_is_inside(time(row.try_get(3).during(OPERATION)?), at) {
        return Ok(());
    }
    let read = || -> Result<Option<Observation>, BoxError> {
        let dimension = |(column, dimension): (usize, &Dimension)| -> Result<Option<String>, BoxError> {
            match row.try_get::<Option<String>, _>(column)? {
                None if *dimension == Dimension::AssessmentValue => {
                    let body: Option<String> = row.try_get(BODY)?;
                    body.map(|body| Ok(value_text(&body_from_text(&body)?))).transpose()
                }
                text => Ok(text.map(text::read)),
            }
        };
        let dimensions: Option<Vec<String>> =
            (FIRST_DIMENSION..).zip(&query.dimensions).map(dimension).collect::<Result<_, _>>()?;
        let observation = |(dimensions, value)| Observation { bucket: query.bucket(at), dimensions, value };
        Ok(dimensions.zip(measured(row, query.metric)?).map(observation))
    };
    let observation = read().map_err(|error| match error.downcast::<sqlx::Error>() {
        Ok(driver) => from_driver(OPERATION, *driver),
        Err(broken) => corrupt("something measured", broken),
    })?;
    observation.into_iter().for_each(|observation| aggregator.add(observation));
    Ok(())
}

fn measured(row: &PgRow, metric: Metric) -> Result<Option<Measured>, BoxError> {
    let number = |number: f64| Some(Measured::Number(number));
    let value: Option<i64> = row.try_get(1)?;
    let text: Option<String> = row.try_get(2)?;
    Ok(match metric {
        Metric::TraceCount | Metric::SpanCount | Metric::AssessmentCount => Some(Measured::Once),
        Metric::SessionCount => text.map(|session| Measured::Distinct(text::read(session))),
        Metric::TraceLatency => value.and_then(|ms| number(ms as f64)),
        Metric::Tokens(kind) => text.and_then(|usage| token_count(&usage, kind)).and_then(number),
        Metric::SpanLatency => {
            let start: i64 = row.try_get(0)?;
            value.and_then(|end| number((end.wrapping_sub(start) / 1_000_000) as f64))
        }
        Metric::Cost(kind) => match text {
            Some(usage) => cost(&usage)?.and_then(|cost| cost[kind.column()]).and_then(number),
            None => None,
        },
        Metric::AssessmentValue => match text {
            Some(json) => score(&Value::try_from(serde_json::from_str::<serde_json::Value>(&json)?)?).and_then(number),
            None => None,
        },
    })
}

/// The costs in what is kept of a span's usage.
fn cost(usage: &str) -> Result<Option<[Option<f64>; 3]>, BoxError> {
    let nobody = SpanColumns {
        trace_id: TraceId::from_bytes([0; 16]),
        span_id: SpanId::from_bytes([0; 8]),
        parent_id: None,
        start: UnixNanos::default(),
        end: None,
    };
    Ok(SpanUsage::of(&span_from_text(usage, nobody)?).cost)
}

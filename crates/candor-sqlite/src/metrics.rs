//! Measuring traces, spans and assessments: selected here, summed up by `candor-store`.

use candor_model::{Value, keys};
use candor_store::metrics::{
    Aggregator, Dimension, MAX_MODEL_NAME, Measured, Metric, MetricFilter, MetricPoint, MetricsQuery, Observation,
    score, token_count,
};
use candor_store::{BoxError, Result};
use rusqlite::{Connection, Row, params_from_iter};

use crate::convert::{kind_code, nanos, time};
use crate::error::{During, corrupt};
use crate::search::sql::Sql;
use crate::traces::{known_keys, spans};

const OPERATION: &str = "measure traces";

pub(crate) fn measure(connection: &Connection, query: &MetricsQuery) -> Result<Vec<MetricPoint>> {
    let mut aggregator = Aggregator::new(query);
    if !query.experiments.is_empty() {
        let select = select(query);
        let mut statement = connection.prepare_cached(&select.text).during(OPERATION)?;
        let mut rows = statement.query(params_from_iter(select.values)).during(OPERATION)?;
        while let Some(row) = rows.next().during(OPERATION)? {
            observe(row, query, &mut aggregator)?;
        }
    }
    Ok(aggregator.finish())
}

/// The time of what is measured, what there is of its value in two columns, and its dimensions.
fn select(query: &MetricsQuery) -> Sql {
    let (columns, from) = match query.metric {
        Metric::TraceCount => ("t.request_ms, NULL, NULL", TRACES),
        Metric::SessionCount => ("t.request_ms, t.session, NULL", TRACES),
        Metric::TraceLatency => ("t.request_ms, t.duration_ms, NULL", TRACES),
        Metric::Tokens(_) => ("t.request_ms, usage.value, NULL", TRACES_WITH_USAGE),
        Metric::SpanCount => ("s.start_ns, t.request_ms, NULL", SPANS),
        Metric::SpanLatency => ("s.start_ns, t.request_ms, s.end_ns", SPANS),
        Metric::Cost(_) => ("s.start_ns, t.request_ms, s.usage", SPANS),
        Metric::AssessmentCount => ("a.trace_ms, NULL, NULL", ASSESSMENTS),
        Metric::AssessmentValue => ("a.trace_ms, a.value_type, ifnull(a.value_text, a.value_num)", ASSESSMENTS),
    };
    let mut select = Sql::new("SELECT ").push(columns);
    for dimension in &query.dimensions {
        select = select.push(", ").append(text(*dimension));
    }
    let owner = if query.metric.is_of_assessments() { "a" } else { "t" };
    select = select.push(from).push(" WHERE ").push(owner).push(".experiment_id IN ");
    select = select.bind_experiments(&query.experiments);
    if query.metric.is_of_assessments() {
        select = select.push(" AND a.valid = 1");
    }
    if !matches!(query.metric, Metric::Cost(_)) {
        let time = if query.metric.is_of_assessments() { "a.trace_ms" } else { "t.request_ms" };
        for (operator, bound) in [(" >= ", query.from), (" <= ", query.until)] {
            if let Some(bound) = bound {
                select = select.push(" AND ").push(time).push(operator).bind(bound.as_millis());
            }
        }
    }
    query.filters.iter().fold(select, |select, filter| select.push(" AND ").append(condition(filter, owner)))
}

const TRACES: &str = " FROM traces AS t";
const TRACES_WITH_USAGE: &str = " FROM traces AS t CROSS JOIN trace_metadata AS usage \
    ON usage.trace_pk = t.pk AND usage.key = (SELECT number FROM known_keys WHERE key = 'mlflow.trace.tokenUsage')";
const SPANS: &str = concat!(" FROM traces AS t CROSS JOIN spans AS s ON ", spans::of_trace!("s.pk", "t.pk"));
const ASSESSMENTS: &str = " FROM assessments AS a";

fn text(dimension: Dimension) -> Sql {
    let model = |column| {
        Sql::new("(SELECT substr(m.")
            .push(column)
            .push(", 1, ")
            .bind(MAX_MODEL_NAME as i64)
            .push(") FROM span_models AS m WHERE m.span_pk = s.pk)")
    };
    match dimension {
        Dimension::TraceName => Sql::new("(SELECT e.value FROM trace_tags AS e WHERE e.trace_pk = t.pk AND e.key = ")
            .bind(known_keys::stored(keys::TRACE_NAME))
            .push(")"),
        Dimension::TraceStatus => Sql::new("t.state"),
        Dimension::SpanName => Sql::new("s.name"),
        Dimension::SpanType => Sql::new("s.type"),
        Dimension::SpanStatus => Sql::new("s.status"),
        Dimension::SpanModel => model("model"),
        Dimension::SpanProvider => model("provider"),
        Dimension::AssessmentName => Sql::new("a.name"),
        Dimension::AssessmentValue => Sql::new("ifnull(a.value_json, candor_issue_text(a.issue_name))"),
    }
}

/// The condition; `owner` has the trace's number, as `pk` or `trace_pk`.
fn condition(filter: &MetricFilter, owner: &str) -> Sql {
    let trace = if owner == "a" { "a.trace_pk" } else { "t.pk" };
    let entry = |table: &str, key: &str, value: &str| {
        Sql::new("EXISTS (SELECT 1 FROM ")
            .push(table)
            .push(" AS f WHERE f.trace_pk = ")
            .push(trace)
            .push(" AND f.key = ")
            .bind(known_keys::stored(key))
            .push(" AND f.value = ")
            .bind(value.to_owned())
            .push(")")
    };
    match filter {
        MetricFilter::TraceStatus(state) => {
            Sql::new("(SELECT f.state FROM traces AS f WHERE f.pk = ").push(trace).push(") = ").bind(state.clone())
        }
        MetricFilter::TraceTag { key, value } => entry("trace_tags", key, value),
        MetricFilter::TraceMetadata { key, value } if key == keys::SOURCE_RUN => {
            let linked = Sql::new(" OR EXISTS (SELECT 1 FROM trace_runs AS f WHERE f.trace_pk = ")
                .push(trace)
                .push(" AND f.run_id = ")
                .bind(value.clone())
                .push(")");
            entry("trace_metadata", key, value).append(linked).in_parentheses()
        }
        MetricFilter::TraceMetadata { key, value } => entry("trace_metadata", key, value),
        MetricFilter::SpanName(name) => Sql::new("s.name = ").bind(name.clone()),
        MetricFilter::SpanType(kind) => Sql::new("s.type = ").bind(kind.clone()),
        MetricFilter::SpanStatus(status) => Sql::new("s.status = ").bind(status.clone()),
        MetricFilter::AssessmentName(name) => Sql::new("a.name = ").bind(name.clone()),
        MetricFilter::AssessmentKind(kind) => Sql::new("a.kind = ").bind(kind_code(*kind)),
    }
}

fn observe(row: &Row<'_>, query: &MetricsQuery, aggregator: &mut Aggregator) -> Result<()> {
    let first: i64 = row.get(0).during(OPERATION)?;
    let at = if query.metric.is_of_spans() { nanos(first).to_millis() } else { time(first) };
    if query.metric.is_of_spans() && !query.span_is_inside(time(row.get(1).during(OPERATION)?), at) {
        return Ok(());
    }
    let read = || -> Result<Option<Observation>, BoxError> {
        let texts = 3..3 + query.dimensions.len();
        let dimensions: Option<Vec<String>> = texts.map(|column| row.get(column)).collect::<Result<_, _>>()?;
        let observation = |(dimensions, value)| Observation { bucket: query.bucket(at), dimensions, value };
        Ok(dimensions.zip(measured(row, query.metric)?).map(observation))
    };
    let observation = read().map_err(|error| match error.downcast::<rusqlite::Error>() {
        Ok(driver) => crate::error::from_driver(OPERATION, *driver),
        Err(broken) => corrupt("something measured", broken),
    })?;
    observation.into_iter().for_each(|observation| aggregator.add(observation));
    Ok(())
}

fn measured(row: &Row<'_>, metric: Metric) -> Result<Option<Measured>, BoxError> {
    let number = |number: f64| Some(Measured::Number(number));
    Ok(match metric {
        Metric::TraceCount | Metric::SpanCount | Metric::AssessmentCount => Some(Measured::Once),
        Metric::SessionCount => row.get::<_, Option<String>>(1)?.map(Measured::Distinct),
        Metric::TraceLatency => row.get::<_, Option<i64>>(1)?.and_then(|ms| number(ms as f64)),
        Metric::Tokens(kind) => token_count(row.get_ref(1)?.as_str()?, kind).and_then(number),
        Metric::SpanLatency => {
            let start: i64 = row.get(0)?;
            let end: Option<i64> = row.get(2)?;
            end.and_then(|end| number((end.wrapping_sub(start) / 1_000_000) as f64))
        }
        Metric::Cost(kind) => match row.get_ref(2)?.as_str_or_null()? {
            Some(usage) => spans::usage_from_text(usage)?.1.and_then(|cost| cost[kind.column()]).and_then(number),
            None => None,
        },
        Metric::AssessmentValue => {
            let value = match row.get::<_, Option<i64>>(1)? {
                Some(1) => Value::Bool(false),
                Some(2) => Value::Bool(true),
                Some(3 | 4) => Value::try_from(row.get::<_, f64>(2)?)?,
                Some(5) => Value::Text(row.get(2)?),
                _ => Value::Null,
            };
            score(&value).and_then(number)
        }
    })
}

//! Clauses of a filter as conditions on `traces AS t`.
//!
//! The measure is [`TraceFilter::matches`](candor_filter::TraceFilter::matches). What SQL cannot say
//! exactly it says coarsely, and the evaluator itself has the last word.

use candor_filter::{
    AttributeField, Clause, CompareOp, ContentTest, Inequality, KeyTest, Number, NumberField, SpanClause, SpanField,
    TextMatch, TextTest, TraceFilter,
};
use candor_model::{ExperimentId, TraceId, keys};

use super::assessments;
use super::sql::{Sql, Value};
use crate::convert::{map_json, month, nanos_number, time, trace_uuid};

/// A condition, and whether it holds for no more traces than the clause does.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) sql: Sql,
    pub(super) exact: bool,
}

impl Condition {
    pub(super) fn exact(sql: Sql) -> Self {
        Self { sql, exact: true }
    }

    fn coarse(sql: Sql) -> Self {
        Self { sql, exact: false }
    }

    fn map(self, wrap: impl FnOnce(Sql) -> Sql) -> Self {
        Self { sql: wrap(self.sql), ..self }
    }
}

/// The condition of a clause; `None` for a span clause. `experiments` are all that are searched.
pub(super) fn condition(clause: &Clause, experiments: &[ExperimentId]) -> Option<Condition> {
    Some(match clause {
        Clause::Number { field, op, value } => Condition::exact(number(*field, *op, *value)),
        Clause::Attribute { field: AttributeField::TraceId, test } => trace_id(test),
        Clause::Attribute { field: AttributeField::Status, test } => text(&Sql::new("t.state"), test),
        Clause::Attribute { field: AttributeField::ClientRequestId, test } => {
            text(&Sql::new("t.client_request_id"), test)
        }
        Clause::Name(test) => keyed(&TAGS, keys::TRACE_NAME, test),
        Clause::RunId(test) => run_id(test),
        Clause::Tag { key, test } => keyed(&TAGS, key, test),
        Clause::Metadata { key, test } => keyed(&METADATA, key, test),
        Clause::Prompt { name, .. } if name.contains('/') => Condition::exact(Sql::new("FALSE")), // it ends at the first slash
        Clause::Prompt { name, version } => {
            Condition::exact(Sql::new("t.prompts @> ARRAY[").bind_text(&format!("{name}/{version}")).push("]::text[]"))
        }
        Clause::Span(_) => return None,
        Clause::Assessment { kind, name, test } => assessments::condition(*kind, name, test, experiments),
        Clause::Issue { id } => Condition::exact(
            Sql::new("EXISTS (SELECT 1 FROM assessments AS a WHERE a.trace_id = t.trace_id AND a.month = t.month")
                .push(" AND a.kind = 2 AND a.name = ")
                .bind_text(id)
                .push(")"),
        ),
    })
}

/// A comparison of integers with the literal's exact value.
fn number(field: NumberField, op: CompareOp, value: Number) -> Sql {
    let column = Sql::new(match field {
        NumberField::TimestampMs => "t.request_ms",
        NumberField::ExecutionTimeMs => "t.duration_ms",
        NumberField::EndTimeMs => {
            "greatest(least(t.request_ms::numeric + coalesce(t.duration_ms, 0), 9223372036854775807), \
             -9223372036854775808)"
        }
    });
    match exact_bound(op, value) {
        Bound::Compare(op, number) => {
            let compared = column.push(" ").push(op).push(" ").bind(Value::Int(number));
            match field {
                NumberField::TimestampMs => compared.append(month_bound(op, number)),
                NumberField::ExecutionTimeMs | NumberField::EndTimeMs => compared,
            }
        }
        Bound::Always => column.push(" IS NOT NULL"),
        Bound::Never => Sql::new("FALSE"),
    }
}

/// The same of the month, with ` AND ` before it, so that other partitions need not be looked at.
pub(super) fn month_bound(op: &str, request_ms: i64) -> Sql {
    let op = match op {
        "=" => " AND t.month = ",
        ">" | ">=" => " AND t.month >= ",
        "<" | "<=" => " AND t.month <= ",
        _ => return Sql::default(),
    };
    Sql::new(op).bind(Value::Int(month(time(request_ms)).into())).push("::integer")
}

enum Bound {
    Compare(&'static str, i64),
    Always,
    Never,
}

/// The comparison with a number as one with an integer.
fn exact_bound(op: CompareOp, value: Number) -> Bound {
    const END: f64 = 9_223_372_036_854_775_808.0; // 2^63
    let value = match value {
        Number::Int(number) => return Bound::Compare(op.as_str(), number),
        Number::Float(number) => number,
    };
    let (below, above) = (value < -END, value >= END);
    match op {
        CompareOp::Eq if below || above || value.fract() != 0.0 => Bound::Never,
        CompareOp::Ne if below || above || value.fract() != 0.0 => Bound::Always,
        CompareOp::Order(Inequality::Gt | Inequality::Ge) if below => Bound::Always,
        CompareOp::Order(Inequality::Gt | Inequality::Ge) if above => Bound::Never,
        CompareOp::Order(_) if below => Bound::Never,
        CompareOp::Order(_) if above => Bound::Always,
        CompareOp::Order(Inequality::Gt | Inequality::Le) => Bound::Compare(op.as_str(), value.floor() as i64),
        CompareOp::Order(Inequality::Ge | Inequality::Lt) => Bound::Compare(op.as_str(), value.ceil() as i64),
        CompareOp::Eq | CompareOp::Ne => Bound::Compare(op.as_str(), value as i64),
    }
}

/// Texts that are no trace id equal none and differ from all.
fn trace_id(test: &TextTest) -> Condition {
    let uuid = |text: &String| text.parse::<TraceId>().ok().map(trace_uuid);
    match test {
        TextTest::Match(TextMatch::Eq(text)) => Condition::exact(match uuid(text) {
            Some(id) => Sql::new("t.trace_id = ").bind(Value::Id(id)),
            None => Sql::new("FALSE"),
        }),
        TextTest::Match(TextMatch::Ne(text)) => Condition::exact(match uuid(text) {
            Some(id) => Sql::new("t.trace_id <> ").bind(Value::Id(id)),
            None => Sql::new("TRUE"),
        }),
        TextTest::Match(pattern) => {
            matches(&Sql::new("('tr-' || replace(t.trace_id::text, '-', '')) COLLATE \"C\""), pattern)
        }
        TextTest::In { negated, values } => {
            let ids = Value::Ids(values.iter().filter_map(uuid).collect());
            let list = Sql::new(if *negated { "t.trace_id <> ALL(" } else { "t.trace_id = ANY(" });
            Condition::exact(list.bind(ids).push(")"))
        }
    }
}

/// A test of a column; NULL fulfils nothing.
fn text(column: &Sql, test: &TextTest) -> Condition {
    match test {
        TextTest::Match(comparison) => matches(column, comparison),
        TextTest::In { negated: true, values } if values.is_empty() => {
            Condition::exact(column.clone().push(" IS NOT NULL"))
        }
        TextTest::In { negated, values } => {
            let list = column.clone().push(if *negated { " <> ALL(" } else { " = ANY(" });
            Condition::exact(list.bind_texts(values).push(")"))
        }
    }
}

/// A comparison with a column; NULL fulfils nothing.
fn matches(column: &Sql, comparison: &TextMatch) -> Condition {
    let column = column.clone();
    Condition::exact(match comparison {
        TextMatch::Eq(wanted) => column.push(" = ").bind_text(wanted),
        TextMatch::Ne(unwanted) => column.push(" <> ").bind_text(unwanted),
        // In the C collation ILIKE folds ASCII letters alone.
        TextMatch::Like(pattern) => column.push(" LIKE ").bind_text(pattern).push(" ESCAPE ''"),
        TextMatch::ILike(pattern) => column.push(" ILIKE ").bind_text(pattern).push(" ESCAPE ''"),
        // The regular expressions of PostgreSQL are others.
        TextMatch::RLike(_) => return Condition::coarse(column.push(" IS NOT NULL")),
    })
}

/// A column of texts by key, and what its index leaves out.
struct Map {
    column: &'static str,
    indexed: &'static str,
    not_indexed: [&'static str; 2],
}

const TAGS: Map = Map {
    column: "t.tags",
    indexed: "(t.tags - '{mlflow.artifactLocation,mlflow.trace.spansLocation}'::text[])",
    not_indexed: [keys::ARTIFACT_LOCATION, keys::SPANS_LOCATION],
};
const METADATA: Map = Map {
    column: "t.metadata",
    indexed: "(t.metadata - '{mlflow.trace.infoFinalized,mlflow.trace.sizeStats}'::text[])",
    not_indexed: [keys::INFO_FINALIZED, keys::SIZE_STATS],
};

/// A test of the text under a key.
fn keyed(map: &Map, key: &str, test: &KeyTest) -> Condition {
    let value = || Sql::new("(").push(map.column).push(" ->> ").bind_text(key).push(") COLLATE \"C\"");
    match test {
        KeyTest::IsNull { negated: false } => Condition::exact(value().push(" IS NULL")),
        KeyTest::IsNull { negated: true } => Condition::exact(value().push(" IS NOT NULL")),
        KeyTest::Match(TextMatch::Eq(wanted)) if !map.not_indexed.contains(&key) => {
            let entry = map_json(&[(key.to_owned(), wanted.clone())].into());
            Condition::exact(Sql::new(map.indexed).push(" @> ").bind(Value::Text(entry)).push("::jsonb"))
        }
        KeyTest::Match(comparison) => matches(&value(), comparison),
    }
}

fn run_id(test: &KeyTest) -> Condition {
    let logged = keyed(&METADATA, keys::SOURCE_RUN, test);
    match test {
        KeyTest::Match(TextMatch::Eq(run)) => {
            logged.map(|sql| sql.push(" OR t.runs @> ARRAY[").bind_text(run).push("]::text[]").in_parentheses())
        }
        _ => logged,
    }
}

/// All span clauses on one and the same span.
pub(super) fn spans(filter: &TraceFilter) -> Option<Condition> {
    const SPANS: &str = "EXISTS (SELECT 1 FROM spans AS s WHERE s.trace_id = t.trace_id AND s.month = t.month AND ";
    Some(span(filter)?.map(|condition| Sql::new(SPANS).append(condition).push(")")))
}

/// What the span clauses ask of one and the same span, `spans AS s`; `None` when there are none.
pub(super) fn span(filter: &TraceFilter) -> Option<Condition> {
    let clauses = filter.clauses.iter().filter_map(|clause| match clause {
        Clause::Span(clause) => Some(span_clause(clause)),
        _ => None,
    });
    let tests: Vec<Condition> = clauses.collect();
    if tests.is_empty() {
        return None;
    }
    let exact = tests.iter().all(|test| test.exact);
    let mut conditions = Vec::new();
    if let Some(earliest) = filter.earliest_span_start() {
        let bound = nanos_number(earliest);
        // From 2^63 on times are negative, and later than all others.
        let starts = Sql::new("s.start_ns >= ").bind(Value::Int(bound));
        conditions.push(match bound {
            0.. => starts.push(" OR s.start_ns < 0").in_parentheses(),
            _ => starts.push(" AND s.start_ns < 0"),
        });
    }
    conditions.extend(tests.into_iter().map(|test| test.sql));
    Some(Condition { sql: Sql::join(conditions, " AND "), exact })
}

/// A test of `spans AS s`.
fn span_clause(clause: &SpanClause) -> Condition {
    match clause {
        SpanClause::Field { field: SpanField::Name, test } => text(&Sql::new("s.name"), test),
        SpanClause::Field { field: SpanField::Type, test } => text(&Sql::new("s.type"), test),
        SpanClause::Field { field: SpanField::Status, test } => text(&Sql::new("s.status"), test),
        SpanClause::Content(ContentTest::Like(pattern)) => {
            matches(&Sql::new("s.content"), &TextMatch::Like(pattern.clone()))
        }
        SpanClause::Content(ContentTest::ILike(pattern)) => {
            matches(&Sql::new("s.content"), &TextMatch::ILike(pattern.clone()))
        }
        SpanClause::Field { field: SpanField::Attribute(key), test } => attribute(key, test),
    }
}

/// The span's text holds an attribute of that key and value, as long as JSON writes them as they are.
fn attribute(key: &str, test: &TextTest) -> Condition {
    let is_plain =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    let holds = |text: String| Sql::new("strpos(s.content, ").bind_text(&text).push(") > 0");
    Condition::coarse(match test {
        _ if !is_plain(key) => Sql::new("TRUE"),
        TextTest::Match(TextMatch::Eq(value)) if is_plain(value) => holds(format!("\"{key}\":\"{value}\""))
            .push(" OR ")
            .append(holds(format!("\"{key}\":{value}"))) // a number or another word of JSON
            .in_parentheses(),
        _ => holds(format!("\"{key}\":")),
    })
}

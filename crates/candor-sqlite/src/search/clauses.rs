//! Clauses of a filter as conditions on `traces AS t`.
//!
//! The measure is [`TraceFilter::matches`](candor_filter::TraceFilter::matches): a condition holds
//! for a trace exactly when the evaluator says so.

use candor_filter::{
    AttributeField, Clause, ContentTest, KeyTest, Number, NumberField, SpanClause, SpanField, TextMatch, TextTest,
    TraceFilter,
};
use candor_model::{ExperimentId, TraceId, keys};
use rusqlite::types::Value;

use super::assessments;
use super::sql::Sql;
use crate::convert::nanos_number;
use crate::traces::known_keys;
use crate::traces::spans::of_trace;

/// The condition of each clause save the one at `except`; span clauses are one condition together.
pub(crate) fn conditions(filter: &TraceFilter, except: Option<usize>, experiments: &[ExperimentId]) -> Vec<Sql> {
    let others = filter.clauses.iter().enumerate().filter(|(place, _)| Some(*place) != except);
    let mut conditions: Vec<Sql> = others.filter_map(|(_, clause)| condition(clause, experiments)).collect();
    conditions.extend(spans(filter));
    conditions
}

/// `None` for a span clause. `experiments` are all that are searched.
pub(crate) fn condition(clause: &Clause, experiments: &[ExperimentId]) -> Option<Sql> {
    Some(match clause {
        Clause::Number { field, op, value } => {
            number_field(*field).push(" ").push(op.as_str()).push(" ").bind(number(*value))
        }
        Clause::Attribute { field: AttributeField::TraceId, test } => trace_id(test),
        Clause::Attribute { field: AttributeField::Status, test } => text(Sql::new("t.state"), test),
        Clause::Attribute { field: AttributeField::ClientRequestId, test } => {
            text(Sql::new("t.client_request_id"), test)
        }
        Clause::Name(test) => keyed("trace_tags", keys::TRACE_NAME, test),
        Clause::RunId(test) => run_id(test),
        Clause::Tag { key, test } => keyed("trace_tags", key, test),
        Clause::Metadata { key, test } if key == keys::SESSION => session(test),
        Clause::Metadata { key, test } => keyed("trace_metadata", key, test),
        Clause::Prompt { name, .. } if name.contains('/') => Sql::new("FALSE"), // it ends at the first slash
        Clause::Prompt { name, version } => {
            Sql::new("EXISTS (SELECT 1 FROM trace_prompts AS link WHERE link.trace_pk = t.pk AND link.prompt = ")
                .bind(format!("{name}/{version}"))
                .push(")")
        }
        Clause::Span(_) => return None,
        Clause::Assessment { kind, name, test } => assessments::condition(*kind, name, test, experiments),
        Clause::Issue { id } => {
            Sql::new("EXISTS (SELECT 1 FROM assessments AS a WHERE a.trace_pk = t.pk AND a.kind = 2 AND a.name = ")
                .bind(id.clone())
                .push(")")
        }
    })
}

/// A literal with its exact value: SQLite compares integers with doubles without rounding.
pub(crate) fn number(number: Number) -> Value {
    match number {
        Number::Int(number) => number.into(),
        Number::Float(number) => number.into(),
    }
}

fn number_field(field: NumberField) -> Sql {
    Sql::new(match field {
        NumberField::TimestampMs => "t.request_ms",
        NumberField::ExecutionTimeMs => "t.duration_ms",
        NumberField::EndTimeMs => "candor_add(t.request_ms, coalesce(t.duration_ms, 0))",
    })
}

/// Ids are kept as bytes: texts that are no trace id equal none and differ from all.
fn trace_id(test: &TextTest) -> Sql {
    let bytes = |text: &String| text.parse::<TraceId>().ok().map(|id| id.as_bytes().to_vec());
    match test {
        TextTest::Match(TextMatch::Eq(text)) => match bytes(text) {
            Some(id) => Sql::new("t.trace_id = ").bind(id),
            None => Sql::new("FALSE"),
        },
        TextTest::Match(TextMatch::Ne(text)) => match bytes(text) {
            Some(id) => Sql::new("t.trace_id <> ").bind(id),
            None => Sql::new("TRUE"),
        },
        TextTest::Match(pattern) => matches(Sql::new("'tr-' || lower(hex(t.trace_id))"), pattern),
        TextTest::In { negated, values } => {
            // As hex, since JSON has no bytes.
            let hex = values.iter().filter_map(|text| text.parse::<TraceId>().ok());
            let hex: Vec<String> = hex.map(|id| id.to_string()["tr-".len()..].to_owned()).collect();
            let list = Sql::new(if *negated { "t.trace_id NOT IN " } else { "t.trace_id IN " });
            list.push("(SELECT unhex(value) FROM json_each(").bind(serde_json::Value::from(hex).to_string()).push("))")
        }
    }
}

/// A test of a column; NULL fulfils nothing.
pub(crate) fn text(column: Sql, test: &TextTest) -> Sql {
    match test {
        TextTest::Match(comparison) => matches(column, comparison),
        TextTest::In { negated, values } if values.is_empty() => {
            if *negated {
                column.push(" IS NOT NULL")
            } else {
                Sql::new("FALSE")
            }
        }
        TextTest::In { negated, values } => {
            column.push(if *negated { " NOT IN " } else { " IN " }).bind_texts(values.clone())
        }
    }
}

/// A comparison with a column; NULL fulfils nothing.
pub(crate) fn matches(column: Sql, comparison: &TextMatch) -> Sql {
    let call = |function: &'static str, pattern: &str| {
        Sql::new(function).push("(").bind(pattern.to_owned()).push(", ").append(column.clone()).push(")")
    };
    match comparison {
        TextMatch::Eq(wanted) => column.push(" = ").bind(wanted.clone()),
        TextMatch::Ne(unwanted) => column.push(" <> ").bind(unwanted.clone()),
        TextMatch::Like(pattern) => call("candor_like", pattern),
        TextMatch::ILike(pattern) => call("candor_ilike", pattern),
        TextMatch::RLike(pattern) => call("candor_rlike", pattern.source()),
    }
}

/// A test of the text under a key of the table's.
fn keyed(table: &'static str, key: &str, test: &KeyTest) -> Sql {
    let (exists, value) = match test {
        KeyTest::IsNull { negated: false } => ("NOT EXISTS", None),
        KeyTest::IsNull { negated: true } => ("EXISTS", None),
        KeyTest::Match(comparison) => ("EXISTS", Some(matches(Sql::new("e.value"), comparison))),
    };
    let entry = Sql::new(exists)
        .push(" (SELECT 1 FROM ")
        .push(table)
        .push(" AS e WHERE e.trace_pk = t.pk AND e.key = ")
        .bind(known_keys::stored(key));
    match value {
        Some(value) => entry.push(" AND ").append(value),
        None => entry,
    }
    .push(")")
}

/// Sessions have a column of their own.
pub(super) fn session(test: &KeyTest) -> Sql {
    let column = Sql::new("t.session");
    match test {
        KeyTest::IsNull { negated: false } => column.push(" IS NULL"),
        KeyTest::IsNull { negated: true } => column.push(" IS NOT NULL"),
        KeyTest::Match(comparison) => matches(column, comparison),
    }
}

fn run_id(test: &KeyTest) -> Sql {
    let logged = keyed("trace_metadata", keys::SOURCE_RUN, test);
    match test {
        KeyTest::Match(TextMatch::Eq(run)) => logged
            .push(" OR EXISTS (SELECT 1 FROM trace_runs AS link WHERE link.trace_pk = t.pk AND link.run_id = ")
            .bind(run.clone())
            .push(")")
            .in_parentheses(),
        _ => logged,
    }
}

/// All span clauses on one and the same span.
fn spans(filter: &TraceFilter) -> Option<Sql> {
    let mut tests: Vec<(u8, Sql)> = filter
        .clauses
        .iter()
        .filter_map(|clause| match clause {
            Clause::Span(clause) => Some(span_clause(clause)),
            _ => None,
        })
        .collect();
    if tests.is_empty() {
        return None;
    }
    tests.sort_by_key(|(cost, _)| *cost);
    let mut conditions = vec![Sql::new(of_trace!("s.pk", "t.pk"))];
    if let Some(earliest) = filter.earliest_span_start() {
        let bound = nanos_number(earliest);
        // From 2^63 on times are negative, and later than all others.
        let starts = Sql::new("s.start_ns >= ").bind(bound);
        conditions.push(match bound {
            0.. => starts.push(" OR s.start_ns < 0").in_parentheses(),
            _ => starts.push(" AND s.start_ns < 0"),
        });
    }
    conditions.extend(tests.into_iter().map(|(_, test)| test));
    Some(Sql::new("EXISTS (SELECT 1 FROM spans AS s WHERE ").append(Sql::all(conditions)).push(")"))
}

/// A test of `spans AS s`, with a rank of what it costs.
fn span_clause(clause: &SpanClause) -> (u8, Sql) {
    match clause {
        SpanClause::Field { field: SpanField::Name, test } => (0, text(Sql::new("s.name"), test)),
        SpanClause::Field { field: SpanField::Type, test } => (0, text(Sql::new("s.type"), test)),
        SpanClause::Field { field: SpanField::Status, test } => (0, text(Sql::new("s.status"), test)),
        SpanClause::Content(ContentTest::Like(pattern)) => {
            (1, matches(Sql::new("candor_unpacked(s.content)"), &TextMatch::Like(pattern.clone())))
        }
        SpanClause::Content(ContentTest::ILike(pattern)) => {
            (1, matches(Sql::new("candor_unpacked(s.content)"), &TextMatch::ILike(pattern.clone())))
        }
        SpanClause::Field { field: SpanField::Attribute(key), test } => {
            let value = Sql::new("candor_attribute(").bind(key.clone()).push(", s.content)");
            (2, text(value, test))
        }
    }
}

//! Clauses about feedback and expectations.

use candor_filter::{AssessmentTest, TextMatch, ValueKind, equal_json_texts};
use candor_model::{AssessmentKind, ExperimentId};

use super::clauses;
use super::drivers::Driver;
use super::sql::Sql;
use crate::assessments::row::{HEAD, head};
use crate::convert::kind_code;

/// The condition on `traces AS t`, checked trace by trace.
///
/// What is said of a session counts when it was said in one of `experiments`.
pub(crate) fn condition(kind: ValueKind, name: &str, test: &AssessmentTest, experiments: &[ExperimentId]) -> Sql {
    let fulfilling = || named(kind, name).append(value(test));
    let own =
        Sql::new("EXISTS (SELECT 1 FROM assessments AS a INDEXED BY assessments_by_trace WHERE a.trace_pk = t.pk")
            .append(fulfilling())
            .push(")");
    let shared = Sql::new(
        " OR (t.session IS NOT NULL AND EXISTS (SELECT 1 FROM assessments AS a INDEXED BY assessments_for_session \
         WHERE a.session = t.session AND a.session IS NOT NULL AND a.experiment_id IN ",
    )
    .bind_experiments(experiments)
    .append(fulfilling())
    .push("))");
    let either = own.append(shared).in_parentheses();
    match test {
        AssessmentTest::IsNull { negated: false } => Sql::new("NOT ").append(either),
        _ => either,
    }
}

/// The traces of an experiment that fulfil the test, found from the assessments' side.
///
/// `None` for a test that traces without assessments fulfil. `inside` narrows the times of traces.
pub(crate) fn driver(
    experiment: i64,
    kind: ValueKind,
    name: &str,
    test: &AssessmentTest,
    inside: &[Sql],
    experiments: &[ExperimentId],
) -> Option<Driver> {
    if matches!(test, AssessmentTest::IsNull { negated: false }) {
        return None;
    }
    let heads = equal_heads(test);
    let entries_of = |heads: Option<Vec<String>>| {
        let mut entries = Sql::new(" FROM assessments AS a INDEXED BY assessments_by_value WHERE a.experiment_id = ")
            .bind(experiment)
            .append(named(kind, name));
        if let Some(heads) = heads {
            entries = entries.push(" AND a.value_head IN ").bind_texts(heads);
        }
        inside.iter().fold(entries, |entries, bound| entries.push(" AND a.trace_ms").append(bound.clone()))
    };
    let entries = entries_of(heads.clone());
    let mut shared = Sql::new(
        " FROM assessments AS a INDEXED BY assessments_for_session \
         CROSS JOIN traces AS other INDEXED BY traces_by_session ON other.session = a.session \
         WHERE a.session IS NOT NULL AND other.experiment_id = ",
    )
    .bind(experiment)
    .append(named(kind, name))
    .push(" AND a.experiment_id IN ")
    .bind_experiments(experiments);
    for bound in inside {
        shared = shared.push(" AND other.request_ms").append(bound.clone());
    }
    Some(Driver {
        entries: Sql::new("SELECT 1").append(entries.clone()).push(" UNION ALL SELECT 1").append(shared.clone()),
        traces: Sql::new("SELECT a.trace_pk")
            .append(entries)
            .append(value(test))
            .push(" UNION ALL SELECT other.pk")
            .append(shared)
            .append(value(test)),
        in_time_order: heads.into_iter().flatten().map(|head| entries_of(Some(vec![head]))).collect(),
        in_trace_order: false,
    })
}

fn named(kind: ValueKind, name: &str) -> Sql {
    let kind = match kind {
        ValueKind::Feedback => AssessmentKind::Feedback,
        ValueKind::Expectation => AssessmentKind::Expectation,
    };
    Sql::new(" AND a.valid = 1 AND a.kind = ").bind(kind_code(kind)).push(" AND a.name = ").bind(name.to_owned())
}

/// The condition on the value, with ` AND ` before it; nothing when any value will do.
fn value(test: &AssessmentTest) -> Sql {
    match test {
        AssessmentTest::IsNull { .. } => Sql::default(),
        AssessmentTest::Number { op, value } => {
            Sql::new(" AND a.value_num ").push(op.as_str()).push(" ").bind(value.as_f64())
        }
        AssessmentTest::Match(TextMatch::Eq(wanted)) => {
            let texts = equal_json_texts(wanted);
            // JSON texts are ASCII, so that a head below its full length is the whole text.
            let whole = texts.iter().all(|text| text.len() < HEAD);
            let column = if whole { " AND a.value_head IN " } else { " AND a.value_json IN " };
            Sql::new(column).bind_texts(texts)
        }
        AssessmentTest::Match(TextMatch::Ne(unwanted)) => {
            Sql::new(" AND a.value_json NOT IN ").bind_texts(equal_json_texts(unwanted))
        }
        AssessmentTest::Match(pattern) => Sql::new(" AND (")
            .append(clauses::matches(Sql::new("a.value_json"), pattern))
            .push(" OR ")
            .append(clauses::matches(Sql::new("a.value_text"), pattern))
            .push(")"),
    }
}

/// What the index has of the values that equal the literal.
fn equal_heads(test: &AssessmentTest) -> Option<Vec<String>> {
    match test {
        // Texts that are not ASCII equal none that is stored.
        AssessmentTest::Match(TextMatch::Eq(wanted)) => {
            Some(equal_json_texts(wanted).iter().map(|text| head(text).to_owned()).collect())
        }
        _ => None,
    }
}

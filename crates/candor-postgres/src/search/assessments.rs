//! Clauses about feedback and expectations.

use candor_filter::{AssessmentTest, TextMatch, ValueKind, equal_json_texts};
use candor_model::{AssessmentKind, ExperimentId};

use super::clauses::Condition;
use super::sql::{Sql, Value};
use crate::convert::{experiment_numbers, kind_code};

/// The length of what the index has of values, in characters.
const HEAD: usize = 100;

/// The condition on `traces AS t`, checked trace by trace.
///
/// What is said of a session counts when it was said in one of `experiments`.
pub(super) fn condition(kind: ValueKind, name: &str, test: &AssessmentTest, experiments: &[ExperimentId]) -> Condition {
    let (value, exact) = value(test);
    let fulfilling = || named(kind, name).append(value.clone());
    let own = Sql::new("EXISTS (SELECT 1 FROM assessments AS a WHERE a.trace_id = t.trace_id AND a.month = t.month")
        .append(fulfilling())
        .push(")");
    let shared = Sql::new(
        " OR (t.session IS NOT NULL AND EXISTS (SELECT 1 FROM assessments AS a WHERE a.session = t.session \
         AND a.experiment_id = ANY(",
    )
    .bind(Value::Ints(experiment_numbers(experiments)))
    .push(")")
    .append(fulfilling())
    .push("))");
    let either = own.append(shared).in_parentheses();
    let sql = match test {
        AssessmentTest::IsNull { negated: false } => Sql::new("NOT ").append(either),
        _ => either,
    };
    Condition { sql, exact }
}

/// The traces that fulfil the test, with their months, found from the assessments' side: a list that
/// may be long.
///
/// `None` for a test that traces without assessments fulfil.
pub(super) fn traces(kind: ValueKind, name: &str, test: &AssessmentTest, experiments: &[ExperimentId]) -> Option<Sql> {
    if matches!(test, AssessmentTest::IsNull { negated: false }) {
        return None;
    }
    let (value, _) = value(test);
    let inside = || Sql::new("a.experiment_id = ANY(").bind(Value::Ints(experiment_numbers(experiments))).push(")");
    let own = Sql::new("SELECT a.trace_id, a.month FROM assessments AS a WHERE ")
        .append(inside())
        .append(named(kind, name))
        .append(value.clone());
    let shared = Sql::new(
        " UNION ALL SELECT o.trace_id, o.month FROM assessments AS a JOIN traces AS o ON o.session = a.session \
         WHERE a.session IS NOT NULL AND ",
    )
    .append(inside())
    .append(named(kind, name))
    .append(value);
    Some(own.append(shared))
}

fn named(kind: ValueKind, name: &str) -> Sql {
    let kind = match kind {
        ValueKind::Feedback => AssessmentKind::Feedback,
        ValueKind::Expectation => AssessmentKind::Expectation,
    };
    let kind = Value::Int(kind_code(kind).into());
    Sql::new(" AND a.valid AND a.kind = ").bind(kind).push("::smallint AND a.name = ").bind_text(name)
}

/// The condition on the value, with ` AND ` before it, and whether it is exact; nothing when any
/// value will do.
fn value(test: &AssessmentTest) -> (Sql, bool) {
    let sql = match test {
        AssessmentTest::IsNull { .. } => Sql::default(),
        AssessmentTest::Number { op, value } => {
            Sql::new(" AND a.value_num ").push(op.as_str()).push(" ").bind(Value::Float(value.as_f64()))
        }
        AssessmentTest::Match(TextMatch::Eq(wanted)) => {
            let texts = equal_json_texts(wanted);
            // JSON texts are ASCII.
            let heads: Vec<String> = texts.iter().map(|text| text.get(..HEAD).unwrap_or(text).to_owned()).collect();
            Sql::new(" AND left(a.value_json, 100) = ANY(")
                .bind_texts(&heads)
                .push(") AND a.value_json = ANY(")
                .bind_texts(&texts)
                .push(")")
        }
        AssessmentTest::Match(TextMatch::Ne(unwanted)) => {
            Sql::new(" AND a.value_json <> ALL(").bind_texts(&equal_json_texts(unwanted)).push(")")
        }
        // They match the decoded text, too.
        AssessmentTest::Match(_) => return (Sql::new(" AND a.value_json IS NOT NULL"), false),
    };
    (sql, true)
}

use crate::{AssessmentTest, Clause, KeyTest, SpanClause, SpanField, TextMatch};

/// Why an MLflow server, sent this clause as text, would not find what the clause says; `None` when it
/// finds just that.
///
/// A client of MLflow refuses such a clause, or evaluates it itself.
pub fn mlflow_misreads(clause: &Clause) -> Option<&'static str> {
    match clause {
        Clause::Tag { key, .. } | Clause::Metadata { key, .. } if is_alias(key) => Some(ALIAS),
        Clause::Assessment { name, .. } if is_alias(name) => Some(ALIAS),
        Clause::Assessment { test: AssessmentTest::Match(comparison), .. } => match comparison {
            TextMatch::Eq(value) | TextMatch::Ne(value) => {
                let known = crate::equal_json_texts(value).len() <= 2;
                if known { None } else { Some("MLflow compares the value's JSON text only") }
            }
            _ => Some("MLflow matches patterns with the value's JSON text only"),
        },
        Clause::Span(SpanClause::Field { field: SpanField::Attribute(_), .. }) => {
            Some("MLflow looks for span attributes with a text search")
        }
        Clause::RunId(KeyTest::Match(TextMatch::Eq(run))) if run.is_empty() => {
            Some("MLflow ignores the comparison with an empty run_id")
        }
        _ => None,
    }
}

const ALIAS: &str = "MLflow takes this key for a field of the trace, whatever its prefix";

/// Keys that MLflow replaces in any namespace but that of spans.
fn is_alias(key: &str) -> bool {
    ["name", "prompt", "run_id", "text"].iter().any(|alias| key.eq_ignore_ascii_case(alias))
        || ["timestamp", "execution_time", "end_time"].iter().any(|alias| key.eq_ignore_ascii_case(alias))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TraceFilter;

    #[track_caller]
    fn check(filter: &str, misread: bool) {
        let filter = TraceFilter::parse(filter).unwrap();
        assert_eq!(mlflow_misreads(&filter.clauses[0]).is_some(), misread, "{filter}");
    }

    #[test]
    fn what_differs_from_mlflow_is_known() {
        check("name = 'x'", false);
        check("tags.name = 'x'", true);
        check("feedback.Text = 'x'", true);
        check("tags.end_time = 'x'", true);
        check("metadata.run_id IS NULL", true);
        check("feedback.correct = 'true'", false);
        check("feedback.correct = 'yes'", false);
        check("feedback.rating = '5'", true);
        check("feedback.rating = '5.0'", true);
        check("feedback.rating > 5", false);
        check("feedback.comment LIKE 'x%'", true);
        check("span.name = 'name'", false);
        check("span.attributes.name = 'x'", true);
        check("run_id = ''", true);
        check("run_id = 'a'", false);
    }
}

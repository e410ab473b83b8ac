//! What is not asked, since the two servers differ on purpose.

use candor_filter::{Clause, ContentTest, KeyTest, SpanClause, TextMatch, TraceFilter, mlflow_misreads};

/// Why MLflow would not find what the filter says; `None` when it should.
pub(super) fn misread(filter: &TraceFilter) -> Option<&'static str> {
    let of_a_clause = |clause: &Clause| mlflow_misreads(clause).or_else(|| misread_here(clause));
    let mut clauses = filter.clauses.iter();
    clauses.find_map(of_a_clause).or_else(|| two_runs(filter))
}

fn misread_here(clause: &Clause) -> Option<&'static str> {
    match clause {
        Clause::Span(SpanClause::Content(ContentTest::Like(pattern) | ContentTest::ILike(pattern)))
            if !is_own_text(pattern) =>
        {
            Some("MLflow searches in other JSON of the span")
        }
        _ => None,
    }
}

/// Whether it can stand in the span's own texts only.
///
/// The servers search in JSON that they made of the span, each with keys, ids and escapes of its own.
/// None of these has apostrophes or letters beyond ASCII.
fn is_own_text(pattern: &str) -> bool {
    let text = pattern.trim_matches('%');
    text.contains(|c: char| c == '\'' || !c.is_ascii()) && !text.contains(['%', '_', '"', '\\', '\n'])
}

/// MLflow keeps one run only, the last that the filter names.
fn two_runs(filter: &TraceFilter) -> Option<&'static str> {
    let equal_run = |clause: &&Clause| matches!(clause, Clause::RunId(KeyTest::Match(TextMatch::Eq(_))));
    let several = filter.clauses.iter().filter(equal_run).count() > 1;
    several.then_some("MLflow looks at the last comparison with a run_id only")
}

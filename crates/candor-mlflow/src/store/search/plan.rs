//! Which part of a filter MLflow answers right, and which part is checked here.

use candor_filter::{
    AssessmentTest, Clause, ContentTest, KeyTest, Number, NumberField, SpanClause, SpanField, TextMatch, TextTest,
    TraceFilter, mlflow_misreads,
};

/// How a filter is answered.
#[derive(Debug)]
pub(super) struct Plan {
    /// What the server is asked: it finds all that fits, and maybe more. `None` asks for everything.
    pub(super) text: Option<String>,
    /// What is then checked here.
    pub(super) check: TraceFilter,
    /// Comparisons with further runs, each to be asked of the server alone.
    pub(super) further_runs: Vec<String>,
    /// Whether an assessment must be absent, which those of the session may spoil.
    pub(super) asks_for_absence: bool,
}

impl Plan {
    pub(super) fn of(filter: &TraceFilter) -> Self {
        let mut plan =
            Self { text: None, check: TraceFilter::default(), further_runs: Vec::new(), asks_for_absence: false };
        let mut asked: Vec<String> = Vec::new();
        let mut asks_for_run = false;
        let check_spans =
            filter.clauses.iter().any(|clause| matches!(clause, Clause::Span(clause) if !is_exact_span(clause)));
        for clause in &filter.clauses {
            let part = Part::of(clause);
            let run = matches!(clause, Clause::RunId(KeyTest::Match(TextMatch::Eq(_))));
            match part.asked {
                Some(text) if run && asks_for_run => plan.further_runs.push(text),
                Some(text) => {
                    asks_for_run |= run;
                    asked.push(text);
                }
                None => {}
            }
            asked.extend(part.asked_too);
            // All conditions on spans hold for one span, so they are checked together, and with the
            // time that tells which spans count.
            let concerns_spans =
                matches!(clause, Clause::Span(_) | Clause::Number { field: NumberField::TimestampMs, .. });
            if part.check || (check_spans && concerns_spans) {
                plan.check.clauses.push(clause.clone());
            }
            plan.asks_for_absence |=
                matches!(clause, Clause::Assessment { test: AssessmentTest::IsNull { negated: false }, .. });
        }
        plan.text = (!asked.is_empty()).then(|| asked.join(" AND "));
        plan
    }
}

/// How one clause is answered.
#[derive(Default)]
struct Part {
    asked: Option<String>,
    asked_too: Vec<String>,
    check: bool,
}

impl Part {
    fn of(clause: &Clause) -> Self {
        match clause {
            Clause::Assessment { .. } => Self::of_assessment(clause),
            Clause::Span(span) => Self::of_span(span, clause),
            // A running trace has a negative duration on the server.
            Clause::Number { field: NumberField::ExecutionTimeMs, .. } => Self { check: true, ..Self::asking(clause) },
            Clause::Number { value, .. } if !fits_server(*value) => Self { check: true, ..Self::default() },
            _ if mlflow_misreads(clause).is_some() => Self { check: true, ..Self::default() },
            _ => Self::asking(clause),
        }
    }

    fn asking(clause: &Clause) -> Self {
        let asked = text_of(clause);
        Self { check: asked.is_none(), asked, asked_too: Vec::new() }
    }

    /// Which verdicts count is known here only: the server counts withdrawn ones.
    fn of_assessment(clause: &Clause) -> Self {
        let Clause::Assessment { kind, name, test } = clause else { return Self::default() };
        let asked = match test {
            AssessmentTest::IsNull { negated: false } => None,
            _ if is_alias(name) => None,
            _ if mlflow_misreads(clause).is_some() => {
                let test = AssessmentTest::IsNull { negated: true };
                text_of(&Clause::Assessment { kind: *kind, name: name.clone(), test })
            }
            _ => text_of(clause),
        };
        Self { asked, check: true, asked_too: Vec::new() }
    }

    fn of_span(span: &SpanClause, clause: &Clause) -> Self {
        match span {
            SpanClause::Field { field: SpanField::Attribute(key), test } => {
                let value = match test {
                    TextTest::Match(TextMatch::Eq(value)) => Some(value.as_str()),
                    _ => None,
                };
                let asked_too = std::iter::once(key.as_str()).chain(value).filter(|text| is_plain(text));
                let asked_too = asked_too.map(|text| format!("span.content LIKE '%{text}%'")).collect();
                Self { asked: None, asked_too, check: true }
            }
            SpanClause::Content(test) if !is_telling(test) => Self { check: true, ..Self::default() },
            SpanClause::Content(_) => Self { check: true, ..Self::asking(clause) },
            SpanClause::Field { .. } => Self::asking(clause),
        }
    }
}

/// The clause as MLflow reads it; `None` when it has no way to write it.
pub(in crate::store) fn text_of(clause: &Clause) -> Option<String> {
    TraceFilter { clauses: vec![clause.clone()] }.to_text().ok()
}

/// Whether MLflow takes the key for a field of the trace.
pub(in crate::store) fn is_alias(key: &str) -> bool {
    mlflow_misreads(&Clause::Tag { key: key.to_owned(), test: KeyTest::IsNull { negated: true } }).is_some()
}

fn is_exact_span(clause: &SpanClause) -> bool {
    matches!(clause, SpanClause::Field { field, .. } if !matches!(field, SpanField::Attribute(_)))
}

/// Whether the server can compare with it: it keeps 64-bit integers and fails beyond.
fn fits_server(value: Number) -> bool {
    match value {
        Number::Int(_) => true,
        Number::Float(number) => number.abs() < 9.0e18,
    }
}

/// Whether the text stands in MLflow's JSON of a span as it stands in the span.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || " .:/@#-".contains(c))
}

/// Whether what the pattern looks for can only be a text of the span's own, and not a key, an id or
/// a number of the JSON around it, which MLflow writes otherwise than we do.
fn is_telling(test: &ContentTest) -> bool {
    let (ContentTest::Like(pattern) | ContentTest::ILike(pattern)) = test;
    let Some(text) = pattern.strip_prefix('%').and_then(|rest| rest.strip_suffix('%')) else { return false };
    let text_lower = text.to_ascii_lowercase();
    is_plain(text) && text_lower.contains(|c: char| ('g'..='z').contains(&c)) && !AROUND.contains(&text_lower)
}

/// What [`candor_filter::span_text`] writes around a span's own texts, in lower case.
const AROUND: &str = "name kind client server producer consumer internal unspecified status code error message \
                      attributes events time_unix_nano links trace_id tr- span_id $bytes $double true false null nan inf";

#[cfg(test)]
mod tests;

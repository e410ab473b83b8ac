use super::*;
use crate::{AssessmentTest, CompareOp, ContentTest, Inequality, KeyTest, Number, Pattern, TextMatch, TextTest};
use proptest::prelude::*;

fn eq(text: &str) -> TextMatch {
    TextMatch::Eq(text.into())
}

#[track_caller]
fn check(text: &str, expected: Clause) {
    assert_eq!(TraceFilter::parse(text), Ok(TraceFilter { clauses: vec![expected] }), "{text}");
}

#[track_caller]
fn check_error(text: &str, expected: &str) {
    assert_eq!(TraceFilter::parse(text).unwrap_err().to_string(), expected, "{text}");
}

#[test]
fn no_text_is_no_filter_and_blanks_are_an_error() {
    assert_eq!(TraceFilter::parse(""), Ok(TraceFilter::default()));
    check_error("  ", "the filter consists of blanks, leave it empty to match everything at column 1");
}

#[test]
fn numbers_of_the_trace_take_numbers() {
    let number = |field, op, value| Clause::Number { field, op, value };
    let greater = CompareOp::Order(Inequality::Gt);
    check("timestamp > 5", number(NumberField::TimestampMs, greater, Number::Int(5)));
    check("trace.timestamp > 5.5", number(NumberField::TimestampMs, greater, Number::Float(5.5)));
    check("`timestamp` > 5.5", number(NumberField::TimestampMs, greater, Number::Float(5.5)));
    check("timestamp_ms > '5'", number(NumberField::TimestampMs, greater, Number::Int(5)));
    check("attributes.execution_time != 1e3", number(NumberField::ExecutionTimeMs, CompareOp::Ne, Number::Float(1e3)));
    check("end_time = 0", number(NumberField::EndTimeMs, CompareOp::Eq, Number::Int(0)));
    check_error("timestamp > 5.5", "timestamp takes an unquoted integer, got 5.5 at column 13");
    check_error("timestamp_ms > 'inf'", "timestamp_ms takes a number of milliseconds, got 'inf' at column 16");
    check_error(
        "timestamp_ms LIKE '5'",
        "timestamp_ms has no comparator LIKE at column 14; allowed: !=, <, <=, =, >, >=",
    );
    check_error("end_time > 9223372036854775808", "the number 9223372036854775808 is out of range at column 12");
}

#[test]
fn texts_of_the_trace_take_texts_and_lists() {
    let attribute = |field, test| Clause::Attribute { field, test };
    check("status = 'OK'", attribute(AttributeField::Status, TextTest::Match(eq("OK"))));
    let values = vec!["a".into(), "b".into()];
    check("request_id not in ('a', 'b')", attribute(AttributeField::TraceId, TextTest::In { negated: true, values }));
    let pattern = TextMatch::RLike(Pattern::new("^a"));
    check("trace.client_request_id rlike \"^a\"", attribute(AttributeField::ClientRequestId, TextTest::Match(pattern)));
    check_error("status = 5", "status takes a quoted text, got 5 at column 10");
    check_error(
        "trace_id = 'x'",
        &format!("unknown field \"trace_id\", use request_id at column 1; allowed: {}", ATTRIBUTES.join(", ")),
    );
    check_error(
        "client_request_id IS NULL",
        "client_request_id has no comparator IS NULL at column 19; allowed: !=, =, ILIKE, IN, LIKE, NOT IN, RLIKE",
    );
}

#[test]
fn aliases_hold_without_prefix_only() {
    let x = || KeyTest::Match(eq("x"));
    let key = |key: &str| key.to_owned();
    check("name = 'x'", Clause::Name(x()));
    check("attribute.name = 'x'", Clause::Name(x()));
    check("tags.mlflow.traceName = 'x'", Clause::Name(x()));
    check("tags.name = 'x'", Clause::Tag { key: key("name"), test: x() });
    check("run_id = 'x'", Clause::RunId(x()));
    check("metadata.`mlflow.sourceRun` = 'x'", Clause::RunId(x()));
    check("request_metadata.run_id = 'x'", Clause::Metadata { key: key("run_id"), test: x() });
    check("trace.prompt = 'p/2'", Clause::Prompt { name: key("p"), version: key("2") });
    check("tags.prompt = 'x'", Clause::Tag { key: key("prompt"), test: x() });
    let content = || Clause::Span(SpanClause::Content(ContentTest::ILike("%x%".into())));
    check("trace.text ILIKE '%x%'", content());
    check("`text` ilike '%x%'", content());
    check("span.content ILIKE '%x%'", content());
    let test = AssessmentTest::Match(eq("x"));
    check("feedback.name = 'x'", Clause::Assessment { kind: ValueKind::Feedback, name: key("name"), test });
    check_error("text ILIKE '%x%'", "text needs its prefix: trace.text at column 1");
    check_error("prompt = 'p'", "prompt takes a text of the form 'name/version' at column 10");
    check_error("prompt = 'p/1/2'", "prompt takes a text of the form 'name/version' at column 10");
    check_error("prompt != 'p/1'", "prompt has no comparator != at column 8; allowed: =");
    check_error(
        "name IN ('x')",
        "name has no comparator IN at column 6; allowed: !=, =, ILIKE, IS NOT NULL, IS NULL, LIKE, RLIKE",
    );
}

#[test]
fn tags_and_metadata_may_be_absent() {
    let absent = KeyTest::IsNull { negated: false };
    check("tag.`a b` is null", Clause::Tag { key: "a b".into(), test: absent.clone() });
    let session = "mlflow.trace.session".to_owned();
    check(
        "metadata.mlflow.trace.session is not null",
        Clause::Metadata { key: session, test: KeyTest::IsNull { negated: true } },
    );
    check("metadata.mlflow.trace.cost IS NULL", Clause::Metadata { key: keys::COST.into(), test: absent });
    check_error(
        "metadata.mlflow.trace.cost LIKE '%'",
        "metadata.mlflow.trace.cost has no comparator LIKE at column 28; allowed: !=, =, IS NOT NULL, IS NULL",
    );
    check_error("tags.a = 5", "tags.a takes a quoted text, got 5 at column 10");
    check_error(
        "trace_metadata.a = 'x'",
        &format!("unknown prefix \"trace_metadata\" at column 1; allowed: {}", PREFIXES.join(", ")),
    );
}

#[test]
fn spans_are_asked_for_their_fields() {
    let field = |field, test| Clause::Span(SpanClause::Field { field, test: TextTest::Match(test) });
    check("span.name like 'a%'", field(SpanField::Name, TextMatch::Like("a%".into())));
    check("span.type != 'LLM'", field(SpanField::Type, TextMatch::Ne("LLM".into())));
    check("span.status = 'ERROR'", field(SpanField::Status, eq("ERROR")));
    check("span.attributes.a.b = 'x'", field(SpanField::Attribute("a.b".into()), eq("x")));
    check("span.attributes.`a b` = 'x'", field(SpanField::Attribute("a b".into()), eq("x")));
    check_error("span.attributes. = 'x'", "span.attributes needs a key at column 6");
    check_error(
        "span.kind = 'x'",
        "unknown field of a span \"kind\" at column 6; allowed: attributes.<key>, content, name, status, type",
    );
    check_error("span.content = 'x'", "span.content has no comparator = at column 14; allowed: ILIKE, LIKE");
}

#[test]
fn assessments_take_texts_or_numbers_by_comparator() {
    let feedback = |test| Clause::Assessment { kind: ValueKind::Feedback, name: "a.b".into(), test };
    check("feedback.a.b = 'x'", feedback(AssessmentTest::Match(eq("x"))));
    check("feedback.`a.b` <= -.5", feedback(AssessmentTest::Number { op: Inequality::Le, value: Number::Float(-0.5) }));
    check("feedback.a.b IS NOT NULL", feedback(AssessmentTest::IsNull { negated: true }));
    let test = AssessmentTest::Match(eq("x"));
    check("expectation.\"a b\" = 'x'", Clause::Assessment { kind: ValueKind::Expectation, name: "a b".into(), test });
    check("issue.id = 'x'", Clause::Issue { id: "x".into() });
    check_error(
        "feedback.a = 5",
        "feedback.a takes a quoted text with = (also for a number: = '5'), got 5 at column 14",
    );
    check_error("feedback.a > '5'", "feedback.a takes an unquoted number with >, got '5' at column 14");
    check_error("feedback.a >= ('5')", "a list needs the comparator IN or NOT IN at column 15");
    check_error("issue.name = 'x'", "unknown field of an issue \"name\" at column 7; allowed: id");
    check_error("issue.id != 'x'", "issue.id has no comparator != at column 10; allowed: =");
}

#[test]
fn what_is_no_clause_is_pointed_at() {
    check_error("status = 'OK' OR name = 'x'", "OR is not supported, only clauses joined by AND at column 15");
    check_error("(status = 'OK')", "parentheses are not supported, only clauses joined by AND at column 1");
    check_error("status = OK", "expected a quoted text or a number, got OK: put texts in ' or \" at column 10");
    check_error("status = `OK`", "back-quotes are for keys, put the text in ' or \" at column 10");
    check_error("status = 'OK'; ", "expected a field such as status or tags.`my key` at column 14");
    let comparators = "!=, <, <=, =, >, >=, ILIKE, IN, IS NOT NULL, IS NULL, LIKE, NOT IN, RLIKE";
    check_error("name NOT LIKE 'x'", &format!("unknown comparator \"NOT LIKE\" at column 6; allowed: {comparators}"));
    check_error("name == 'x'", &format!("unknown comparator \"==\" at column 6; allowed: {comparators}"));
    check_error("é", &format!("expected a comparator at column 2; allowed: {comparators}"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn parsing_never_panics(text in "((trace|tags|feedback|span|status|timestamp|name|[a-z]{1,3}|\\PC|[.`'\"\\\\(), =<>!-]|AND|IN|IS NULL|LIKE|[0-9e.]{1,4}) ?){0,12}") {
        let _ = TraceFilter::parse(&text);
        let _ = crate::ExperimentFilter::parse(&text);
        let _ = crate::OrderBy::parse_list(std::slice::from_ref(&text));
        let _ = crate::ExperimentOrderBy::parse_list(std::slice::from_ref(&text));
    }
}

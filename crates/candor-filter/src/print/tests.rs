use super::*;
use crate::{AttributeField, CompareOp, Inequality, Number, NumberField, Pattern, ValueKind};
use candor_model::keys;
use proptest::prelude::*;

#[track_caller]
fn check(written: &str, printed: &str) {
    let filter = TraceFilter::parse(written).unwrap();
    assert_eq!(filter.to_string(), printed);
    assert_eq!(filter.to_text().as_deref(), Ok(printed));
}

#[test]
fn filters_are_printed_in_one_way() {
    check("", "");
    check("AND", "");
    check("trace.timestamp>=5 name='x'", "timestamp_ms >= 5 AND name = 'x'");
    check("timestamp_ms > 1e3", "timestamp_ms > 1000.0");
    check("timestamp_ms > 1e30", "timestamp_ms > 1e30");
    check("trace.text like '%a%'", "span.content LIKE '%a%'");
    check("request_metadata.a is null", "metadata.a IS NULL");
    check("status in (\"a\",'b')", "status IN ('a', 'b')");
}

#[test]
fn keys_are_quoted_unless_every_tokenizer_takes_them() {
    check("tags.a.b_1 = ''", "tags.a.b_1 = ''");
    check("tags.`a-b` = ''", "tags.`a-b` = ''");
    check("tags.'`' = ''", "tags.\"`\" = ''");
    check("tags.values = ''", "tags.`values` = ''");
    check("tags.1 = ''", "tags.`1` = ''");
    check("span.attributes.\"a b\" = ''", "span.attributes.`a b` = ''");
}

#[test]
fn values_get_the_quotes_that_do_not_occur() {
    check("name = \"it's\"", "name = \"it's\"");
    check("name = 'say \"x\"'", "name = 'say \"x\"'");
    check("name = 'it''s \"x\"'", "name = 'it''s \"x\"'");
    check(r#"status IN ("it's", 'a"', 'a\'"\\', 'a\n')"#, r#"status IN ("it's", 'a"', 'a\x27"\x5c', 'a\x0a')"#);
    check(r"name = 'x\'", r"name = 'x\'");
}

#[test]
fn what_cannot_be_written_is_told() {
    let name = |text: &str| Clause::Name(KeyTest::Match(TextMatch::Eq(text.into())));
    for clauses in [
        vec![name("'\"")],
        vec![name("x\\"), name("y")],
        vec![Clause::Tag { key: "`'\"".into(), test: KeyTest::IsNull { negated: false } }],
    ] {
        assert!(TraceFilter { clauses }.to_text().is_err());
    }
}

fn value() -> impl Strategy<Value = String> {
    let text = "[a-zA-Z0-9 %_é😀.,()=\\n-]{0,6}[\\\\a]?[a-z'\"]?";
    text.prop_map(|text| if text.ends_with('\\') { format!("{text}.") } else { text })
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_.]{1,5}",
        "[a-zA-Z0-9_. /:'\"é-]{1,6}[a-z`]?".prop_filter("one quote too many", |key| {
            ['`', '"', '\''].iter().any(|quote| fits_in_quotes(key, *quote))
        })
    ]
}

fn comparison() -> impl Strategy<Value = TextMatch> {
    prop_oneof![
        value().prop_map(TextMatch::Eq),
        value().prop_map(TextMatch::Ne),
        value().prop_map(TextMatch::Like),
        value().prop_map(TextMatch::ILike),
        value().prop_map(|source| TextMatch::RLike(Pattern::new(source))),
    ]
}

fn text_test() -> impl Strategy<Value = TextTest> {
    let list = prop::collection::vec("\\PC{0,4}[\\\\'\"\\n\\t\\x00]{0,2}", 1..4);
    prop_oneof![
        comparison().prop_map(TextTest::Match),
        (any::<bool>(), list).prop_map(|(negated, values)| TextTest::In { negated, values }),
    ]
}

fn key_test() -> impl Strategy<Value = KeyTest> {
    prop_oneof![comparison().prop_map(KeyTest::Match), any::<bool>().prop_map(|negated| KeyTest::IsNull { negated }),]
}

fn number() -> impl Strategy<Value = Number> {
    let finite = any::<f64>().prop_filter("finite", |float| float.is_finite());
    prop_oneof![any::<i64>().prop_map(Number::Int), finite.prop_map(Number::Float)]
}

fn inequality() -> impl Strategy<Value = Inequality> {
    prop::sample::select(vec![Inequality::Gt, Inequality::Ge, Inequality::Lt, Inequality::Le])
}

fn clause() -> impl Strategy<Value = Clause> {
    let number_field =
        prop::sample::select(vec![NumberField::TimestampMs, NumberField::ExecutionTimeMs, NumberField::EndTimeMs]);
    let attribute_field =
        prop::sample::select(vec![AttributeField::Status, AttributeField::TraceId, AttributeField::ClientRequestId]);
    let op = prop_oneof![Just(CompareOp::Eq), Just(CompareOp::Ne), inequality().prop_map(CompareOp::Order)];
    let span_field = prop_oneof![
        Just(SpanField::Name),
        Just(SpanField::Type),
        Just(SpanField::Status),
        key().prop_map(SpanField::Attribute)
    ];
    let content = prop_oneof![value().prop_map(ContentTest::Like), value().prop_map(ContentTest::ILike)];
    let assessment = prop_oneof![
        comparison().prop_map(AssessmentTest::Match),
        (inequality(), number()).prop_map(|(op, value)| AssessmentTest::Number { op, value }),
        any::<bool>().prop_map(|negated| AssessmentTest::IsNull { negated }),
    ];
    let kind = prop::sample::select(vec![ValueKind::Feedback, ValueKind::Expectation]);
    prop_oneof![
        (number_field, op, number()).prop_map(|(field, op, value)| Clause::Number { field, op, value }),
        (attribute_field, text_test()).prop_map(|(field, test)| Clause::Attribute { field, test }),
        key_test().prop_map(Clause::Name),
        key_test().prop_map(Clause::RunId),
        (key(), key_test()).prop_map(|(key, test)| Clause::Tag { key, test }),
        (key(), key_test()).prop_map(|(key, test)| Clause::Metadata { key, test }),
        Just(Clause::Metadata { key: keys::COST.into(), test: KeyTest::IsNull { negated: true } }),
        ("[a-z']{0,4}", "[0-9a-z]{0,2}").prop_map(|(name, version)| Clause::Prompt { name, version }),
        (span_field, text_test()).prop_map(|(field, test)| Clause::Span(SpanClause::Field { field, test })),
        content.prop_map(|test| Clause::Span(SpanClause::Content(test))),
        (kind, key(), assessment).prop_map(|(kind, name, test)| Clause::Assessment { kind, name, test }),
        value().prop_map(|id| Clause::Issue { id }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn what_is_printed_is_read_back(clauses in prop::collection::vec(clause(), 0..5)) {
        let filter = TraceFilter { clauses };
        let printed = filter.to_string();
        prop_assert_eq!(TraceFilter::parse(&printed), Ok(filter), "{}", printed);
    }
}

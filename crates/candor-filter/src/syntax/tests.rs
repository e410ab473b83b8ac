use super::*;
use proptest::prelude::*;

#[track_caller]
fn check_number(text: &str, expected: Option<Number>) {
    let filter = format!("x > {text}");
    let number = clauses(&filter).ok().map(|clauses| match clauses.as_slice() {
        [RawClause { literal: Literal::Number(number), .. }] => *number,
        other => panic!("{other:?}"),
    });
    assert_eq!(number, expected, "{text}");
}

#[test]
fn numbers_are_those_of_mlflow() {
    check_number("5", Some(Number::Int(5)));
    check_number("-5", Some(Number::Int(-5)));
    check_number("5.5", Some(Number::Float(5.5)));
    check_number("5.", Some(Number::Float(5.0)));
    check_number(".5", Some(Number::Float(0.5)));
    check_number("-.5", Some(Number::Float(-0.5)));
    check_number("1e3", Some(Number::Float(1000.0)));
    check_number("1.5E-3", Some(Number::Float(0.0015)));
    for refused in ["+5", "- 5", "--5", "0x10", "1_000", "5a", "1+1", "1e+3", "1e", ".", "-", "5é", "1.2.3", "1e3e4"] {
        check_number(refused, None);
    }
    for out_of_range in ["99999999999999999999", "1e400"] {
        check_number(out_of_range, None);
    }
}

#[track_caller]
fn check_list(text: &str, expected: Option<&[&str]>) {
    let filter = format!("x IN {text}");
    let list = clauses(&filter).ok().map(|clauses| match clauses.as_slice() {
        [RawClause { literal: Literal::List(items), .. }] => items.clone(),
        other => panic!("{other:?}"),
    });
    let expected = expected.map(|items| items.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(list, expected, "{text}");
}

#[test]
fn lists_hold_pythons_string_literals() {
    check_list("('a')", Some(&["a"]));
    check_list("( 'a' , \"b\",)", Some(&["a", "b"]));
    check_list(r"('it\'s', 'a\nb\t\\', '\x41\u00e9\101\q')", Some(&["it's", "a\nb\t\\", "AéA\\q"]));
    check_list("('a' \"b\" 'c')", Some(&["abc"]));
    check_list("('O''K')", Some(&["OK"]));
    check_list("(\"it's\", 'é(')", Some(&["it's", "é("]));
    for refused in
        ["()", "'a'", "(1)", "('a' b)", "('a'", "('a", "('a\\", "('\\ud800')", "('\\x4')", "('a\nb')", "(('a'))"]
    {
        check_list(refused, None);
    }
}

#[test]
fn any_number_of_ands_joins_clauses() {
    for (text, count) in [
        ("AND", 0),
        ("a=1 b=2", 2),
        ("a=1 and AND b=2 AND", 2),
        ("a='x'AND b='y'c='z'", 3),
        ("\u{3000}a\u{a0}= 1\nAND\tb = 2 ", 2),
        ("and.x = 1", 1),
    ] {
        assert_eq!(clauses(text).unwrap().len(), count, "{text}");
    }
}

#[track_caller]
fn check_subject(text: &str, expected: Option<(Option<&str>, &str)>) {
    let filter = format!("{text} = 1");
    let clauses = clauses(&filter).ok();
    let subject = clauses.as_ref().and_then(|clauses| clauses.first()).map(|clause| &clause.subject);
    assert_eq!(subject.map(|subject| (subject.prefix.as_deref(), subject.key.as_str())), expected, "{text}");
}

#[test]
fn keys_are_bare_or_quoted_as_a_whole() {
    check_subject("status", Some((None, "status")));
    check_subject("`a b`", Some((None, "a b")));
    check_subject("\"a b\"", Some((None, "a b")));
    check_subject("tags.a.b_1", Some((Some("tags"), "a.b_1")));
    check_subject("`tags`.`a b`", Some((Some("tags"), "a b")));
    check_subject("tags.\"it's\"", Some((Some("tags"), "it's")));
    check_subject("tags.'a \"b\"'", Some((Some("tags"), "a \"b\"")));
    check_subject("tags.ключ", Some((Some("tags"), "ключ")));
    check_subject("tags.", Some((Some("tags"), "")));
    check_subject("metadata.``", Some((Some("metadata"), "")));
    check_subject("tags..a.", Some((Some("tags"), ".a.")));
    check_subject("span.attributes.`a b`", Some((Some("span"), "attributes.a b")));
    check_subject("span.`attributes.a b`", Some((Some("span"), "attributes.a b")));
    for refused in [
        "'a'",
        "\"tags\".a",
        "span.",
        "feedback.",
        "tags. a",
        "tags .a",
        "feedback.``",
        "tags.`a`b",
        "tags.`a`.b",
        "tags.a.`b`",
    ] {
        check_subject(refused, None);
    }
    for refused in ["tags.a-b", "tags.a/b", "tags.a:b", "tags.a$b", "tags.a#b", "tags.`a", "(a", "NOT a", "?"] {
        check_subject(refused, None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn reading_never_panics(text in "([a-z]{1,3}|[.`'\"\\\\(), =<>!-]|AND|IN|IS|NOT|NULL|LIKE|[0-9e.]{1,4}|\\PC){0,20}") {
        if let Err(error) = clauses(&text) {
            prop_assert!(error.column <= text.chars().count() + 1);
            prop_assert_eq!(error.pointer().lines().count(), 2);
        }
        let _ = order_item(&text);
    }

    #[test]
    fn what_fits_in_quotes_comes_back(content in "[a'\"`\\\\é]{0,8}", quote in prop::sample::select(vec!['\'', '"', '`'])) {
        let filter = format!("a.{quote}{content}{quote} = '\"`'");
        if fits_in_quotes(&content, quote) && !content.is_empty() {
            let clauses = clauses(&filter).unwrap();
            prop_assert_eq!(&clauses[0].subject.key, &content);
        }
    }
}

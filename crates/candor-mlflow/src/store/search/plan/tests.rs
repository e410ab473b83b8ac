use super::*;

#[track_caller]
fn check(filter: &str, asked: Option<&str>, checked: &str) {
    let plan = Plan::of(&TraceFilter::parse(filter).unwrap());
    assert_eq!((plan.text.as_deref(), plan.check.to_string().as_str()), (asked, checked), "{filter}");
}

#[test]
fn what_mlflow_answers_right_is_not_checked() {
    for filter in [
        "timestamp_ms > 5 AND status = 'OK'",
        "tags.env = 'prod' AND metadata.k IS NULL",
        "span.name = 'ask' AND span.type IN ('LLM', 'TOOL')",
        "run_id = 'r' AND prompt = 'p/1'",
        "issue.id = 'iss-1'",
    ] {
        check(filter, Some(filter), "");
    }
    check("", None, "");
}

#[test]
fn verdicts_are_asked_for_and_checked() {
    check("feedback.a = 'yes'", Some("feedback.a = 'yes'"), "feedback.a = 'yes'");
    check("feedback.a > 4", Some("feedback.a > 4"), "feedback.a > 4");
    check("feedback.a = '5'", Some("feedback.a IS NOT NULL"), "feedback.a = '5'");
    check("feedback.a LIKE 'x%'", Some("feedback.a IS NOT NULL"), "feedback.a LIKE 'x%'");
    check("feedback.a IS NULL", None, "feedback.a IS NULL");
    check("feedback.name = 'x'", None, "feedback.name = 'x'");
}

#[test]
fn keys_that_mlflow_takes_for_fields_are_checked_only() {
    check("tags.name = 'x' AND status = 'OK'", Some("status = 'OK'"), "tags.name = 'x'");
    check("run_id = ''", None, "run_id = ''");
}

#[test]
fn one_span_condition_that_is_checked_takes_the_others_along() {
    check(
        "span.name = 'ask' AND span.attributes.model = 'm-1' AND timestamp_ms >= 5",
        Some("span.name = 'ask' AND span.content LIKE '%model%' AND span.content LIKE '%m-1%' AND timestamp_ms >= 5"),
        "span.name = 'ask' AND span.attributes.model = 'm-1' AND timestamp_ms >= 5",
    );
    check("span.attributes.`é` != 'x'", None, "span.attributes.`é` != 'x'");
}

#[test]
fn content_is_asked_for_when_the_word_can_only_be_the_spans_own() {
    for (word, asked) in
        [("refund", true), ("time_unix_nano", false), ("kind", false), ("5", false), ("beef", false), ("\"q", false)]
    {
        let filter = format!("span.content LIKE '%{word}%'");
        check(&filter, Some(filter.as_str()).filter(|_| asked), &filter);
    }
    check("span.content LIKE 'refund%'", None, "span.content LIKE 'refund%'");
}

#[test]
fn further_runs_are_asked_for_alone() {
    let plan = Plan::of(&TraceFilter::parse("run_id = 'a' AND run_id = 'b' AND run_id LIKE 'c'").unwrap());
    assert_eq!(plan.text.as_deref(), Some("run_id = 'a' AND run_id LIKE 'c'"));
    assert_eq!(plan.further_runs, ["run_id = 'b'"]);
}

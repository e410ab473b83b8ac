use super::*;
use candor_model::{AnyValue, Assessment};
use candor_model::{
    AssessmentId, Attributes, DurationMs, ExperimentId, Feedback, FeedbackError, Source, SpanEvent, SpanId, SpanKind,
    SpanStatus, StatusCode, TimestampMs, TraceId, TraceInfo, TraceState, Value,
};
use proptest::prelude::*;
use serde_json::json;

const START_MS: i64 = 1_000_000;

/// A trace of every kind of content, and the rest of its session.
struct World {
    info: TraceInfo,
    spans: Vec<Span>,
    runs: Vec<String>,
    prompts: Vec<String>,
    session: Vec<Assessment>,
}

fn assessment(name: &str, body: AssessmentBody) -> Assessment {
    let trace_id = TraceId::from_bytes([1; 16]);
    let source = Source::human("user-1").unwrap();
    let id = AssessmentId::from_bytes([9; 16]);
    Assessment::new(id, trace_id, name.parse().unwrap(), source, body, TimestampMs::from_millis(START_MS))
}

fn feedback(name: &str, value: serde_json::Value) -> Assessment {
    assessment(name, AssessmentBody::feedback(Value::try_from(value).unwrap()))
}

fn for_session(mut assessment: Assessment) -> Assessment {
    assessment.metadata.insert(keys::SESSION.to_owned(), "any text".to_owned());
    assessment
}

fn span(name: &str, start_ms: i64, code: StatusCode, attributes: Attributes) -> Span {
    Span {
        trace_id: TraceId::from_bytes([1; 16]),
        span_id: SpanId::from_bytes([4; 8]),
        parent_id: None,
        name: name.to_owned(),
        kind: SpanKind::Internal,
        start: UnixNanos::from_nanos(start_ms as u64 * 1_000_000),
        end: None,
        status: SpanStatus { code, message: String::new() },
        attributes,
        events: vec![SpanEvent {
            time: UnixNanos::default(),
            name: "thought".to_owned(),
            attributes: Attributes::default(),
        }],
        links: Vec::new(),
    }
}

fn world() -> World {
    let time = TimestampMs::from_millis(START_MS);
    let mut info = TraceInfo::new(TraceId::from_bytes([1; 16]), ExperimentId::DEFAULT, time);
    info.client_request_id = Some("req-1".parse().unwrap());
    info.execution_duration = Some(DurationMs::from_millis(250));
    info.state = TraceState::Ok;
    info.tags = [("mlflow.traceName", "Answer"), ("env", "prod"), ("empty", ""), ("name", "other")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    info.metadata = [(keys::SESSION, "s-1"), (keys::SOURCE_RUN, "run-1"), (keys::USER, "Ann")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    let mut overridden = feedback("old", json!("gone"));
    overridden.valid = false;
    let mut overridden_issue = assessment("is-2", AssessmentBody::Issue { name: "Tone".to_owned() });
    overridden_issue.valid = false;
    let failed = Feedback::new(Value::Null, Some(FeedbackError { code: "E".to_owned(), ..FeedbackError::default() }));
    info.assessments = vec![
        feedback("correct", json!(true)),
        feedback("rating", json!(4.5)),
        feedback("rating", json!(2)),
        feedback("comment", json!("Great café")),
        feedback("name", json!("x")),
        feedback("tags", json!(["a", "b"])),
        assessment("failed", AssessmentBody::Feedback(failed)),
        assessment("answer", AssessmentBody::Expectation(Value::Int(42))),
        assessment("is-1", AssessmentBody::Issue { name: "Tone".to_owned() }),
        overridden,
        overridden_issue,
    ];
    let llm = Attributes::from_iter([
        (keys::SPAN_TYPE, AnyValue::from("LLM")),
        ("model", AnyValue::from("gpt-\"x\"")),
        ("n", AnyValue::Int(5)),
    ]);
    World {
        info,
        spans: vec![
            span("ask", START_MS - 10_000, StatusCode::Ok, llm),
            span("early", START_MS - 10_001, StatusCode::Error, Attributes::default()),
        ],
        runs: vec!["run-2".to_owned()],
        prompts: vec!["qa/3".to_owned()],
        session: vec![for_session(feedback("helpful", json!("yes"))), feedback("private", json!("yes"))],
    }
}

impl World {
    fn matches(&self, filter: &TraceFilter) -> bool {
        let spans: Vec<SpanView<'_>> = self.spans.iter().map(SpanView::new).collect();
        let session: Vec<&Assessment> = self.session.iter().collect();
        filter.matches(&Candidate {
            info: &self.info,
            spans: &spans,
            linked_runs: &self.runs,
            linked_prompts: &self.prompts,
            session_assessments: &session,
        })
    }
}

#[track_caller]
fn check(filter: &str, expected: bool) {
    check_in(&world(), filter, expected);
}

#[track_caller]
fn check_in(world: &World, filter: &str, expected: bool) {
    assert_eq!(world.matches(&TraceFilter::parse(filter).unwrap()), expected, "{filter}");
}

#[test]
fn all_clauses_must_hold() {
    check("", true);
    check("status = 'OK' AND name = 'Answer'", true);
    check("status = 'OK' AND name = 'answer'", false);
}

#[test]
fn numbers_compare_exactly() {
    check("timestamp = 1000000", true);
    check("timestamp_ms > 999999.5", true);
    check("timestamp_ms >= 1000000.5", false);
    check("execution_time < 251", true);
    check("end_time = 1000250", true);
    check("end_time != 1000250", false);
    let mut unset = world();
    unset.info.execution_duration = None;
    check_in(&unset, "execution_time != 0", false);
    check_in(&unset, "end_time = 1000000", true);
}

#[test]
fn texts_compare_with_case_unless_folded() {
    check("status != 'ok'", true);
    check("status ILIKE 'ok'", true);
    check("request_id = 'tr-01010101010101010101010101010101'", true);
    check("request_id IN ('a', 'tr-01010101010101010101010101010101')", true);
    check("client_request_id NOT IN ('a')", true);
    check("client_request_id RLIKE '-[0-9]$'", true);
    check("client_request_id RLIKE '('", false);
    let mut unset = world();
    unset.info.client_request_id = None;
    check_in(&unset, "client_request_id != 'a'", false);
    check_in(&unset, "client_request_id NOT IN ('a')", false);
}

#[test]
fn absent_keys_fulfil_is_null_only() {
    check("tags.env LIKE 'p%'", true);
    check("tags.empty = ''", true);
    check("tags.empty IS NULL", false);
    check("tags.absent IS NULL", true);
    check("tags.absent != 'x'", false);
    check("tags.name = 'other'", true);
    check("name != 'other'", true);
    check("metadata.mlflow.trace.session = 's-1'", true);
    check("metadata.absent IS NOT NULL", false);
}

#[test]
fn runs_and_prompts_may_be_linked() {
    check("run_id = 'run-1'", true);
    check("run_id = 'run-2'", true);
    check("run_id LIKE 'run-2'", false);
    check("run_id != 'run-2'", true);
    check("prompt = 'qa/3'", true);
    check("prompt = 'qa/4'", false);
}

#[test]
fn one_span_must_fulfil_all_span_clauses() {
    check("span.name = 'ask' AND span.status = 'OK'", true);
    check("span.name = 'ask' AND span.status = 'ERROR'", false);
    check("span.name = 'ask' AND trace.text LIKE '%early%'", false);
    check("span.type = 'LLM'", true);
    check("span.type != 'TOOL' AND span.name = 'early'", false);
    check("span.name NOT IN ('ask')", true);
    check("span.content LIKE '%thought%'", true);
    check("trace.text ILIKE '%\"ASK\"%'", true);
    let spanless = World { spans: Vec::new(), ..world() };
    check_in(&spanless, "span.name != 'x'", false);
    check_in(&spanless, "name = 'Answer'", true);
}

#[test]
fn span_attributes_are_compared_decoded() {
    check("span.attributes.model = 'gpt-\"x\"'", true);
    check("span.attributes.model LIKE 'gpt%'", true);
    check("span.attributes.n = '5'", true);
    check("span.attributes.n != '5'", false);
    check("span.attributes.n IN ('4', '5')", true);
    check("span.attributes.absent != '5'", false);
}

#[test]
fn spans_long_before_the_lower_bound_are_not_searched() {
    check("span.name = 'early'", true);
    check("span.name = 'early' AND timestamp <= 1000000", true);
    check("span.name = 'early' AND timestamp >= 1000000", false);
    check("span.name = 'ask' AND timestamp >= 1000000", true);
    check("span.name = 'ask' AND timestamp > 5 AND trace.timestamp > 999999.5 AND timestamp >= 1000000", true);
    check("span.name = 'early' AND timestamp = 1000000", true);
    let earliest = |filter: &str| TraceFilter::parse(filter).unwrap().earliest_span_start();
    assert_eq!(earliest("end_time > 5"), None);
    assert_eq!(earliest("timestamp > 5"), Some(UnixNanos::from_nanos(0)));
    assert_eq!(earliest("timestamp_ms > 20000.5"), Some(UnixNanos::from_nanos(10_000_500_000)));
    assert_eq!(earliest("timestamp > 9223372036854775807"), Some(UnixNanos::from_nanos(u64::MAX)));
}

#[test]
fn feedback_clauses_are_independent() {
    check("feedback.rating > 4 AND feedback.rating < 3", true);
    check("feedback.rating = '2' AND feedback.rating != '2'", true);
    check("feedback.correct = 'true'", true);
    check("feedback.correct > 0", false);
    check("feedback.comment LIKE 'Great%'", true);
    check("feedback.comment LIKE '\"Great%'", true);
    check("feedback.comment LIKE '%café'", true);
    check("feedback.name = 'x'", true);
    check("feedback.tags = '[\"a\", \"b\"]'", true);
    check("feedback.failed = 'null'", true);
    check("feedback.failed IS NOT NULL", true);
    check("feedback.absent != 'x'", false);
    check("feedback.absent IS NULL", true);
    check("feedback.answer IS NULL", true);
    check("expectation.answer = '42' AND expectation.answer >= 42", true);
}

#[test]
fn overridden_assessments_do_not_count_but_issues_do() {
    check("feedback.old IS NOT NULL", false);
    check("feedback.old = 'gone'", false);
    check("issue.id = 'is-1'", true);
    check("issue.id = 'is-2'", true);
    check("issue.id = 'correct'", false);
}

#[test]
fn session_assessments_count_for_every_trace_of_the_session() {
    check("feedback.helpful = 'yes'", true);
    check("feedback.helpful != 'no'", true);
    check("feedback.helpful IS NULL", false);
    check("feedback.private = 'yes'", false);
    let mut sessionless = world();
    sessionless.info.metadata.remove(keys::SESSION);
    check_in(&sessionless, "feedback.helpful = 'yes'", false);
    let mut overridden = world();
    overridden.session[0].valid = false;
    check_in(&overridden, "feedback.helpful IS NULL", true);
}

proptest! {
    /// What a SQL back end does with an index agrees with evaluation.
    #[test]
    fn equality_is_membership_among_the_equal_texts(
        text in prop_oneof!["\"?[a5.é]{0,3}\"?", "[0-9.e-]{1,4}", Just("true".to_owned()), Just("[1]".to_owned())],
        value in prop_oneof![
            Just(json!(true)), Just(json!(null)), Just(json!([1])), any::<i8>().prop_map(|n| json!(n)),
            (-20i8..20).prop_map(|n| json!(f64::from(n) / 2.0)), "\"?[a5.é]{0,3}\"?".prop_map(|text| json!(text)),
        ],
    ) {
        let value = ValueText::of(&Value::try_from(value).unwrap());
        let equal = crate::equal_json_texts(&text).contains(&value.json_text);
        prop_assert_eq!(value.matches(&TextMatch::Eq(text.clone())), equal, "{:?} = {:?}", value, text);
        prop_assert_eq!(value.matches(&TextMatch::Ne(text)), !equal);
    }
}

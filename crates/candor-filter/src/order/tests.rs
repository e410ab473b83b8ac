use super::*;
use candor_model::{DurationMs, ExperimentId, TimestampMs, TraceId};
use proptest::prelude::*;

fn parse(items: &[&str]) -> Result<Vec<OrderBy>, FilterError> {
    OrderBy::parse_list(&items.iter().map(ToString::to_string).collect::<Vec<_>>())
}

#[track_caller]
fn check(item: &str, key: OrderKey, descending: bool) {
    assert_eq!(parse(&[item]), Ok(vec![OrderBy { key, descending }]), "{item}");
}

#[test]
fn keys_may_have_prefix_quotes_and_direction() {
    check("timestamp", OrderKey::TimestampMs, false);
    check(" trace.timestamp_ms  desc ", OrderKey::TimestampMs, true);
    check("attributes.execution_time ASC", OrderKey::ExecutionTimeMs, false);
    check("status", OrderKey::Status, false);
    check("`request_id` DESC", OrderKey::TraceId, true);
    check("experiment_id", OrderKey::ExperimentId, false);
    check("name", OrderKey::Name, false);
    check("tags.mlflow.traceName", OrderKey::Name, false);
    check("tag.name", OrderKey::Tag("name".into()), false);
    check("tags.`a b` DESC", OrderKey::Tag("a b".into()), true);
    check("run_id", OrderKey::RunId, false);
    check("request_metadata.mlflow.sourceRun", OrderKey::RunId, false);
    check("metadata.mlflow.trace.session", OrderKey::Metadata("mlflow.trace.session".into()), false);
}

#[track_caller]
fn check_error(items: &[&str], expected: &str) {
    let error = parse(items).unwrap_err();
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn what_traces_cannot_be_ordered_by_is_refused() {
    for key in [
        "end_time",
        "client_request_id",
        "feedback.a",
        "span.name",
        "prompt",
        "text",
        "metadata.mlflow.trace.cost",
        "Tags.a",
    ] {
        check_error(&[key], &format!("traces cannot be ordered by {key} at column 1; allowed: execution_time, "));
    }
    check_error(&["status", "timestamp", "timestamp_ms DESC"], "the order names this key twice at column 1");
    check_error(&["timestamp, status"], "expected the end of the order after one key and its direction at column 10");
    check_error(&["timestamp DOWN"], "expected the end of the order after one key and its direction at column 11");
    check_error(&[""], "expected a field");
}

#[test]
fn newest_first_and_trace_ids_break_ties() {
    let order = |items: &[&str]| effective_order(&parse(items).unwrap());
    assert_eq!(order(&[]), parse(&["timestamp DESC", "request_id"]).unwrap());
    assert_eq!(order(&["name", "timestamp ASC"]), parse(&["name", "timestamp", "request_id"]).unwrap());
    assert_eq!(order(&["request_id DESC"]), parse(&["request_id DESC", "timestamp DESC"]).unwrap());
}

fn info(id: u8, time: i64, duration: Option<i64>, tag: Option<&str>) -> TraceInfo {
    let mut info = TraceInfo::new(TraceId::from_bytes([id; 16]), ExperimentId::DEFAULT, TimestampMs::from_millis(time));
    info.execution_duration = duration.map(DurationMs::from_millis);
    info.tags.extend(tag.map(|text| ("t".to_owned(), text.to_owned())));
    info
}

#[track_caller]
fn check_sorted(items: &[&str], expected: &[u8]) {
    let mut infos = [info(3, 5, None, Some("b")), info(1, 5, Some(7), Some("B")), info(2, 9, Some(-1), None)];
    let order = effective_order(&parse(items).unwrap());
    infos.sort_by(|a, b| compare(&order, a, b));
    assert_eq!(infos.map(|info| info.trace_id.as_bytes()[0]), expected, "{items:?}");
}

#[test]
fn traces_without_the_key_come_last_in_both_directions() {
    check_sorted(&[], &[2, 1, 3]);
    check_sorted(&["timestamp"], &[1, 3, 2]);
    check_sorted(&["execution_time"], &[2, 1, 3]);
    check_sorted(&["execution_time DESC"], &[1, 2, 3]);
    check_sorted(&["tags.t"], &[1, 3, 2]);
    check_sorted(&["tags.t DESC"], &[3, 1, 2]);
    check_sorted(&["tags.absent"], &[2, 1, 3]);
}

proptest! {
    #[test]
    fn values_compare_as_their_traces_do(
        a in (0u8..3, 0i64..3, prop::option::of(0i64..3), prop::option::of("[ab]")),
        b in (0u8..3, 0i64..3, prop::option::of(0i64..3), prop::option::of("[ab]")),
        descending: bool,
    ) {
        let (a, b) = (info(a.0, a.1, a.2, a.3.as_deref()), info(b.0, b.1, b.2, b.3.as_deref()));
        let keys = [OrderKey::ExecutionTimeMs, OrderKey::Tag("t".into())];
        let order = effective_order(&keys.map(|key| OrderBy { key, descending }));
        let by_values = compare_values(&order, &sort_values(&order, &a), &sort_values(&order, &b));
        prop_assert_eq!(compare(&order, &a, &b), by_values);
        prop_assert_eq!(compare(&order, &b, &a), by_values.reverse());
        prop_assert_eq!(by_values.is_eq(), a.trace_id == b.trace_id && a == b || sort_values(&order, &a) == sort_values(&order, &b));
    }
}

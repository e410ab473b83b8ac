use candor_store::conformance::samples;

use super::*;

#[track_caller]
fn survives(payload: Payload) {
    assert_eq!(Payload::from_text(payload.kind(), &payload.to_text()).unwrap(), payload);
}

#[test]
fn every_payload_survives_the_file() {
    let trace = TraceId::from_bytes([7; 16]);
    let key = TagKey::new("tone").unwrap();
    survives(Payload::Tag(trace, TagChange::Set { key, value: "\u{1F600} \"kind\"".to_owned() }));
    survives(Payload::Tag(trace, TagChange::Delete { key: "tone".to_owned() }));
    let mut info = samples::trace(1);
    info.client_request_id = Some("req-1".parse().unwrap());
    info.execution_duration = Some(DurationMs::from_millis(1_500));
    info.state = TraceState::Error;
    info.request_preview = Some("what?".to_owned());
    info.metadata.insert("k".to_owned(), "v".repeat(5_000));
    let verdict = samples::verdict(1, info.trace_id, "ann", true);
    info.assessments = vec![verdict.clone().on_trace(info.trace_id)];
    survives(Payload::Trace(Box::new(info)));
    survives(Payload::Assessment(Box::new(NewAssessment { when_missing: WhenMissing::Hold, ..verdict })));
}

#[test]
fn spans_survive_with_bytes_and_times_to_the_nanosecond() {
    let mut span = samples::root(1, 1);
    span.start = UnixNanos::from_nanos(u64::MAX - 1);
    let odd = [("blob", candor_model::AnyValue::Bytes(vec![0, 255])), ("nan", candor_model::AnyValue::Double(0.1))];
    span.attributes = odd.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let mut batch = samples::batch(vec![span]);
    batch.groups[0].resource = [("service.name".to_owned(), "shop".into())].into_iter().collect();
    survives(Payload::Spans(batch));
}

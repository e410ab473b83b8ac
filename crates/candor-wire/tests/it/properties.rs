//! What holds for every value: the wire loses nothing that MLflow keeps, and nothing makes it panic.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use candor_model::{
    AnyValue, Assessment, AssessmentBody, AssessmentId, Attributes, DurationMs, ExperimentId, Feedback, FeedbackError,
    FiniteF64, Source, SourceType, Span, SpanEvent, SpanId, SpanKind, SpanLink, SpanStatus, StatusCode, TimestampMs,
    Trace, TraceId, TraceInfo, TraceState, UnixNanos, Value,
};
use candor_wire::otlp::{OtlpResource, decode_json, decode_protobuf, encode_protobuf};
use candor_wire::requests::{
    BatchGetTraces, CreateAssessment, DeleteTraces, GetTrace, SearchTraces, SetTraceTag, StartTrace, UpdateAssessment,
};
use candor_wire::responses::{AssessmentEnvelope, ExperimentPage, TraceEnvelope, TraceInfoEnvelope, TracePage};
use candor_wire::scalar::{format_duration, format_timestamp, parse_duration, parse_timestamp};
use candor_wire::ui_artifact::TracesFile;
use candor_wire::{AssessmentJson, SpanJson, TraceInfoJson, decode, decode_query};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::recorded::{Exchange, exchanges};

/// Read once: a property looks at one of them per case.
static EXCHANGES: LazyLock<Vec<Exchange>> = LazyLock::new(exchanges);

fn again<T: Serialize + DeserializeOwned>(value: &impl Serialize) -> T {
    let json = serde_json::to_vec(value).unwrap();
    decode(&json).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&json)))
}

fn finite() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("finite", |number| number.is_finite())
}

/// Any JSON; integers only where they survive.
fn value(ints: bool) -> impl Strategy<Value = Value> {
    let number = finite().prop_map(|number| Value::Float(FiniteF64::new(number).unwrap()));
    let integer = any::<i64>().prop_map(move |number| if ints { Value::Int(number) } else { Value::Null });
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number,
        integer,
        any::<String>().prop_map(Value::Text),
    ];
    leaf.prop_recursive(4, 20, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::List),
            btree_map(any::<String>(), inner, 0..5).prop_map(Value::Map),
        ]
    })
}

fn feedback() -> impl Strategy<Value = AssessmentBody> {
    let error = (any::<String>(), option::of(any::<String>()), option::of(any::<String>()))
        .prop_map(|(code, message, stack_trace)| FeedbackError { code, message, stack_trace });
    (value(false), option::of(error)).prop_map(|(value, error)| AssessmentBody::Feedback(Feedback::new(value, error)))
}

fn expectation() -> impl Strategy<Value = AssessmentBody> {
    value(true).prop_map(|value| {
        AssessmentBody::Expectation(match value {
            // Null is no expectation, and scalar integers become doubles.
            Value::Null | Value::Int(_) => Value::Bool(true),
            value => value,
        })
    })
}

fn timestamp() -> impl Strategy<Value = TimestampMs> {
    (-62_135_596_800_000_i64..=253_402_207_200_000).prop_map(TimestampMs::from_millis)
}

fn texts() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map(any::<String>(), any::<String>(), 0..4)
}

fn assessment() -> impl Strategy<Value = Assessment> {
    let body = prop_oneof![feedback(), expectation(), any::<String>().prop_map(|name| AssessmentBody::Issue { name })];
    let ids = (any::<[u8; 16]>(), any::<[u8; 16]>(), option::of(any::<[u8; 8]>()), option::of(any::<[u8; 16]>()));
    let source = (0..4_usize, option::of("\\PC{1,20}"));
    let rest = (option::of(any::<String>()), texts(), any::<bool>());
    (ids, "\\PC{0,20}", source, body, (timestamp(), timestamp()), rest).prop_map(
        |(ids, name, source, body, times, (rationale, metadata, valid))| {
            let source =
                Source { source_type: SourceType::ALL[source.0], source_id: source.1.map(|id| id.parse().unwrap()) };
            let (id, trace_id) = (AssessmentId::from_bytes(ids.0), TraceId::from_bytes(ids.1));
            let mut assessment = Assessment::new(id, trace_id, name.parse().unwrap(), source, body, times.0);
            assessment.span_id = ids.2.map(SpanId::from_bytes);
            assessment.overrides = ids.3.map(AssessmentId::from_bytes);
            assessment.last_update_time = times.1;
            assessment.rationale = rationale;
            assessment.metadata = metadata;
            assessment.valid = valid;
            assessment
        },
    )
}

fn trace_info() -> impl Strategy<Value = TraceInfo> {
    let state = prop_oneof![
        Just(TraceState::Unspecified),
        Just(TraceState::Ok),
        Just(TraceState::Error),
        Just(TraceState::InProgress)
    ];
    let previews = (option::of(any::<String>()), option::of(any::<String>()));
    let times = (timestamp(), option::of(-1_000_000_000_000_i64..1_000_000_000_000));
    let labels = (texts(), texts(), option::of("\\PC{1,20}"));
    (any::<[u8; 16]>(), 0..i64::MAX, times, state, labels, previews, vec(assessment(), 0..3)).prop_map(
        |(id, experiment, times, state, labels, previews, assessments)| TraceInfo {
            client_request_id: labels.2.map(|id| id.parse().unwrap()),
            execution_duration: times.1.map(DurationMs::from_millis),
            state,
            metadata: labels.0,
            tags: labels.1,
            request_preview: previews.0,
            response_preview: previews.1,
            assessments,
            ..TraceInfo::new(TraceId::from_bytes(id), ExperimentId::new(experiment).unwrap(), times.0)
        },
    )
}

/// Attribute values that OTLP keeps; strings are no JSON, or they would be unwrapped.
fn any_value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        Just(AnyValue::Empty),
        "[^\"{\\[]{0,20}".prop_map(AnyValue::String),
        any::<bool>().prop_map(AnyValue::Bool),
        any::<i64>().prop_map(AnyValue::Int),
        finite().prop_map(AnyValue::Double),
    ];
    leaf.prop_recursive(4, 20, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(AnyValue::Array),
            vec((any::<String>(), inner), 0..5).prop_map(AnyValue::KvList),
        ]
    })
}

fn attributes() -> impl Strategy<Value = Attributes> {
    vec((any::<String>(), any_value()), 0..4).prop_map(Attributes::from_iter)
}

fn span() -> impl Strategy<Value = Span> {
    let code = prop_oneof![Just(StatusCode::Unset), Just(StatusCode::Ok), Just(StatusCode::Error)];
    let status = (code, any::<String>()).prop_map(|(code, message)| SpanStatus { code, message });
    let event = (any::<u64>(), any::<String>(), attributes()).prop_map(|(time, name, attributes)| SpanEvent {
        time: UnixNanos::from_nanos(time),
        name,
        attributes,
    });
    let link = (any::<[u8; 16]>(), any::<[u8; 8]>(), attributes()).prop_map(|(trace_id, span_id, attributes)| {
        SpanLink { trace_id: TraceId::from_bytes(trace_id), span_id: SpanId::from_bytes(span_id), attributes }
    });
    let ids = (any::<[u8; 16]>(), any::<[u8; 8]>(), option::of(1..u64::MAX));
    let times = (any::<u64>(), option::of(1..u64::MAX));
    (ids, any::<String>(), times, status, attributes(), vec(event, 0..3), vec(link, 0..3)).prop_map(
        |(ids, name, times, status, attributes, events, links)| Span {
            trace_id: TraceId::from_bytes(ids.0),
            span_id: SpanId::from_bytes(ids.1),
            parent_id: ids.2.map(|id| SpanId::from_bytes(id.to_be_bytes())),
            name,
            kind: SpanKind::Unspecified,
            start: UnixNanos::from_nanos(times.0),
            end: times.1.map(UnixNanos::from_nanos),
            status,
            attributes,
            events,
            links,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn assessments_survive(assessment in assessment()) {
        prop_assert_eq!(again::<AssessmentJson<Assessment>>(&AssessmentJson(&assessment)).0, assessment);
    }

    #[test]
    fn trace_infos_survive(info in trace_info()) {
        prop_assert_eq!(&again::<TraceInfoJson<TraceInfo>>(&TraceInfoJson(&info)).0, &info);
        let started: StartTrace = decode(&serde_json::to_vec(&TraceInfoEnvelope(&info)).unwrap()).unwrap();
        let stored = started.into_info(|| unreachable!("all have ids"), TimestampMs::from_millis(0));
        prop_assert_eq!(stored.unwrap().tags, info.tags);
    }

    #[test]
    fn spans_survive_as_json_as_protobuf_and_as_file(span in span()) {
        prop_assert_eq!(&again::<SpanJson<Span>>(&SpanJson(&span)).0, &span);
        let groups = vec![OtlpResource { attributes: span.attributes.clone(), spans: vec![span.clone()] }];
        prop_assert_eq!(&decode_protobuf(&encode_protobuf(&groups)).unwrap().groups, &groups);
        let trace = Trace { info: TraceInfo::new(span.trace_id, ExperimentId::DEFAULT, TimestampMs::default()), spans: vec![span] };
        prop_assert_eq!(&again::<TraceEnvelope<Trace>>(&TraceEnvelope(&trace)).0, &trace);
        let file = again::<TracesFile<Vec<Span>>>(&TracesFile(&trace.spans)).0;
        prop_assert_eq!(file, trace.spans);
    }

    #[test]
    fn timestamps_survive(time in timestamp()) {
        let text = format_timestamp(time);
        prop_assert!(text.len() == 20 || text.len() == 24, "{}", text);
        prop_assert_eq!(parse_timestamp(&text), Some(time));
    }

    #[test]
    fn durations_survive(ms in -9_000_000_000_000_000..9_000_000_000_000_000_i64) {
        let duration = DurationMs::from_millis(ms);
        prop_assert_eq!(parse_duration(&format_duration(duration)), Some(duration));
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..200), text in any::<String>()) {
        read_as_everything(&bytes);
        read_as_everything(text.as_bytes());
        let _ = (decode_query::<BatchGetTraces>(&text), decode_query::<GetTrace>(&text));
        let _ = (parse_timestamp(&text), parse_duration(&text));
    }

    #[test]
    fn recorded_bodies_with_a_fault_do_no_harm(which in 0..88_usize, at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let exchange = &EXCHANGES[which];
        for body in [exchange.request.bytes(), exchange.response.bytes()] {
            let mut body = body;
            if !body.is_empty() {
                let at = at.index(body.len());
                read_as_everything(&body[..at]);
                body[at] = byte;
                read_as_everything(&body);
            }
        }
    }

    #[test]
    fn any_time_can_be_written(ms in any::<i64>()) {
        let _ = format_duration(DurationMs::from_millis(ms));
        prop_assert!(parse_timestamp(&format_timestamp(TimestampMs::from_millis(ms))).is_some());
    }
}

fn read_as_everything(body: &[u8]) {
    let _ = decode::<CreateAssessment>(body);
    let _ = decode::<UpdateAssessment>(body);
    let _ = decode::<StartTrace>(body);
    let _ = decode::<SearchTraces>(body);
    let _ = decode::<DeleteTraces>(body);
    let _ = decode::<SetTraceTag>(body);
    let _ = decode::<TracePage<Vec<TraceInfo>>>(body);
    let _ = decode::<TraceEnvelope<Trace>>(body);
    let _ = decode::<AssessmentEnvelope<Assessment>>(body);
    let _ = decode::<ExperimentPage<Vec<candor_model::Experiment>>>(body);
    let _ = decode::<TracesFile<Vec<Span>>>(body);
    let _ = (decode_json(body), decode_protobuf(body));
}

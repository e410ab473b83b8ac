//! What Candor writes, the stock Python client reads back equal, and the other way round.

use candor_mlflow::MlflowStore;
use candor_model::{
    AnyValue, Assessment, AssessmentBody, Attributes, Feedback, FeedbackError, Source, SourceType, Span, SpanEvent,
    SpanStatus, StatusCode, Trace, TraceId, TraceInfo, Value as ModelValue, keys,
};
use candor_store::conformance::{block_on, samples};
use candor_store::{NewAssessment, TrackingStore, TrackingStoreExt};
use candor_tests::Mlflow;
use candor_tests::python::{script, succeed};
use serde_json::{Value, json};

use super::{connect, start};

#[test]
fn what_the_python_client_writes_is_read_back_equal() {
    let mlflow = start();
    let told = python(&mlflow, &[]);
    block_on(async {
        let store = connect(&mlflow).await;
        for told in told.as_array().unwrap() {
            let id: TraceId = told["trace_id"].as_str().unwrap().parse().unwrap();
            same(&described(&read(&store, id).await), told);
        }
    });
    let assessments = |n: usize| told[n]["assessments"].as_array().unwrap().len();
    assert_eq!((assessments(0), assessments(3)), (32, 1000));
    assert_eq!(told[1]["spans"].as_array().unwrap().len(), 61);
}

#[test]
fn the_python_client_reads_what_is_written_here() {
    let mlflow = start();
    let written: Vec<Value> = block_on(async {
        let store = connect(&mlflow).await;
        let mut written = Vec::new();
        for id in [values(&store).await, tree(&store).await, many(&store).await] {
            written.push(described(&read(&store, id).await));
        }
        written
    });
    let ids: Vec<&str> = written.iter().map(|trace| trace["trace_id"].as_str().unwrap()).collect();
    let told = python(&mlflow, &ids);
    for (written, told) in written.iter().zip(told.as_array().unwrap()) {
        same(written, told);
    }
}

/// A trace with every kind of assessment, each as it was written.
async fn values(store: &MlflowStore) -> TraceId {
    let root = samples::with_attributes(samples::root(1, 1), &[(keys::SPAN_INPUTS, "¿qué? 😀".into())]);
    store.log_spans(samples::batch(vec![root])).await.unwrap();
    let info = store.start_trace(samples::trace_of_request(1, "req-é")).await.unwrap();
    let values = [
        json!(true),
        json!(false),
        json!(5),
        json!(4.5),
        json!(-0.0),
        json!(1e300),
        json!(""),
        json!("5"),
        json!("é😀\"\\\n\t'"),
        json!(["a", "b", 1.5, null]),
        json!({"b": {"a": "é"}, "": false}),
        json!([]),
        json!({}),
    ];
    let mut items = Vec::new();
    let mut next = |body, source_type| {
        let n = items.len() as u32 + 1;
        let name = format!("value {n}").parse().unwrap();
        let source = Source { source_type, source_id: Some("ann é".parse().unwrap()) };
        items.push(NewAssessment { name, source, body, ..samples::verdict(n, info.trace_id, "", true) });
    };
    for value in values {
        let value = ModelValue::try_from(value).unwrap();
        next(AssessmentBody::feedback(value.clone()), SourceType::Human);
        next(AssessmentBody::Expectation(value), SourceType::Code);
    }
    let error = FeedbackError { code: "E".into(), message: Some("é".into()), stack_trace: Some("1\n2".into()) };
    next(AssessmentBody::Feedback(Feedback::new(ModelValue::Null, Some(error))), SourceType::LlmJudge);
    let mut long = samples::superseding(90, info.trace_id, "ann", false);
    long.rationale = Some("я".repeat(50_000));
    long.metadata.insert("k é".into(), "v".into());
    long.span_id = Some(samples::span_id(1));
    let later = NewAssessment { rationale: Some("no".into()), ..samples::superseding(91, info.trace_id, "ann", true) };
    let later = NewAssessment { span_id: long.span_id, ..later };
    items.extend([long, later]);

    let written: Vec<NewAssessment> = items.clone();
    for answer in store.log_assessments(items).await.unwrap() {
        answer.unwrap();
    }
    let mut expected: Vec<Assessment> = written.into_iter().map(|item| item.on_trace(info.trace_id)).collect();
    let replaced = expected.len() - 2;
    expected[replaced].valid = false;
    expected[replaced + 1].overrides = Some(expected[replaced].id);
    expected.sort_by_key(|one| one.create_time);
    assert_eq!(store.trace_info(info.trace_id).await.unwrap().unwrap().assessments, expected);
    info.trace_id
}

/// A deep tree, a failed span with an event, and every kind of attribute.
async fn tree(store: &MlflowStore) -> TraceId {
    let attributes: [(&str, AnyValue); 7] = [
        ("text", "é 😀 'q' \"x\"".into()),
        ("int", AnyValue::Int(1 << 50)),
        ("double", AnyValue::Double(0.1)),
        ("flag", AnyValue::Bool(true)),
        ("list", AnyValue::Array(vec![AnyValue::Int(1), "x".into()])),
        ("map", AnyValue::KvList(vec![("a".into(), AnyValue::Array(vec![]))])),
        (keys::SPAN_TYPE, "AGENT".into()),
    ];
    let mut spans = vec![samples::with_attributes(samples::root(2, 1), &attributes)];
    spans.extend((2..=60).map(|n| Span { name: format!("level {n}"), ..samples::child(2, n, n - 1) }));
    spans[59].status = SpanStatus { code: StatusCode::Error, message: "boom é".into() };
    let facts = Attributes::from_iter([("exception.message", AnyValue::from("boom é"))]);
    spans[59].events.push(SpanEvent { time: samples::nanos_at(3), name: "exception".into(), attributes: facts });
    store.log_spans(samples::batch(spans)).await.unwrap();
    let info = TraceInfo { request_preview: Some("¿qué?".into()), ..samples::trace_of_session(2, "s-1 é") };
    store.start_trace(info).await.unwrap().trace_id
}

async fn many(store: &MlflowStore) -> TraceId {
    let id = samples::trace_id(3);
    store.log_spans(samples::batch(vec![samples::root(3, 1)])).await.unwrap();
    let verdicts = (1000..2000).map(|n| samples::superseding(n, id, &format!("user-{}", n % 500), n % 3 == 0));
    for answer in store.log_assessments(verdicts.collect()).await.unwrap() {
        answer.unwrap();
    }
    id
}

async fn read(store: &MlflowStore, id: TraceId) -> Trace {
    store.get_traces(&[id], true).await.unwrap().pop().unwrap()
}

/// What the Python client reads of the traces; of those that it writes first when none is named.
fn python(mlflow: &Mlflow, traces: &[&str]) -> Value {
    let output = succeed(script("round_trip.py").args(["--uri", mlflow.url()]).args(traces));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[track_caller]
fn same(ours: &Value, theirs: &Value) {
    for (key, theirs) in theirs.as_object().unwrap() {
        let (ours, theirs) = (with_doubles(&ours[key]), with_doubles(theirs));
        match (&ours, &theirs) {
            (Value::Array(ours), Value::Array(theirs)) => {
                assert_eq!(ours.len(), theirs.len(), "{key}");
                ours.iter().zip(theirs).for_each(|(ours, theirs)| assert_eq!(ours, theirs, "{key}"));
            }
            _ => assert_eq!(ours, theirs, "{key}"),
        }
    }
}

/// Python does not tell 5 from 5.0 in JSON.
fn with_doubles(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.iter().map(with_doubles).collect(),
        Value::Object(items) => items.iter().map(|(key, item)| (key.clone(), with_doubles(item))).collect(),
        other => other.clone(),
    }
}

/// As `described` of the script.
fn described(trace: &Trace) -> Value {
    let info = &trace.info;
    let mut assessments: Vec<Value> = info.assessments.iter().map(assessment).collect();
    assessments.sort_by_key(|one| one["id"].as_str().unwrap().to_owned());
    let mut spans: Vec<Value> = trace.spans.iter().map(span).collect();
    spans.sort_by_key(|one| one["span_id"].as_str().unwrap().to_owned());
    json!({
        "trace_id": info.trace_id.to_string(),
        "client_request_id": info.client_request_id.as_ref().map(|id| id.as_str()),
        "experiment_id": info.experiment_id.to_string(),
        "request_time_ms": info.request_time.as_millis(),
        "duration_ms": info.execution_duration.map(|length| length.as_millis()),
        "state": info.state.as_str(),
        "request_preview": info.request_preview,
        "response_preview": info.response_preview,
        "tags": info.tags,
        "metadata": info.metadata,
        "assessments": assessments,
        "spans": spans,
    })
}

fn assessment(one: &Assessment) -> Value {
    let error = match &one.body {
        AssessmentBody::Feedback(feedback) => feedback.error(),
        _ => None,
    };
    let is_feedback = matches!(one.body, AssessmentBody::Feedback(_));
    json!({
        "id": one.id.to_string(),
        "kind": one.body.kind().as_str(),
        "name": one.name.as_str(),
        "value": one.body.value().map(|value| serde_json::from_str::<Value>(&value.json_text()).unwrap()),
        "error": error.map(|error| {
            let mut all = json!({"error_code": error.code});
            all["error_message"] = json!(error.message);
            all["stack_trace"] = json!(error.stack_trace);
            all
        }),
        "source_type": one.source.source_type.as_str(),
        "source_id": one.source.source_id.as_ref().map(|id| id.as_str()),
        "span_id": one.span_id.map(|id| id.to_string()),
        "rationale": one.rationale,
        "metadata": one.metadata,
        "create_time_ms": one.create_time.as_millis(),
        "last_update_time_ms": one.last_update_time.as_millis(),
        "overrides": one.overrides.filter(|_| is_feedback).map(|id| id.to_string()),
        "valid": is_feedback.then_some(one.valid),
    })
}

fn span(span: &Span) -> Value {
    json!({
        "span_id": span.span_id.to_string(),
        "parent_id": span.parent_id.map(|id| id.to_string()),
        "name": span.name,
        "start_ns": span.start.as_nanos(),
        "end_ns": span.end.map(|end| end.as_nanos()),
        "status": span.status.code.as_str(),
        "message": span.status.message,
        "attributes": attributes(&span.attributes),
        "events": span.events.iter().map(|event| json!({
            "name": event.name, "time_ns": event.time.as_nanos(), "attributes": attributes(&event.attributes),
        })).collect::<Vec<_>>(),
    })
}

fn attributes(all: &Attributes) -> Value {
    all.iter().map(|(key, value)| (key.to_owned(), attribute(value))).collect()
}

fn attribute(value: &AnyValue) -> Value {
    serde_json::from_str(&value.json_text()).unwrap()
}

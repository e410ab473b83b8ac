//! Every recorded exchange is read by the type that its route has, and written again.

use std::io::Read;

use candor_model::{Assessment, Experiment, Span, SpanKind, Trace, TraceInfo};
use candor_wire::otlp::{OtlpTraces, decode_json, decode_protobuf};
use candor_wire::requests::{
    BatchGetInfos, BatchGetTraces, CreateAssessment, CreateExperiment, DeleteTraceTag, DeleteTraces, ExperimentById,
    ExperimentByName, GetTrace, RenameExperiment, SearchExperiments, SearchTraces, SetExperimentTag, SetTraceTag,
    StartTrace, UpdateAssessment,
};
use candor_wire::responses::{
    AssessmentEnvelope, Empty, ExperimentCreated, ExperimentEnvelope, ExperimentPage, ServerInfo, TraceEnvelope,
    TraceInfoEnvelope, TraceInfoList, TraceList, TracePage, TracesDeleted,
};
use candor_wire::ui_artifact::TracesFile;
use candor_wire::{ErrorBody, WireError, decode, decode_query};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::recorded::{Body, Exchange, assert_same, exchanges, recorded};

#[test]
fn every_recorded_exchange_survives_reading_and_writing() {
    let exchanges = exchanges();
    assert!(exchanges.len() >= 88);
    for exchange in exchanges {
        if let Some(reason) = not_ours(&exchange) {
            println!("{}: {reason}", exchange.file);
            continue;
        }
        check_request(&exchange);
        check_response(&exchange);
    }
}

/// Exchanges that this crate has no types for.
fn not_ours(exchange: &Exchange) -> Option<&'static str> {
    let number = &exchange.file[..2];
    Some(match number {
        "01" | "02" => "plain text, not JSON",
        "73" | "74" | "75" | "76" | "77" => "trace metrics have no types here yet",
        "78" => "filter correlation has no types here yet",
        "80" => "GraphQL, whose one answer the server writes itself",
        "87" | "88" => "HTML for routes that do not exist",
        _ => return None,
    })
}

fn check_request(exchange: &Exchange) {
    match route(exchange) {
        "POST experiments/create" => body::<CreateExperiment>(exchange),
        "POST experiments/search" => body::<SearchExperiments>(exchange),
        "POST experiments/delete" | "POST experiments/restore" => body::<ExperimentById>(exchange),
        "POST experiments/update" => body::<RenameExperiment>(exchange),
        "POST experiments/set-experiment-tag" => body::<SetExperimentTag>(exchange),
        "GET experiments/get" => query::<ExperimentById>(exchange),
        "GET experiments/get-by-name" => query::<ExperimentByName>(exchange),
        "POST traces" => start_trace(exchange),
        "GET traces/get" => query::<GetTrace>(exchange),
        "GET traces/batchGet" => query::<BatchGetTraces>(exchange),
        "POST traces/batchGetInfos" => body::<BatchGetInfos>(exchange),
        "POST traces/search" => body::<SearchTraces>(exchange),
        "POST traces/delete-traces" => body::<DeleteTraces>(exchange),
        "PATCH traces/*/tags" => body::<SetTraceTag>(exchange),
        "DELETE traces/*/tags" => body::<DeleteTraceTag>(exchange),
        "POST traces/*/assessments" => body::<CreateAssessment>(exchange),
        "PATCH traces/*/assessments/*" => body::<UpdateAssessment>(exchange),
        "PUT artifact" => body::<TracesFile<Vec<Span>>>(exchange),
        "POST /v1/traces" => otlp_request(exchange),
        // The URL says it all.
        "GET server-info"
        | "GET traces/*"
        | "GET traces/*/assessments/*"
        | "DELETE traces/*/assessments/*"
        | "GET get-trace-artifact" => {}
        route => panic!("{}: no rule for requests to {route}", exchange.file),
    }
}

fn check_response(exchange: &Exchange) {
    let route = route(exchange);
    match &exchange.response {
        Body::None => return assert!(matches!(route, "POST /v1/traces" | "PUT artifact"), "{}", exchange.file),
        // A NaN makes MLflow's server fail with a page of HTML.
        Body::Text(_) => return assert_eq!(&exchange.file[..2], "55", "{}", exchange.file),
        // The OTLP route has another error form, whose texts `otlp_request` compares.
        Body::Json(json) if json.get("detail").is_some() => return assert_eq!(route, "POST /v1/traces"),
        _ if exchange.status != 200 => return error_response(exchange),
        _ => {}
    }
    match route {
        "GET server-info" => response::<ServerInfo>(exchange),
        "POST experiments/create" => response::<ExperimentCreated>(exchange),
        "POST experiments/search" => response::<ExperimentPage<Vec<Experiment>>>(exchange),
        "GET experiments/get" | "GET experiments/get-by-name" => response::<ExperimentEnvelope<Experiment>>(exchange),
        "POST traces" | "GET traces/*" => response::<TraceInfoEnvelope<TraceInfo>>(exchange),
        "GET traces/get" => response::<TraceEnvelope<Trace>>(exchange),
        "GET traces/batchGet" => response::<TraceList<Vec<Trace>>>(exchange),
        "POST traces/batchGetInfos" => response::<TraceInfoList<Vec<TraceInfo>>>(exchange),
        "POST traces/search" => response::<TracePage<Vec<TraceInfo>>>(exchange),
        "POST traces/delete-traces" => response::<TracesDeleted>(exchange),
        "POST traces/*/assessments" | "GET traces/*/assessments/*" | "PATCH traces/*/assessments/*" => {
            response::<AssessmentEnvelope<Assessment>>(exchange);
        }
        "GET get-trace-artifact" => response::<TracesFile<Vec<Span>>>(exchange),
        "POST experiments/set-experiment-tag"
        | "POST experiments/delete"
        | "POST experiments/restore"
        | "PATCH traces/*/tags"
        | "DELETE traces/*/tags"
        | "DELETE traces/*/assessments/*" => response::<Empty>(exchange),
        route => panic!("{}: no rule for answers of {route}", exchange.file),
    }
}

/// Method and path with ids as `*`, without prefix and version.
fn route(exchange: &Exchange) -> &'static str {
    const ROUTES: [&str; 25] = [
        "GET server-info",
        "POST experiments/create",
        "POST experiments/search",
        "POST experiments/delete",
        "POST experiments/restore",
        "POST experiments/update",
        "POST experiments/set-experiment-tag",
        "GET experiments/get",
        "GET experiments/get-by-name",
        "GET traces/get",
        "GET traces/batchGet",
        "POST traces/batchGetInfos",
        "POST traces/search",
        "POST traces/delete-traces",
        "PATCH traces/*/tags",
        "DELETE traces/*/tags",
        "POST traces/*/assessments",
        "GET traces/*/assessments/*",
        "PATCH traces/*/assessments/*",
        "DELETE traces/*/assessments/*",
        "GET get-trace-artifact",
        "POST /v1/traces",
        "POST traces",
        "GET traces/*",
        "PUT artifact",
    ];
    if exchange.path.starts_with("/api/2.0/mlflow-artifacts/") {
        return "PUT artifact";
    }
    let versioned = ["/api/2.0/mlflow/", "/api/3.0/mlflow/", "/ajax-api/3.0/mlflow/"];
    let path = versioned.iter().find_map(|prefix| exchange.path.strip_prefix(prefix)).unwrap_or(&exchange.path);
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| if part.starts_with("tr-") || part.starts_with("a-") { "*" } else { part })
        .collect();
    let route = format!("{} {}", exchange.method, parts.join("/"));
    ROUTES
        .into_iter()
        .find(|known| **known == route)
        .unwrap_or_else(|| panic!("{}: unknown route {route}", exchange.file))
}

/// What we write differently from what callers sent, each for a reason.
fn adapt(exchange: &Exchange, json: &Value) -> Value {
    let mut json = json.clone();
    match &exchange.file[..2] {
        // Durations have no or three digits.
        "16" => json["trace"]["trace_info"]["execution_duration"] = json!("1.500s"),
        // Ids that no trace can have are passed over.
        "33" | "34" => drop(json["trace_ids"].as_array_mut().unwrap().remove(1)),
        "35" => json["trace_ids"] = json!([]),
        "81" => drop(json["request_ids"].as_array_mut().unwrap().remove(1)),
        // The URL names the trace, and new assessments are valid.
        "36" => {
            ["trace_id", "valid"].iter().for_each(|key| drop(json["assessment"].as_object_mut().unwrap().remove(*key)))
        }
        // The old name of the type.
        "41" => json["assessment"]["source"]["source_type"] = json!("LLM_JUDGE"),
        // The URL names trace and assessment.
        "47" => ["trace_id", "assessment_id"]
            .iter()
            .for_each(|key| drop(json["assessment"].as_object_mut().unwrap().remove(*key))),
        // The default is written out.
        _ if route(exchange) == "POST traces/search" && json.get("max_results").is_none() => {
            json["max_results"] = json!(100)
        }
        _ => {}
    }
    json
}

/// Requests that are refused for another reason, or with other words, than MLflow's server has.
fn refused_differently(exchange: &Exchange) -> Option<&'static str> {
    Some(match &exchange.file[..2] {
        "18" | "84" => {
            "Invalid value for 'trace.trace_info.trace_id': trace_id must be `tr-` and 32 lowercase hex digits, \
             got \"tr-"
        }
        "55" => "Invalid value for 'assessment.feedback.value': numbers must be finite, got NaN",
        "56" => "The body is not valid JSON: EOF while parsing",
        _ => return None,
    })
}

fn body<T: DeserializeOwned + Serialize>(exchange: &Exchange) {
    let bytes = exchange.request.bytes();
    if let Some(request) = accepted(exchange, decode::<T>(&bytes)) {
        let theirs = adapt(exchange, exchange.request.json().unwrap());
        assert_same(&serde_json::to_value(&request).unwrap(), &theirs, &exchange.file);
    }
}

fn query<T: DeserializeOwned + Serialize>(exchange: &Exchange) {
    let Some(request) = accepted(exchange, decode_query::<T>(&exchange.query)) else { return };
    let mut theirs = json!({});
    for (key, value) in exchange.query.split('&').filter_map(|pair| pair.split_once('=')) {
        match key {
            "trace_ids" if theirs.get(key).is_none() => theirs[key] = json!([value]),
            "trace_ids" => theirs[key].as_array_mut().unwrap().push(json!(value)),
            "allow_partial" => theirs[key] = json!(value.eq_ignore_ascii_case("true")),
            _ => theirs[key] = json!(value.replace("%2F", "/")),
        }
    }
    if exchange.path.ends_with("traces/get") && theirs.get("allow_partial").is_none() {
        theirs["allow_partial"] = json!(false);
    }
    assert_same(&serde_json::to_value(&request).unwrap(), &adapt(exchange, &theirs), &exchange.file);
}

fn start_trace(exchange: &Exchange) {
    let bytes = exchange.request.bytes();
    if let Some(request) = accepted(exchange, decode::<StartTrace>(&bytes)) {
        let ours = serde_json::to_value(TraceInfoEnvelope(&request.info)).unwrap();
        assert_same(&ours, &adapt(exchange, exchange.request.json().unwrap()), &exchange.file);
    }
}

/// The request, unless it is refused; then our words must be those of MLflow's server.
fn accepted<T>(exchange: &Exchange, result: Result<T, WireError>) -> Option<T> {
    let expected = refused_differently(exchange);
    let error = match result {
        Ok(request) => {
            assert!(expected.is_none(), "{} should have been refused", exchange.file);
            return Some(request);
        }
        Err(error) => error.to_string(),
    };
    match expected {
        Some(beginning) => assert!(error.starts_with(beginning), "{}: {error}", exchange.file),
        None => {
            let theirs: ErrorBody = decode(&exchange.response.bytes()).unwrap();
            assert_eq!(error, theirs.message, "{}", exchange.file);
        }
    }
    None
}

fn response<T: DeserializeOwned + Serialize>(exchange: &Exchange) {
    let read: T = decode(&exchange.response.bytes()).unwrap_or_else(|error| panic!("{}: {error}", exchange.file));
    assert_same(&serde_json::to_value(&read).unwrap(), exchange.response.json().unwrap(), &exchange.file);
}

fn error_response(exchange: &Exchange) {
    response::<ErrorBody>(exchange);
    let read: ErrorBody = decode(&exchange.response.bytes()).unwrap();
    let code = read.code().unwrap();
    assert_eq!(u64::from(code.status()), exchange.status, "{}", exchange.file);
    assert_eq!(ErrorBody::new(code, read.message.clone()), read, "{}", exchange.file);
}

fn otlp_request(exchange: &Exchange) {
    match (otlp(exchange), &exchange.response) {
        (Ok(traces), _) => assert!(!traces.groups[0].spans.is_empty()),
        (Err(error), Body::Json(theirs)) => {
            assert_eq!(json!({"detail": error.to_string()}), *theirs, "{}", exchange.file);
            assert_eq!(u64::from(error.status()), exchange.status);
        }
        (Err(error), _) => panic!("{}: {error}", exchange.file),
    }
}

fn otlp(exchange: &Exchange) -> Result<OtlpTraces, candor_wire::otlp::OtlpError> {
    let mut body = exchange.request.bytes();
    if exchange.gzip {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(body.as_slice()).read_to_end(&mut plain).unwrap();
        body = plain;
    }
    if exchange.content_type == "application/json" { decode_json(&body) } else { decode_protobuf(&body) }
}

/// Spans as MLflow's REST answers hold them: without kinds, by id.
fn comparable(spans: impl IntoIterator<Item = Span>) -> Vec<Span> {
    let mut spans: Vec<Span> = spans.into_iter().map(|span| Span { kind: SpanKind::Unspecified, ..span }).collect();
    spans.sort_by_key(|span| span.span_id);
    spans
}

#[test]
fn spans_that_came_as_protobuf_are_the_spans_that_are_read() {
    let sent = otlp(&recorded("14")).unwrap().groups.pop().unwrap();
    assert_eq!(sent.attributes.get_str("telemetry.sdk.name"), Some("mlflow"));
    let TraceEnvelope(trace) = decode::<TraceEnvelope<Trace>>(&recorded("27").response.bytes()).unwrap();
    assert_eq!(comparable(sent.spans), comparable(trace.spans));
}

#[test]
fn spans_that_came_as_json_are_the_spans_that_are_read_save_for_enrichment() {
    let sent = otlp(&recorded("19")).unwrap().groups.pop().unwrap();
    assert_eq!(sent.attributes.get_str("service.name"), Some("checkout"));
    assert_eq!(sent.spans.iter().map(|span| span.kind).collect::<Vec<_>>(), [SpanKind::Server, SpanKind::Client]);
    let TraceEnvelope(mut trace) = decode::<TraceEnvelope<Trace>>(&recorded("29").response.bytes()).unwrap();
    let sent = comparable(sent.spans);
    let known = |span: &Span, key: &str| {
        sent.iter().any(|sent| sent.span_id == span.span_id && sent.attributes.get(key).is_some())
    };
    for span in &mut trace.spans {
        let kept = span.attributes.clone().into_iter().filter(|(key, _)| known(span, key)).collect();
        span.attributes = kept;
    }
    assert_eq!(sent, comparable(trace.spans));
}

#[test]
fn compressed_protobuf_holds_one_span() {
    let sent = otlp(&recorded("20")).unwrap().groups.pop().unwrap();
    let [span] = sent.spans.as_slice() else { panic!("{sent:?}") };
    assert_eq!((span.name.as_str(), span.is_root()), ("gz", true));
    assert_eq!(span.trace_id.to_string(), "tr-11112222333344445555666677778888");
}

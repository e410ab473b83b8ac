//! Spans of an OpenTelemetry SDK that knows nothing of MLflow.

use std::collections::HashMap;

use candor_tests::Candor;
use opentelemetry::trace::{Span, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde_json::{Value, json};

#[test]
fn a_trace_of_the_rust_sdk_is_found_and_takes_feedback() {
    let candor = Candor::start();
    let trace_id = export_a_trace(&candor);

    let found = candor.post(
        "/api/3.0/mlflow/traces/search",
        &json!({
            "locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}],
            "filter": "name = 'answer' AND span.name = 'retrieve' AND tags.`service.name` = 'shop'",
        }),
    );
    let found = found.error_for_status().unwrap().json::<Value>().unwrap();
    assert_eq!(found["traces"][0]["trace_id"], trace_id.as_str());
    assert_eq!(found["traces"][0]["state"], "OK");

    // The app holds OpenTelemetry's bare id, which will do.
    let bare = trace_id.trim_start_matches("tr-");
    let verdict = json!({"is_correct": true, "comment": null});
    candor.post(&format!("/feedback?trace_id={bare}&user_id=u"), &verdict).error_for_status().unwrap();
    let trace = candor.get(&format!("/api/3.0/mlflow/traces/get?trace_id={trace_id}")).json::<Value>().unwrap();
    assert_eq!(trace["trace"]["spans"].as_array().unwrap().len(), 2);
    assert_eq!(trace["trace"]["trace_info"]["assessments"][0]["feedback"]["value"], true);
}

/// Two nested spans; returns the MLflow trace id.
fn export_a_trace(candor: &Candor) -> String {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", candor.url()))
        .with_headers(HashMap::from([("x-mlflow-experiment-id".to_owned(), "0".to_owned())]))
        .build()
        .unwrap();
    let provider = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name("shop").build())
        .with_batch_exporter(exporter)
        .build();
    let tracer = provider.tracer("shop");
    let root = tracer.start("answer");
    let trace_id = format!("tr-{}", root.span_context().trace_id());
    let context = Context::current_with_span(root);
    let mut child = tracer.start_with_context("retrieve", &context);
    child.set_attribute(KeyValue::new("documents", 3));
    child.end();
    context.span().end();
    provider.shutdown().unwrap();
    trace_id
}

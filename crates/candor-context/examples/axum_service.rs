//! A question-answering service with traces that verdicts find; `docs/tracing.md` explains it.
//!
//! ```sh
//! cargo run -p candor -- serve                                                        # keeps the traces
//! cargo run -p candor-context --example axum_service --features otlp,tower            # asks for questions
//! curl -i localhost:3000/chat -H 'Content-Type: application/json' -d '{"message": "What is MLflow?"}'
//! curl 'localhost:5000/feedback?trace_id=TRACE_ID&user_id=ada' \
//!   -H 'Content-Type: application/json' -d '{"is_correct": true, "comment": null}'
//! ```

use std::error::Error;
use std::time::Duration;

use axum::routing::post;
use axum::{Json, Router};
use candor_context::{
    Evaluation, FutureExt, Sampling, SpanType, TraceLayer, TraceUpdate, Tracer, current_span, current_trace_id, span,
    spawn, update_current_trace,
};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:5000".to_owned());
    let tracer =
        Tracer::otlp_builder(format!("{server}/v1/traces")).service_name("answers").sampling(Sampling::All).build()?;

    let app = Router::new().route("/chat", post(chat)).layer(TraceLayer::new(tracer.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, app).with_graceful_shutdown(stop).await?;

    tracer.shutdown(Duration::from_secs(5)).await?;
    Ok(())
}

/// The span of the request is current here: the layer has seen to that.
async fn chat(Json(request): Json<Value>) -> Json<Value> {
    current_span().set_inputs(&request);
    update_current_trace(TraceUpdate::new().tag("prompt_version", "7"));

    let question = request["message"].as_str().unwrap_or_default().to_owned();
    let documents = search(&question).in_span(span("search", SpanType::Retriever)).await;
    let answer = generate(&question, &documents).in_span(span("generate", SpanType::ChatModel)).await;

    // A task of its own, in the same trace.
    let judged = answer.clone();
    spawn(async move { judge(&judged).await }.in_span(span("judge", SpanType::Evaluator)));

    let answer = json!({"response": answer, "trace_id": current_trace_id().map(|id| id.to_string())});
    current_span().set_outputs(&answer);
    Json(answer)
}

async fn search(question: &str) -> Vec<&'static str> {
    current_span().set_inputs(question);
    let documents = vec!["MLflow is an open-source platform for machine learning."];
    current_span().set_outputs(&documents);
    documents
}

async fn generate(question: &str, documents: &[&str]) -> String {
    let span = current_span();
    span.set_inputs(json!({"messages": [{"role": "user", "content": question}]}));
    // OpenTelemetry's names are understood: they become MLflow's model and token usage.
    span.set_attribute("gen_ai.request.model", "parrot-1");
    span.set_attribute("gen_ai.usage.input_tokens", question.split_whitespace().count());
    let answer = documents.join(" ");
    span.set_attribute("gen_ai.usage.output_tokens", answer.split_whitespace().count());
    span.set_outputs(&answer);
    answer
}

async fn judge(answer: &str) {
    let score = if answer.contains("open-source") { 1.0 } else { 0.0 };
    current_span().add_evaluation(Evaluation::score("mentions_licence", score));
}

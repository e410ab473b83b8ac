//! A chat service with verdicts in one process, to copy from: the chat, the feedback routes, one store.
//!
//! It asks itself a question over HTTP, judges the answer, and shows the trace that both landed on.
//! `cargo run -p candor-chat --example chat_service`

use std::sync::Arc;
use std::time::Duration;

use candor_chat::{ChatService, Library, OfflineResponder};
use candor_context::Tracer;
use candor_http::feedback::FeedbackConfig;
use candor_http::{ApiState, feedback};
use candor_store::{MemoryStore, TrackingStore};
use serde_json::{Value, json};
use tokio::net::TcpListener;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let store: Arc<dyn TrackingStore> = Arc::new(MemoryStore::new());
    let tracer = Tracer::builder(Arc::clone(&store)).service_name("chat").build()?;
    // `OpenAiResponder::new("http://127.0.0.1:8080/v1", "model", key)?` asks a model instead.
    let chat = ChatService::new(tracer.clone(), Library::about_candor(), OfflineResponder::default());
    let app = chat.router().merge(feedback::router(ApiState::new(Arc::clone(&store)), FeedbackConfig::default()));

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });

    let question = json!({"message": "What happens to a verdict that arrives before its trace?"});
    let answer: Value = post(&format!("{url}/chat"), &question).await?;
    println!("{}", answer["response"].as_str().unwrap_or_default());

    let trace_id = answer["trace_id"].as_str().ok_or("the answer has no trace")?;
    let verdict = json!({"is_correct": true, "comment": "that was quick"});
    post(&format!("{url}/feedback?trace_id={trace_id}&user_id=ada"), &verdict).await?;

    tracer.flush(Duration::from_secs(5)).await?;
    let traces = store.get_traces(&[trace_id.parse()?], true).await?;
    let trace = traces.first().ok_or("the trace has not landed")?;
    for span in &trace.spans {
        println!("  {} ({})", span.name, span.span_type().unwrap_or("UNKNOWN"));
    }
    for verdict in &trace.info.assessments {
        println!("{} {:?} by {}", verdict.name, verdict.body.value(), verdict.source.source_type.as_str());
    }
    Ok(())
}

async fn post(url: &str, body: &Value) -> Result<Value, Error> {
    let answer = reqwest::Client::new().post(url).json(body).send().await?;
    Ok(answer.error_for_status()?.json().await?)
}

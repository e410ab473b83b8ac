//! A chat about your own documents, with the feedback routes beside it: a service to copy.
//!
//! ```sh
//! cargo run --package candor-chat --example documents -- README.md docs/*.md
//! curl localhost:8080/chat -H 'Content-Type: application/json' -d '{"message": "What is a verdict?"}'
//! curl 'localhost:8080/feedback?trace_id=tr-…&user_id=ada' -H 'Content-Type: application/json' \
//!     -d '{"is_correct": true, "comment": null}'
//! ```
//!
//! `Checklist` shows what a model of your own looks like. Traces and verdicts are kept in memory; any
//! other store takes its place.

use std::sync::Arc;

use async_trait::async_trait;
use candor_chat::{ChatService, Library, Piece, Pieces, Prompt, Responder, ResponderError};
use candor_context::Tracer;
use candor_http::ApiState;
use candor_http::feedback::{self, FeedbackConfig};
use candor_store::{MemoryStore, TrackingStore};
use futures_util::stream;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut documents = Vec::new();
    for path in std::env::args().skip(1) {
        let text = std::fs::read_to_string(&path)?;
        documents.push((path, text));
    }
    let library = Library::new(documents.iter().map(|(name, text)| (name.as_str(), text.as_str())));

    let store: Arc<dyn TrackingStore> = Arc::new(MemoryStore::new());
    let tracer = Tracer::builder(Arc::clone(&store)).service_name("documents").build()?;
    let app = ChatService::new(tracer, library, Checklist)
        .router()
        .merge(feedback::router(ApiState::new(store), FeedbackConfig::default()));

    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

/// Answers with a list of the places to read, piece by piece.
#[derive(Debug)]
struct Checklist;

#[async_trait]
impl Responder for Checklist {
    fn model(&self) -> &str {
        "checklist"
    }

    async fn respond(&self, prompt: &Prompt) -> Result<Pieces, ResponderError> {
        let places = prompt.passages.iter().map(|passage| format!("- {} in {}\n", passage.title, passage.source));
        let pieces: Vec<_> = places.map(|place| Ok(Piece::Text(place))).collect();
        Ok(Box::pin(stream::iter(pieces)))
    }
}

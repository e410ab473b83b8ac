//! A chat service whose answers can be judged: to mount, to copy from, to try Candor with.
//!
//! `POST /chat` answers at once, `POST /chat/stream` token by token, both with the ids that a verdict
//! has to name. Every answer is a trace: what was asked and by whom, which passages were found, what
//! the model was given and what it said. Who answers is a [`Responder`]: [`OfflineResponder`] quotes
//! the passages that were found, [`OpenAiResponder`] asks any OpenAI-compatible endpoint. It keeps no
//! conversations and calls no tools: it shows how the parts fit together, and is no framework for
//! agents.
//!
//! It is a crate of its own so that `candor-http` need not know of language models.
//!
//! ```
//! use std::sync::Arc;
//! use candor_chat::{ChatService, Library, OfflineResponder};
//! use candor_context::Tracer;
//! use candor_store::{MemoryStore, TrackingStore};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store: Arc<dyn TrackingStore> = Arc::new(MemoryStore::new());
//! let tracer = Tracer::builder(store).service_name("chat").build()?;
//! let app: axum::Router = ChatService::new(tracer, Library::about_candor(), OfflineResponder::default()).router();
//! # let _ = app;
//! # Ok(())
//! # }
//! ```

mod error;
mod library;
mod model_span;
mod offline;
mod openai;
mod question;
mod ranking;
mod responder;
mod routes;
mod server_sent;

pub use library::{Library, Passage};
pub use offline::OfflineResponder;
pub use openai::OpenAiResponder;
pub use responder::{Piece, Pieces, Prompt, Responder, ResponderError};
pub use routes::ChatService;
pub use server_sent::{EventReader, TooLong};

#[cfg(test)]
mod tests;

//! Answers streamed token by token, as Server-Sent Events that a verdict can find its way back from.
//!
//! Any stream of texts becomes a response whose events carry the trace's id, so that the browser
//! knows from the first event on what to send with a verdict:
//!
//! ```text
//! id: 6f9619ff8b86d011b42d00cf4fc964ff.0
//! data: {"type":"start","trace_id":"tr-4bf92f3577b34da6a3ce929d0e0e4736","client_request_id":null}
//!
//! id: 6f9619ff8b86d011b42d00cf4fc964ff.1
//! data: {"type":"token","content":"An open-source platform"}
//!
//! id: 6f9619ff8b86d011b42d00cf4fc964ff.2
//! data: {"type":"done","trace_id":"tr-4bf92f3577b34da6a3ce929d0e0e4736"}
//! ```
//!
//! When the tokens fail, `{"type":"error","error":"…"}` takes the place of `done`.
//!
//! * **Fast tokens are joined.** The first is sent at once; later ones that come within
//!   [`join_within`](SseOptions::join_within) become one event.
//! * **Slow readers cost a bounded buffer.** No more tokens are asked for while
//!   [`unread_bytes`](SseOptions::unread_bytes) wait for the reader; one who takes nothing for
//!   [`stall_timeout`](SseOptions::stall_timeout) is given up.
//! * **A reader that goes away ends the answer**: the tokens are dropped, and what was produced so
//!   far is recorded. With [`ResumableAnswers`] it has some time to come back with the id of the
//!   last event it saw, and gets exactly the events it missed.
//! * **How it went is recorded**: an [`AnswerRecorder`] hears of the first token and of the end, with
//!   the text and the number of tokens. A [span](candor_context::Span) is one.
//!
//! ```
//! use axum::response::Response;
//! use candor_context::{SpanType, Tracer};
//! use candor_http::sse::SseAnswer;
//! use futures_util::stream;
//!
//! fn answer(tracer: &Tracer, question: &str) -> Response {
//!     let span = tracer.span("answer", SpanType::Llm);
//!     span.set_inputs(question);
//!     let tokens = stream::iter(["An ", "open-source ", "platform"]).map(Ok::<_, std::io::Error>);
//!     SseAnswer::new(tokens).recorded_by(span).into_response()
//! }
//! # use axum::response::IntoResponse;
//! # use futures_util::StreamExt;
//! ```

mod answer;
mod event;
mod log;
mod options;
mod produce;
mod reader;
mod record;
mod resume;

pub use answer::SseAnswer;
pub use options::SseOptions;
pub use record::{AnswerRecord, AnswerRecorder, Ending};
pub use resume::{LAST_EVENT_ID, ResumableAnswers};

#[cfg(test)]
mod tests;

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::Stream;

use crate::Passage;

/// What an answer is made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// What the user asks.
    pub question: String,
    /// What was found about it, best first; may be empty.
    pub passages: Vec<Passage>,
}

/// A part of an answer, or something said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Piece {
    /// Some text.
    Text(String),
    /// The provider's id of the answer.
    ResponseId(String),
    /// What the answer has cost.
    Usage {
        /// Tokens of the prompt.
        input_tokens: u64,
        /// Tokens of the answer.
        output_tokens: u64,
    },
}

/// An answer as it comes; dropping it stops whoever makes it.
pub type Pieces = Pin<Box<dyn Stream<Item = Result<Piece, ResponderError>> + Send>>;

/// Whoever answers questions.
#[async_trait]
pub trait Responder: fmt::Debug + Send + Sync + 'static {
    /// The model's name, for the trace.
    fn model(&self) -> &str;

    /// Begins an answer.
    ///
    /// # Errors
    /// [`ResponderError`], here or later among the pieces. Users see its text.
    async fn respond(&self, prompt: &Prompt) -> Result<Pieces, ResponderError>;
}

/// Why there is no answer, or no more of it. The text is fit for users: no addresses, no secrets.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResponderError {
    /// The endpoint cannot be reached.
    #[error("the model cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The endpoint refuses the request.
    #[error("the model refuses the request with status {status}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the endpoint says, shortened.
        message: String,
    },
    /// The endpoint failed while it was answering.
    #[error("the model failed: {0}")]
    Failed(String),
    /// The answer broke off.
    #[error("the model's answer broke off")]
    Interrupted(#[source] reqwest::Error),
    /// The answer ended without the mark of its end.
    #[error("the model's answer is not complete")]
    Incomplete,
    /// Nothing came for too long.
    #[error("the model sent nothing for {} s", .0.as_secs_f64())]
    Timeout(Duration),
    /// What came is not what the protocol says.
    #[error("the model's answer cannot be read")]
    Malformed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

//! The span of a model's answer, which lasts as long as the answer does.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use candor_context::Span;
use candor_model::keys;
use futures_util::Stream;

use crate::{Piece, Pieces, ResponderError};

/// The texts of an answer; what else is said of it goes to the span.
///
/// A span whose answer is dropped half-way ends as cancelled, with what was said so far.
pub(crate) struct Texts {
    pieces: Pieces,
    /// `None` once it has ended.
    span: Option<Span>,
    said: String,
}

/// The longest output that the span keeps, in bytes.
const MAX_SAID: usize = 256 << 10;

impl Texts {
    pub(crate) fn new(pieces: Pieces, span: Span) -> Self {
        Self { pieces, span: Some(span), said: String::new() }
    }

    fn note(&mut self, piece: Piece) -> Option<String> {
        match (piece, &self.span) {
            (Piece::Text(text), _) => {
                let end = text.floor_char_boundary(MAX_SAID.saturating_sub(self.said.len()));
                self.said.push_str(&text[..end]);
                return Some(text);
            }
            (Piece::ResponseId(id), Some(span)) => span.set_attribute(keys::GEN_AI_RESPONSE_ID, id),
            (Piece::Usage { input_tokens, output_tokens }, Some(span)) => {
                span.set_attribute("gen_ai.usage.input_tokens", input_tokens);
                span.set_attribute("gen_ai.usage.output_tokens", output_tokens);
            }
            (_, None) => {}
        }
        None
    }

    fn end(&mut self, error: Option<&ResponderError>) {
        if let Some(span) = self.span.take() {
            span.set_outputs(&self.said);
            if let Some(error) = error {
                span.record_error(error);
            }
            span.end();
        }
    }
}

impl Stream for Texts {
    type Item = Result<String, ResponderError>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match ready!(self.pieces.as_mut().poll_next(task)) {
                Some(Ok(piece)) => {
                    if let Some(text) = self.note(piece) {
                        return Poll::Ready(Some(Ok(text)));
                    }
                }
                Some(Err(error)) => {
                    self.end(Some(&error));
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    self.end(None);
                    return Poll::Ready(None);
                }
            }
        }
    }
}

impl Drop for Texts {
    fn drop(&mut self) {
        if let Some(span) = self.span.take() {
            span.set_outputs(&self.said);
            span.cancel();
        }
    }
}

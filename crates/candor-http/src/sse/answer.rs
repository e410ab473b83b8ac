use std::fmt;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use candor_model::{ClientRequestId, TraceId};
use futures_util::{Stream, StreamExt};
use uuid::Uuid;

use super::event::{Event, Shown};
use super::log::Log;
use super::produce::{Tokens, produce};
use super::record::Recording;
use super::{AnswerRecorder, ResumableAnswers, SseOptions, reader};

/// A stream of tokens that becomes a response.
///
/// Must become one within a tokio runtime, which runs the tokens apart from the response.
#[must_use = "an answer does nothing until it is made a response"]
pub struct SseAnswer {
    tokens: Tokens,
    trace_id: Option<TraceId>,
    client_request_id: Option<ClientRequestId>,
    recorder: Option<Box<dyn AnswerRecorder>>,
    resumable: Option<ResumableAnswers>,
    options: SseOptions,
}

impl SseAnswer {
    /// Streams these tokens. What an error says reaches the reader, so it must hold no secrets.
    pub fn new<T: Into<String>, E: fmt::Display>(tokens: impl Stream<Item = Result<T, E>> + Send + 'static) -> Self {
        let tokens = tokens.map(|token| token.map(Into::into).map_err(|error| error.to_string()));
        Self {
            tokens: Box::pin(tokens),
            trace_id: None,
            client_request_id: None,
            recorder: None,
            resumable: None,
            options: SseOptions::default(),
        }
    }

    /// Tells how it went, and takes the trace's id from there unless it is told otherwise.
    pub fn recorded_by(mut self, recorder: impl AnswerRecorder) -> Self {
        self.trace_id = self.trace_id.or_else(|| recorder.trace_id());
        self.recorder = Some(Box::new(recorder));
        self
    }

    /// The trace of the answer.
    pub fn trace_id(mut self, id: TraceId) -> Self {
        self.trace_id = Some(id);
        self
    }

    /// The app's own id of the request.
    pub fn client_request_id(mut self, id: ClientRequestId) -> Self {
        self.client_request_id = Some(id);
        self
    }

    /// Lets a reader whose connection broke come back.
    pub fn resumable(mut self, answers: &ResumableAnswers) -> Self {
        self.resumable = Some(answers.clone());
        self
    }

    /// Other bounds than the default ones.
    pub fn options(mut self, options: SseOptions) -> Self {
        self.options = options;
        self
    }
}

impl IntoResponse for SseAnswer {
    fn into_response(self) -> Response {
        // Whoever knows the id may read the answer, so it is drawn and not counted.
        let stream = Uuid::new_v4().simple().to_string();
        let patience = self.resumable.as_ref().map_or(Duration::ZERO, ResumableAnswers::patience);
        let log = Log::new(stream, &self.options, patience);
        let client_request_id = self.client_request_id.as_ref().map(ClientRequestId::as_str);
        log.write(Event::Start { trace_id: self.trace_id.map(Shown), client_request_id });
        let Some(cursor) = log.read_from(0) else { unreachable!("nobody has read yet, so everything is kept") };

        let kept = self.resumable.map(|answers| answers.keep(&log, self.options.keep_alive));
        let keep_alive = self.options.keep_alive;
        let recording = Recording::new(self.recorder, self.options.recorded_bytes);
        let producing = produce(self.tokens, log, self.options, recording, self.trace_id);
        tokio::spawn(async move {
            producing.await;
            if let Some(kept) = kept {
                kept.until_too_late().await;
            }
        });
        reader::response(cursor, keep_alive)
    }
}

impl fmt::Debug for SseAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SseAnswer").field("trace_id", &self.trace_id).finish_non_exhaustive()
    }
}

use std::time::{Duration, Instant};

use candor_context::Span;
use candor_model::TraceId;

/// Hears how a streamed answer went.
pub trait AnswerRecorder: Send + 'static {
    /// The trace that is recorded, for the reader to name.
    fn trace_id(&self) -> Option<TraceId> {
        None
    }

    /// The answer has ended, one way or another; called once.
    fn finish(self: Box<Self>, record: AnswerRecord);
}

/// A streamed answer after its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnswerRecord {
    /// Everything that was produced, up to [`recorded_bytes`](super::SseOptions::recorded_bytes).
    pub text: String,
    /// Whether more was produced than [`text`](Self::text) holds.
    pub truncated: bool,
    /// The number of tokens that the stream produced.
    pub tokens: u64,
    /// From the start to the first token; `None` when there was none.
    pub time_to_first_token: Option<Duration>,
    /// From the start to the end.
    pub duration: Duration,
    /// Why it ended.
    pub ending: Ending,
}

/// Why a streamed answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// Everything was produced.
    Done,
    /// The tokens failed, or did not come in time.
    Failed(String),
    /// The reader went away and did not come back in time.
    ReaderGone,
    /// The reader took nothing for too long.
    ReaderStalled,
    /// The server stopped, or a panic ended the answer.
    Interrupted,
}

impl Ending {
    /// The name under which it is recorded.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed(_) => "failed",
            Self::ReaderGone => "reader_gone",
            Self::ReaderStalled => "reader_stalled",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Sets the outputs and these attributes, then ends the span: `candor.stream.tokens`,
/// `candor.stream.time_to_first_token_ms`, `candor.stream.ending` and, when the text was cut,
/// `candor.stream.truncated`. A failure is recorded as an error, a reader that left as cancelled.
impl AnswerRecorder for Span {
    fn trace_id(&self) -> Option<TraceId> {
        candor_context::SpanRef::trace_id(self)
    }

    fn finish(self: Box<Self>, record: AnswerRecord) {
        self.set_outputs(&record.text);
        self.set_attribute("candor.stream.tokens", record.tokens);
        if let Some(time) = record.time_to_first_token {
            self.set_attribute("candor.stream.time_to_first_token_ms", time.as_secs_f64() * 1e3);
        }
        self.set_attribute("candor.stream.ending", record.ending.as_str());
        if record.truncated {
            self.set_attribute("candor.stream.truncated", true);
        }
        match record.ending {
            Ending::Done => self.end(),
            Ending::Failed(message) => {
                self.record_failure(message);
                self.end();
            }
            Ending::ReaderGone | Ending::ReaderStalled | Ending::Interrupted => self.cancel(),
        }
    }
}

/// Collects what is to be recorded, and sees to it that it is, whatever happens.
pub(super) struct Recording {
    recorder: Option<Box<dyn AnswerRecorder>>,
    limit: usize,
    start: Instant,
    text: String,
    truncated: bool,
    tokens: u64,
    first_token: Option<Duration>,
}

impl Recording {
    pub(super) fn new(recorder: Option<Box<dyn AnswerRecorder>>, limit: usize) -> Self {
        Self {
            recorder,
            limit,
            start: Instant::now(),
            text: String::new(),
            truncated: false,
            tokens: 0,
            first_token: None,
        }
    }

    pub(super) fn token(&mut self, token: &str) {
        self.tokens += 1;
        self.first_token.get_or_insert_with(|| self.start.elapsed());
        if self.recorder.is_none() || self.truncated {
            return;
        }
        let room = self.limit - self.text.len();
        let end = token.floor_char_boundary(room);
        self.truncated = end < token.len();
        self.text.push_str(&token[..end]);
    }

    pub(super) fn finish(&mut self, ending: Ending) {
        if let Some(recorder) = self.recorder.take() {
            recorder.finish(AnswerRecord {
                text: std::mem::take(&mut self.text),
                truncated: self.truncated,
                tokens: self.tokens,
                time_to_first_token: self.first_token,
                duration: self.start.elapsed(),
                ending,
            });
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.finish(Ending::Interrupted);
    }
}

//! The task that turns tokens into events.

use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

use candor_model::TraceId;
use futures_util::stream::Fuse;
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::event::{Event, Shown};
use super::log::Log;
use super::record::Recording;
use super::{Ending, SseOptions};

/// Tokens, or why there are no more.
pub(super) type Tokens = Pin<Box<dyn Stream<Item = Result<String, String>> + Send>>;

/// Produces events until the tokens end or nobody wants them any more.
pub(super) async fn produce(
    tokens: Tokens,
    log: Arc<Log>,
    options: SseOptions,
    mut recording: Recording,
    trace_id: Option<TraceId>,
) {
    let log = Unfinished(log);
    let mut producer = Producer { tokens: tokens.fuse(), options, is_first: true, failure: None };
    let ending = loop {
        tokio::select! {
            biased;
            () = log.abandoned() => break Ending::ReaderGone,
            roomy = timeout(producer.options.stall_timeout, log.room()) => match roomy {
                Err(_) if log.has_reader() => break Ending::ReaderStalled,
                Err(_) => continue, // whoever is gone cannot stall
                Ok(()) => {}
            },
        }
        tokio::select! {
            biased;
            () = log.abandoned() => break Ending::ReaderGone,
            text = producer.next_text(&mut recording) => match text {
                Ok(Some(content)) => log.write(Event::Token { content: &content }),
                Ok(None) => break Ending::Done,
                Err(message) => break Ending::Failed(message),
            },
        }
    };
    // Dropping the tokens stops whatever produces them, before anybody is told of the end.
    drop(producer);
    match &ending {
        Ending::Done => log.write(Event::Done { trace_id: trace_id.map(Shown) }),
        Ending::Failed(error) => log.write(Event::Error { error }),
        Ending::ReaderStalled => log.write(Event::Error { error: "the reader took nothing for too long" }),
        Ending::ReaderGone | Ending::Interrupted => {}
    }
    recording.finish(ending);
}

/// Lets the reader's answer end whatever happens here, a panic among the tokens too.
struct Unfinished(Arc<Log>);

impl Deref for Unfinished {
    type Target = Log;

    fn deref(&self) -> &Log {
        &self.0
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.write(Event::Error { error: "the answer was interrupted" });
        }
        self.finish();
    }
}

struct Producer {
    tokens: Fuse<Tokens>,
    options: SseOptions,
    is_first: bool,
    /// A failure that came after tokens which are still to be sent.
    failure: Option<String>,
}

impl Producer {
    /// The text of the next event: a token, with those that follow at once.
    ///
    /// Nothing is lost when this is dropped half-way only because the answer ends then.
    async fn next_text(&mut self, recording: &mut Recording) -> Result<Option<String>, String> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let limit = self.options.token_timeout;
        let mut text = match timeout(limit, self.tokens.next()).await {
            Ok(Some(Ok(token))) => token,
            Ok(Some(Err(message))) => return Err(message),
            Ok(None) => return Ok(None),
            Err(_) => return Err(format!("no token came within {} s", limit.as_secs_f64())),
        };
        recording.token(&text);
        // Whoever waits for the first token waits for nothing else.
        if std::mem::replace(&mut self.is_first, false) || self.options.join_within.is_zero() {
            return Ok(Some(text));
        }
        let deadline = Instant::now() + self.options.join_within;
        while text.len() < self.options.join_bytes {
            match timeout_at(deadline, self.tokens.next()).await {
                Ok(Some(Ok(token))) => {
                    recording.token(&token);
                    text.push_str(&token);
                }
                Ok(Some(Err(message))) => {
                    self.failure = Some(message);
                    break;
                }
                Ok(None) | Err(_) => break,
            }
        }
        Ok(Some(text))
    }
}

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::Response;

use super::log::Log;
use super::reader;

/// The header in which a reader names the last event that it saw.
pub const LAST_EVENT_ID: &str = "last-event-id";

/// The answers under way, for readers whose connection broke.
///
/// A reader that goes away has [`patience`](Self::patience) to come back with the id of the last
/// event it saw, e.g. in the header `Last-Event-ID`; meanwhile the answer goes on, up to what may
/// wait unread. An answer that has ended is kept just as long. Clones share the answers.
///
/// ```
/// use axum::http::HeaderMap;
/// use axum::response::{IntoResponse, Response};
/// use candor_http::sse::{ResumableAnswers, SseAnswer};
/// use futures_util::{StreamExt, stream};
///
/// async fn ask(answers: ResumableAnswers, headers: HeaderMap) -> Response {
///     if let Some(resumed) = answers.resume(&headers) {
///         return resumed;
///     }
///     let tokens = stream::iter(["An ", "answer"]).map(Ok::<_, std::io::Error>);
///     SseAnswer::new(tokens).resumable(&answers).into_response()
/// }
/// ```
#[derive(Clone)]
pub struct ResumableAnswers {
    patience: Duration,
    capacity: usize,
    answers: Arc<Mutex<HashMap<String, Kept>>>,
}

#[derive(Clone)]
struct Kept {
    log: Arc<Log>,
    keep_alive: Duration,
}

impl ResumableAnswers {
    /// Gives readers `patience` to come back, for at most `capacity` answers at once; those above
    /// cannot be resumed.
    pub fn new(patience: Duration, capacity: usize) -> Self {
        Self { patience, capacity, answers: Arc::default() }
    }

    /// How long a reader may be gone.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Goes on with the answer that the header `Last-Event-ID` is of, after the event it names.
    ///
    /// `None` without such a header, or when the answer is unknown here, was given up, or the events
    /// that follow are not kept any more. Ask anew then.
    pub fn resume(&self, headers: &HeaderMap) -> Option<Response> {
        let (stream, number) = headers.get(LAST_EVENT_ID)?.to_str().ok()?.split_once('.')?;
        let next = number.parse::<u64>().ok()?.checked_add(1)?;
        let Kept { log, keep_alive } = self.lock().get(stream)?.clone();
        Some(reader::response(log.read_from(next)?, keep_alive))
    }

    /// Keeps an answer until the guard is through.
    pub(super) fn keep(self, log: &Arc<Log>, keep_alive: Duration) -> KeptAnswer {
        let mut answers = self.lock();
        if answers.len() < self.capacity {
            answers.insert(log.stream().to_owned(), Kept { log: Arc::clone(log), keep_alive });
        }
        drop(answers);
        KeptAnswer { answers: self, stream: log.stream().to_owned() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ResumableAnswers {
    /// Half a minute, ten thousand answers.
    fn default() -> Self {
        Self::new(Duration::from_secs(30), 10_000)
    }
}

impl fmt::Debug for ResumableAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResumableAnswers").field("kept", &self.lock().len()).finish_non_exhaustive()
    }
}

/// Forgets the answer when dropped.
pub(super) struct KeptAnswer {
    answers: ResumableAnswers,
    stream: String,
}

impl KeptAnswer {
    /// Waits as long as a reader may be gone.
    pub(super) async fn until_too_late(self) {
        tokio::time::sleep(self.answers.patience).await;
    }
}

impl Drop for KeptAnswer {
    fn drop(&mut self) {
        self.answers.lock().remove(&self.stream);
    }
}

//! Request bodies: why one could not be read, and where a long one is decoded.

use std::error::Error;

use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderValue, StatusCode};
use tokio::sync::Semaphore;
use tower_http::timeout::TimeoutError;

/// Bodies up to this many bytes are decoded in place; longer ones would hold up other requests.
const IN_PLACE_BYTES: usize = 64 * 1024;

/// How many long bodies are decoded at a time, since each may need many times its length in memory.
static LONG_BODIES: Semaphore = Semaphore::const_new(8);

/// The status and the words for a body that could not be read to its end.
pub(crate) fn explain(rejection: &BytesRejection) -> (StatusCode, String) {
    if caused_by_timeout(rejection) {
        let message = "The request body did not arrive in time.";
        return (StatusCode::REQUEST_TIMEOUT, message.to_owned());
    }
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            (StatusCode::PAYLOAD_TOO_LARGE, "The request body is larger than this server takes.".to_owned())
        }
        status => (status, rejection.body_text()),
    }
}

/// Runs `decode` where it holds nobody up: on a thread of its own if the body is long.
pub(crate) async fn decode_aside<T: Send + 'static>(length: usize, decode: impl FnOnce() -> T + Send + 'static) -> T {
    if length <= IN_PLACE_BYTES {
        return decode();
    }
    let permit = LONG_BODIES.acquire().await; // never closed, so never an error
    let span = tracing::Span::current();
    let decode_under_permit = move || {
        let decoded = span.in_scope(decode);
        drop(permit); // only here: the thread goes on when nobody waits for it any more
        decoded
    };
    match tokio::task::spawn_blocking(decode_under_permit).await {
        Ok(decoded) => decoded,
        Err(error) => crate::state::resume(error),
    }
}

fn caused_by_timeout(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<TimeoutError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Whether `content_type` is `media_type`, whatever its parameters.
pub(crate) fn is_media_type(content_type: &HeaderValue, media_type: &str) -> bool {
    let own = content_type.to_str().ok().and_then(|text| text.split(';').next());
    own.is_some_and(|own| own.trim().eq_ignore_ascii_case(media_type))
}

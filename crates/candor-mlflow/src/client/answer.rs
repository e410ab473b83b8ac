//! What an answer means.

use std::error::Error;
use std::time::Duration;

use candor_wire::ErrorBody;
use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};
use serde::de::DeserializeOwned;

use crate::MlflowError;

/// The longest answer that is taken in: five hundred traces with large spans.
const MAX_BYTES: usize = 256 << 20;
/// What is shown of an answer that is not understood, in characters.
const SHOWN: usize = 100;

/// Why there is no answer at all.
pub(super) fn not_sent(error: reqwest::Error, after: Duration) -> MlflowError {
    let error = error.without_url();
    if let Some(reason) = tls_reason(&error) {
        return MlflowError::Tls { reason, source: error };
    }
    if error.is_connect() {
        return MlflowError::Unreachable(error);
    }
    broken(error, after)
}

/// The body of a success.
pub(super) async fn read(
    answer: Response,
    after: Duration,
    signed_in_with: &'static str,
) -> Result<Vec<u8>, MlflowError> {
    let status = answer.status();
    let retry_after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let retry_after = retry_after.map(Duration::from_secs);
    let body = bounded(answer, after).await?;
    if status.is_success() {
        return Ok(body);
    }
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return Err(MlflowError::Denied { status, with: signed_in_with });
    }
    Err(match serde_json::from_slice::<ErrorBody>(&body) {
        Ok(body) => MlflowError::Refused { status, body, retry_after },
        Err(_) => MlflowError::Foreign { status, start: start(&body), retry_after },
    })
}

/// Reads the body of a success as JSON.
pub(super) fn read_json<R: DeserializeOwned>(body: &[u8]) -> Result<R, MlflowError> {
    candor_wire::decode(body).map_err(|source| MlflowError::Malformed { start: start(body), source })
}

async fn bounded(mut answer: Response, after: Duration) -> Result<Vec<u8>, MlflowError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| broken(error.without_url(), after))? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(MlflowError::TooLong { limit: MAX_BYTES });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn broken(error: reqwest::Error, after: Duration) -> MlflowError {
    if error.is_timeout() { MlflowError::Timeout { after, source: error } } else { MlflowError::Interrupted(error) }
}

/// What rustls says, if it is among the causes.
fn tls_reason(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(error.to_string());
    }
    // What an I/O error wraps is not its source, but what that wraps in turn is.
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    let wrapped = wrapped.and_then(|wrapped| tls_reason(wrapped));
    wrapped.or_else(|| error.source().and_then(tls_reason))
}

fn start(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(SHOWN).collect()
}

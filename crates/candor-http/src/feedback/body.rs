//! Reads JSON bodies of a bounded length.

use std::error::Error;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt;
use serde_json::{Map, Value as Json};
use tower_http::timeout::TimeoutError;

use super::fields::kind_of;
use crate::problem::{Problem, ProblemKind, Result};

/// Reads a body that must be a JSON object of at most `max` bytes.
///
/// # Errors
/// 415, 408, 413 and 400, in this order.
pub(crate) async fn read_object(headers: &HeaderMap, body: Body, max: usize) -> Result<Map<String, Json>> {
    check_media_type(headers)?;
    let bytes = read(body, max).await?;
    let malformed = |words: String| Problem::new(ProblemKind::MalformedJson, words);
    match crate::server::body::decode_aside(bytes.len(), move || serde_json::from_slice(&bytes)).await {
        Ok(Json::Object(object)) => Ok(object),
        Ok(other) => Err(malformed(format!("the body must be a JSON object, got {}", kind_of(&other)))),
        Err(error) => Err(malformed(format!("the body is not JSON: {error}"))),
    }
}

/// Bytes above the limit that are read and thrown away before the refusal.
///
/// A client that is still sending when the connection is closed sees no answer, only the closing.
const MAX_DRAINED: usize = 64 << 20;

async fn read(mut body: Body, max: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(unreadable)?.into_data() else { continue };
        length += data.len();
        if length <= max {
            bytes.extend_from_slice(&data);
        } else if length <= max + MAX_DRAINED {
            bytes = Vec::new();
        } else {
            break;
        }
    }
    if length <= max {
        return Ok(bytes);
    }
    Err(Problem::new(ProblemKind::TooLarge, format!("the body must be at most {max} bytes long")))
}

fn unreadable(error: axum::Error) -> Problem {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(error) = cause {
        if error.is::<TimeoutError>() {
            return Problem::new(ProblemKind::RequestTimeout, "the body did not arrive in time");
        }
        cause = error.source();
    }
    Problem::new(ProblemKind::MalformedJson, "the body broke off")
}

fn check_media_type(headers: &HeaderMap) -> Result<()> {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media_type == "application/json" || (media_type.starts_with("application/") && media_type.ends_with("+json")) {
        return Ok(());
    }
    let detail = format!("Content-Type must be application/json, got {media_type:?}");
    Err(Problem::new(ProblemKind::UnsupportedMediaType, detail))
}

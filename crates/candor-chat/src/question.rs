//! What users ask.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde_json::{Map, Value};

use crate::error::Problem;

/// The longest question, in characters.
const MAX_CHARS: usize = 8000;

/// The body of a request: `{"message": "…"}`.
pub(crate) struct Question(pub(crate) String);

impl<S: Send + Sync> FromRequest<S> for Question {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Json(body) = Json::<Map<String, Value>>::from_request(request, state).await.map_err(unreadable)?;
        if let Some(unknown) = body.keys().find(|key| *key != "message") {
            return Err(Problem::body(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_parameter",
                format!("{unknown}: is unknown here; only message is known"),
            ));
        }
        let message = match body.get("message") {
            Some(Value::String(message)) => message.trim(),
            Some(_) => return Err(Problem::field("message", "must be a string")),
            None => return Err(Problem::field("message", "is required")),
        };
        match message.chars().count() {
            0 => Err(Problem::field("message", "must not be empty")),
            count if count > MAX_CHARS => {
                Err(Problem::field("message", format!("must be at most {MAX_CHARS} characters long, got {count}")))
            }
            _ => Ok(Self(message.to_owned())),
        }
    }
}

fn unreadable(rejection: JsonRejection) -> Problem {
    let code = match rejection.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        _ => "malformed_json",
    };
    // A body that is JSON, but no object, is malformed here, too.
    let status = match rejection.status() {
        StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        status => status,
    };
    Problem::body(status, code, rejection.body_text())
}

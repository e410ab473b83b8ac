//! Refusals, as RFC 9457 problem details.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use candor_model::TraceId;
use serde_json::json;

/// Why a question got no answer.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    field: Option<&'static str>,
    detail: String,
    trace_id: Option<TraceId>,
}

impl Problem {
    pub(crate) fn field(field: &'static str, reason: impl std::fmt::Display) -> Self {
        let detail = format!("{field}: {reason}");
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self { status, code: "invalid_parameter", field: Some(field), detail, trace_id: None }
    }

    pub(crate) fn body(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, field: None, detail: detail.into(), trace_id: None }
    }

    /// The model failed; the trace of the failure can be judged, too.
    pub(crate) fn model(detail: String, trace_id: Option<TraceId>) -> Self {
        Self { status: StatusCode::BAD_GATEWAY, code: "model_failed", field: None, detail, trace_id }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": format!("urn:candor:problem:{}", self.code.replace('_', "-")),
            "title": self.code.replace('_', " "),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        if let Some(field) = self.field {
            body["field"] = json!(field);
        }
        if let Some(id) = self.trace_id {
            body["trace_id"] = json!(id.to_string());
        }
        let mut response = (self.status, Json(body)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}

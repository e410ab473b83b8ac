use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken over from a caller, in bytes.
const MAX_ID_BYTES: usize = 128;

/// Middleware: gives the request its id, and logs what became of it. Never logs bodies or queries.
pub(super) async fn observe(mut request: Request, next: Next) -> Response {
    let id = request.headers().get(REQUEST_ID).filter(|id| is_printable(id)).cloned().unwrap_or_else(new_id);
    request.headers_mut().insert(REQUEST_ID, id.clone());
    // The pattern, not the path: paths hold ids without end, and queries hold what users wrote.
    let path = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str);
    let span = tracing::info_span!(
        "http.request",
        request.id = id.to_str().unwrap_or_default(),
        http.method = %request.method(),
        http.route = path,
    );
    let start = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let duration_ms = start.elapsed().as_micros() as f64 / 1000.0;
    let status = response.status().as_u16();
    span.in_scope(|| tracing::info!(http.status = status, duration_ms, "request answered"));
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// Whether it is safe and sensible to log and return.
fn is_printable(id: &HeaderValue) -> bool {
    !id.is_empty() && id.len() <= MAX_ID_BYTES && id.as_bytes().iter().all(u8::is_ascii_graphic)
}

fn new_id() -> HeaderValue {
    let id = uuid::Uuid::now_v7().simple().to_string();
    HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("unnamed"))
}

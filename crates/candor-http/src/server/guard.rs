use std::any::Any;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tower::ServiceExt;
use tower_http::catch_panic::{CatchPanic, ResponseForPanic};

use super::form::{ErrorForm, Trouble};
use super::origin::OriginPolicy;

/// What stands around the handlers of one API.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    pub(super) form: ErrorForm,
    pub(super) timeout: Duration,
    pub(super) origins: OriginPolicy,
}

/// Middleware: keeps foreign pages out, and answers for handlers that panic or take too long.
pub(super) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    if !guard.origins.may_change(request.method(), request.headers()) {
        return guard.form.response(Trouble::ForeignOrigin);
    }
    let form = guard.form;
    let caught = CatchPanic::custom(next, PanicAnswer(form));
    match tokio::time::timeout(guard.timeout, caught.oneshot(request)).await {
        Ok(Ok(response)) => response.map(Body::new),
        Ok(Err(never)) => match never {},
        Err(_) => {
            tracing::warn!(timeout_ms = guard.timeout.as_millis() as u64, "a request took too long");
            form.response(Trouble::Timeout)
        }
    }
}

/// Answers for a handler that panicked.
#[derive(Clone, Copy)]
struct PanicAnswer(ErrorForm);

impl ResponseForPanic for PanicAnswer {
    type ResponseBody = Body;

    fn response_for_panic(&mut self, panic: Box<dyn Any + Send>) -> Response {
        let message = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
        tracing::error!(panic = message.unwrap_or("not a text"), "a handler panicked");
        self.0.response(Trouble::Panic)
    }
}

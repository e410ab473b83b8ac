use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};

/// How much of an unwanted body is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drain {
    pub(super) bytes: usize,
    pub(super) time: Duration,
}

/// Middleware: reads the rest of a request that was answered before it had come in whole.
///
/// Many clients read no answer before they have written everything. If the connection were closed
/// while they write, they would see it break, and try the same again, instead of reading why they
/// were refused.
pub(super) async fn drain(State(drain): State<Drain>, request: Request, next: Next) -> Response {
    // A client that waits for leave to send has not sent anything, and need not.
    if request.body().is_end_stream() || request.headers().contains_key(header::EXPECT) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let shared = Shared(Arc::new(Mutex::new(body)));
    let response = next.run(Request::from_parts(parts, Body::new(shared.clone()))).await;
    if !shared.is_end_stream() {
        drop(tokio::time::timeout(drain.time, shared.discard(drain.bytes)).await);
    }
    response
}

/// A body that is still at hand when its reader has lost interest.
#[derive(Clone)]
struct Shared(Arc<Mutex<Body>>);

impl Shared {
    fn body(&self) -> MutexGuard<'_, Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn discard(mut self, mut bytes: usize) {
        while let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut self).poll_frame(context)).await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            match bytes.checked_sub(length) {
                Some(left) => bytes = left,
                None => break,
            }
        }
    }
}

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut *self.body()).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body().size_hint()
    }
}

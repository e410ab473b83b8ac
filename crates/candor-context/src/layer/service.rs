use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderValue, Method, Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::headers::{RequestIds, TRACE_ID_HEADER, trace_context};
use super::{TraceLayer, TracedBody};
use crate::span::Span;

/// The service that [`TraceLayer`] makes.
#[derive(Clone, Debug)]
pub struct TraceService<S> {
    inner: S,
    layer: TraceLayer,
}

impl<S> TraceService<S> {
    pub(super) fn new(inner: S, layer: TraceLayer) -> Self {
        Self { inner, layer }
    }
}

impl<S, B, R> Service<Request<B>> for TraceService<S>
where
    S: Service<Request<B>, Response = Response<R>, Error: Display>,
    R: Body<Error: Display>,
{
    type Response = Response<TracedBody<R>>;
    type Error = S::Error;
    type Future = TraceFuture<S::Future>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request<B>) -> TraceFuture<S::Future> {
        let (mut parts, body) = request.into_parts();
        if !(self.layer.settings.only)(&parts) {
            let future = self.inner.call(Request::from_parts(parts, body));
            return TraceFuture { future, span: None, is_head: false };
        }
        let span = self.layer.start(&mut parts);
        let is_head = parts.method == Method::HEAD;
        let request = Request::from_parts(parts, body);
        let future = span.enter(|| self.inner.call(request));
        TraceFuture { future, span: Some(span), is_head }
    }
}

impl TraceLayer {
    /// Starts the request's span and tells the handler about it.
    fn start(&self, parts: &mut http::request::Parts) -> Span {
        let Self { tracer, settings } = self;
        let builder = tracer.span_builder((settings.name)(parts), settings.span_type).server();
        let (parent, baggage) = trace_context(&parts.headers);
        let builder = match &parent {
            Some(parent) if settings.continue_traces => builder.remote_parent(parent),
            Some(parent) => builder.new_trace().link(parent),
            None => builder.new_trace(),
        };
        let builder = match &baggage {
            Some(baggage) if settings.continue_traces => builder.baggage(baggage),
            _ => builder,
        };
        let span = builder.start();
        let mut ids = RequestIds::read(&parts.headers, settings.identity_headers);
        ids.trace_id = span.trace_id();
        if span.is_recording() {
            span.set_attribute("http.request.method", parts.method.as_str());
            span.set_attribute("url.path", parts.uri.path());
            if let (Some(trace_id), Some(update)) = (ids.trace_id, ids.update()) {
                tracer.update_trace(trace_id, update);
            }
        }
        parts.extensions.insert(ids);
        parts.extensions.insert(tracer.clone());
        span
    }
}

pin_project! {
    /// The future of [`TraceService`].
    #[derive(Debug)]
    pub struct TraceFuture<F> {
        #[pin]
        future: F,
        span: Option<Span>,
        is_head: bool,
    }

    impl<F> PinnedDrop for TraceFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            if let Some(span) = this.project().span.take() {
                span.cancel(); // the client has gone before there was an answer
            }
        }
    }
}

impl<F, R, E> Future for TraceFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body<Error: Display>,
    E: Display,
{
    type Output = Result<Response<TracedBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(span) = this.span.take() else {
            return this.future.poll(task).map_ok(|response| response.map(TracedBody::untraced));
        };
        let Poll::Ready(answer) = span.enter_once(|| this.future.poll(task)) else {
            *this.span = Some(span);
            return Poll::Pending;
        };
        Poll::Ready(match answer {
            Ok(response) => Ok(trace_response(response, span, *this.is_head)),
            Err(error) => {
                span.record_failure(error.to_string());
                Err(error)
            }
        })
    }
}

/// Says on the span how the request was answered, and lets the body end it.
fn trace_response<R: Body>(mut response: Response<R>, span: Span, is_head: bool) -> Response<TracedBody<R>> {
    let status = response.status();
    span.set_attribute("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.mark_failed();
    }
    if let Some(id) = span.trace_id().and_then(|id| HeaderValue::try_from(id.to_string()).ok()) {
        response.headers_mut().insert(TRACE_ID_HEADER, id);
    }
    // A server does not read the body of an answer to HEAD.
    response.map(|body| if is_head { TracedBody::untraced(body) } else { TracedBody::traced(body, span) })
}

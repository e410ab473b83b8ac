use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::span::Span;

pin_project! {
    /// A response's body, in which the request's span is current and with which it ends.
    #[derive(Debug)]
    pub struct TracedBody<B> {
        #[pin]
        body: B,
        span: Option<Span>,
    }

    impl<B> PinnedDrop for TracedBody<B> {
        fn drop(this: Pin<&mut Self>) {
            if let Some(span) = this.project().span.take() {
                span.cancel(); // the client has gone before the end
            }
        }
    }
}

impl<B: Body> TracedBody<B> {
    pub(super) fn traced(body: B, span: Span) -> Self {
        let span = (!body.is_end_stream()).then_some(span);
        Self { body, span }
    }

    pub(super) fn untraced(body: B) -> Self {
        Self { body, span: None }
    }
}

impl<B: Body<Error: Display>> Body for TracedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(span) = &*this.span else { return this.body.poll_frame(task) };
        let frame = span.enter_once(|| this.body.as_mut().poll_frame(task));
        match &frame {
            Poll::Ready(Some(Err(error))) => {
                span.record_failure(error.to_string());
                *this.span = None;
            }
            // A server that knows the length stops reading at the last byte.
            Poll::Ready(frame) if frame.is_none() || this.body.is_end_stream() => *this.span = None,
            _ => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

use reqwest::{RequestBuilder, Response};

use crate::propagation::inject;
use crate::{FutureExt, SpanRef, SpanType, Tracer, current_span};

/// Takes the trace along on requests that reqwest makes.
///
/// ```no_run
/// use candor_context::TracedRequest;
/// # async fn call(client: reqwest::Client) -> reqwest::Result<()> {
/// let answer = client.post("http://search.internal/query").body("What is MLflow?").send_traced().await?;
/// # Ok(())
/// # }
/// ```
pub trait TracedRequest: Sized {
    /// Adds the headers that put the called service under the current span.
    #[must_use]
    fn with_trace_context(self) -> Self;

    /// Sends the request in a span of its own, under which the called service is put.
    ///
    /// The span ends with the response's head. A status from 400 on counts as an error of it.
    ///
    /// # Errors
    /// Those of [`reqwest::RequestBuilder::send`], recorded on the span.
    fn send_traced(self) -> impl Future<Output = reqwest::Result<Response>> + Send;
}

impl TracedRequest for RequestBuilder {
    fn with_trace_context(self) -> Self {
        let mut headers = http::HeaderMap::new();
        inject(&current_span(), &mut headers);
        self.headers(headers)
    }

    async fn send_traced(self) -> reqwest::Result<Response> {
        let (client, request) = self.build_split();
        let mut request = request?;
        let Some(tracer) = Tracer::current() else { return client.execute(request).await };
        let name = format!("{} {}", request.method(), request.url().host_str().unwrap_or_default());
        let span = tracer.span_builder(name, SpanType::Unknown).client().start();
        span.set_attribute("http.request.method", request.method().as_str());
        span.set_attribute("server.address", request.url().host_str());
        span.set_attribute("url.path", request.url().path());
        inject(&span, request.headers_mut());
        let handle = span.handle();
        async move {
            let answer = client.execute(request).await;
            record(&handle, &answer);
            answer
        }
        .in_span(span)
        .await
    }
}

fn record(span: &SpanRef, answer: &reqwest::Result<Response>) {
    match answer {
        Ok(response) => {
            let status = response.status();
            span.set_attribute("http.response.status_code", status.as_u16());
            if status.is_client_error() || status.is_server_error() {
                span.mark_failed();
            }
        }
        Err(error) => span.record_error(error),
    }
}

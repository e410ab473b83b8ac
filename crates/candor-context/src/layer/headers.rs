use candor_model::{ClientRequestId, TraceId};
use http::{HeaderMap, HeaderName};

use crate::TraceUpdate;
use crate::propagation::{self, Baggage, HeaderError, RemoteParent};

/// The response header that says the id of the request's trace.
pub const TRACE_ID_HEADER: HeaderName = HeaderName::from_static("x-trace-id");

/// The ids of a request; the layer puts them into the request's extensions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestIds {
    /// The request's trace; `None` when the tracer is shut down.
    pub trace_id: Option<TraceId>,
    /// The caller's own id of the request.
    pub client_request_id: Option<ClientRequestId>,
    /// The conversation that the request belongs to.
    pub session: Option<String>,
    /// The app's user.
    pub user: Option<String>,
}

impl RequestIds {
    /// The ids in a request's headers, as [`TraceLayer`](crate::TraceLayer) reads them; the trace's is not
    /// among them. `with_identity` says whether `X-Session-ID` and `X-User-ID` are believed.
    pub fn read(headers: &HeaderMap, with_identity: bool) -> Self {
        let identity = |name| if with_identity { text(headers, name) } else { None };
        let request = text(headers, "x-client-request-id").or_else(|| text(headers, "x-request-id"));
        Self {
            trace_id: None,
            client_request_id: request.and_then(|id| ClientRequestId::new(id).ok()),
            session: identity("x-session-id").map(str::to_owned),
            user: identity("x-user-id").map(str::to_owned),
        }
    }

    /// What the headers say of the trace; `None` when they say nothing.
    pub fn update(&self) -> Option<TraceUpdate> {
        let mut update = TraceUpdate::new();
        if let Some(id) = &self.client_request_id {
            update = update.client_request_id(id.clone());
        }
        if let Some(session) = &self.session {
            update = update.session(session);
        }
        if let Some(user) = &self.user {
            update = update.user(user);
        }
        (update != TraceUpdate::new()).then_some(update)
    }
}

/// The caller's span and baggage; what is malformed counts as absent and is logged.
pub(super) fn trace_context(headers: &HeaderMap) -> (Option<RemoteParent>, Option<Baggage>) {
    let parent = propagation::parent(headers).inspect_err(report).ok().flatten();
    if let Some(error) = parent.as_ref().and_then(RemoteParent::trace_state_error) {
        report(error);
    }
    (parent, propagation::baggage(headers).inspect_err(report).ok().flatten())
}

fn report(error: &HeaderError) {
    tracing::debug!(%error, "a header of the trace context is passed over");
}

/// The id in a header, if there is exactly one that can be used.
fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    const MAX_CHARS: usize = 250;
    let mut values = headers.get_all(name).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let text = str::from_utf8(value.as_bytes()).ok()?.trim();
    let fits = text.len() <= MAX_CHARS || text.chars().count() <= MAX_CHARS;
    (fits && !text.is_empty() && !text.contains(char::is_control)).then_some(text)
}

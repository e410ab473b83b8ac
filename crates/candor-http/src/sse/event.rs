//! The events, as they stand on the wire.

use candor_model::TraceId;
use serde::Serialize;

/// What a reader is told.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Event<'a> {
    Start { trace_id: Option<Shown>, client_request_id: Option<&'a str> },
    Token { content: &'a str },
    Done { trace_id: Option<Shown> },
    Error { error: &'a str },
}

/// A trace id as its text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown(pub(super) TraceId);

impl Serialize for Shown {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Event<'_> {
    /// The event with the id by which a reader says that it has seen it.
    ///
    /// JSON has no line breaks outside of strings and escapes those inside, so one line is enough.
    pub(super) fn frame(&self, stream: &str, number: u64) -> String {
        // These types have no maps and nothing else that JSON could refuse.
        let json = serde_json::to_string(self).unwrap_or_default();
        format!("id: {stream}.{number}\ndata: {json}\n\n")
    }
}

/// Keeps the connection open; readers pass it over.
pub(super) const KEEP_ALIVE: &str = ": keep-alive\n\n";

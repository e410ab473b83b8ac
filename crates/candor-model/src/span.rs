use crate::{AnyValue, Attributes, SpanId, TraceId, UnixNanos, keys};

/// One operation within a trace, as OpenTelemetry records it.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Unique within the trace.
    pub span_id: SpanId,
    /// The enclosing operation; `None` for a root.
    pub parent_id: Option<SpanId>,
    /// What was done, e.g. `retrieve`.
    pub name: String,
    /// The span's role between services.
    pub kind: SpanKind,
    /// When it began.
    pub start: UnixNanos,
    /// When it ended; `None` while it runs.
    pub end: Option<UnixNanos>,
    /// How it went.
    pub status: SpanStatus,
    /// What is known about it; inputs, outputs and type stand here too.
    pub attributes: Attributes,
    /// What happened meanwhile.
    pub events: Vec<SpanEvent>,
    /// Spans of other traces that it has to do with.
    pub links: Vec<SpanLink>,
}

impl Span {
    /// Whether no other span encloses it.
    pub fn is_root(&self) -> bool {
        self.parent_id.is_none()
    }

    /// MLflow's span type, e.g. `LLM`, when one is set.
    pub fn span_type(&self) -> Option<&str> {
        self.attributes.get_str(keys::SPAN_TYPE)
    }

    /// What went in.
    pub fn inputs(&self) -> Option<&AnyValue> {
        self.attributes.get(keys::SPAN_INPUTS)
    }

    /// What came out.
    pub fn outputs(&self) -> Option<&AnyValue> {
        self.attributes.get(keys::SPAN_OUTPUTS)
    }
}

/// Something that happened at one moment of a span, e.g. an exception.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanEvent {
    /// When it happened.
    pub time: UnixNanos,
    /// What happened, e.g. `exception`.
    pub name: String,
    /// What is known about it.
    pub attributes: Attributes,
}

/// A reference from a span to a span of another trace.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanLink {
    /// The other trace.
    pub trace_id: TraceId,
    /// The span in it.
    pub span_id: SpanId,
    /// What is known about the reference.
    pub attributes: Attributes,
}

/// How an operation went.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SpanStatus {
    /// The verdict.
    pub code: StatusCode,
    /// What went wrong; empty unless it failed.
    pub message: String,
}

/// OpenTelemetry's status of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum StatusCode {
    /// Nobody said.
    #[default]
    Unset,
    /// It went well.
    Ok,
    /// It failed.
    Error,
}

impl StatusCode {
    /// The name that filters use: `UNSET`, `OK` or `ERROR`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unset => "UNSET",
            Self::Ok => "OK",
            Self::Error => "ERROR",
        }
    }
}

/// OpenTelemetry's role of a span between services. MLflow's JSON has no place for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum SpanKind {
    /// Nobody said.
    #[default]
    Unspecified,
    /// Within one process.
    Internal,
    /// Answers a remote request.
    Server,
    /// Makes a remote request.
    Client,
    /// Puts a message into a queue.
    Producer,
    /// Takes a message out of a queue.
    Consumer,
}

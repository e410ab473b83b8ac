//! OTLP trace requests, protobuf and JSON, to and from spans.
//!
//! The messages are defined here with prost's derives instead of taken from `opentelemetry-proto`:
//! that crate drags OpenTelemetry's SDK, futures and random generators into every user of the wire,
//! twenty packages more, and its JSON form neither reads enum names nor tolerates null. The protocol
//! is stable, and only the fields that a [`Span`] keeps need be listed: decoding skips the rest
//! instead of allocating it.
//!
//! Both decoders change values as MLflow does: a bytes attribute becomes the text of a Python bytes
//! literal, and [`unwrap_json_strings`] is applied. Unlike MLflow, ids of links are hex in JSON too.

mod decode;
mod encode;
mod json;
mod proto;
mod values;

use candor_model::{Attributes, Span};

pub use decode::decode_protobuf;
pub use encode::encode_protobuf;
pub use json::decode_json;
pub use values::unwrap_json_strings;

/// An `ExportTraceServiceRequest`.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct OtlpTraces {
    /// The spans by the resource that made them; at least one group, maybe without spans.
    pub groups: Vec<OtlpResource>,
}

/// Spans made by one resource.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct OtlpResource {
    /// What is known of the resource, e.g. `service.name`.
    pub attributes: Attributes,
    /// The spans, of one or many traces.
    pub spans: Vec<Span>,
}

/// Why an OTLP request is refused. The texts are those that MLflow's server answers with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OtlpError {
    /// Neither protobuf nor JSON of the right form. Status 400.
    #[error("Invalid OpenTelemetry format")]
    Undecodable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// There is not even a resource. Status 400.
    #[error("Invalid OpenTelemetry format - no spans found")]
    NoSpans,
    /// A span without trace id or span id. Status 422.
    #[error("Cannot convert OpenTelemetry span to MLflow span")]
    EmptyId,
    /// An id of more than 16 or 8 bytes. Status 422.
    #[error("Failed to log OpenTelemetry spans")]
    IdRange,
}

impl OtlpError {
    /// The HTTP status that MLflow's server answers with.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Undecodable(_) | Self::NoSpans => 400,
            Self::EmptyId | Self::IdRange => 422,
        }
    }

    pub(crate) fn undecodable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Undecodable(source.into())
    }
}

#[cfg(test)]
mod tests;

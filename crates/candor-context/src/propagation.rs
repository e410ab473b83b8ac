//! Trace context between services: the W3C headers `traceparent`, `tracestate` and `baggage`.
//!
//! A header that is absent, one that is malformed and one that is present are three answers:
//! [`parent`] and [`baggage`] return `Ok(None)`, a [`HeaderError`] and `Ok(Some(_))`. Whoever
//! receives a request decides what to do about the second; [`TraceLayer`](crate::TraceLayer)
//! carries on as if the header were absent and says so in the log.
//!
//! ```
//! use candor_context::propagation::{self, HeaderError};
//!
//! let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
//! let parent = propagation::parent(&[("traceparent", header)])?.expect("the header is there");
//! assert_eq!(parent.trace_id().to_string(), "tr-4bf92f3577b34da6a3ce929d0e0e4736");
//!
//! assert!(propagation::parent(&[("accept", "*/*")])?.is_none());
//! let error = propagation::parent(&[("traceparent", "00-4bf9")]).unwrap_err();
//! assert_eq!(error.to_string(), "traceparent: at byte 7: expected 32 lowercase hex digits");
//! # Ok::<(), HeaderError>(())
//! ```

mod baggage;
mod carrier;
mod traceparent;
mod tracestate;

use std::fmt::Write;

use opentelemetry::Context;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::TraceContextExt;

pub use baggage::{Baggage, MAX_BAGGAGE_BYTES, MAX_BAGGAGE_ENTRIES, baggage};
pub use carrier::{Carrier, CarrierMut};
pub use traceparent::{RemoteParent, parent};
pub use tracestate::{MAX_TRACESTATE_BYTES, MAX_TRACESTATE_MEMBERS};

use crate::span::SpanRef;

/// Why a header of the trace context is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{header}: {fault}")]
pub struct HeaderError {
    /// The header's name.
    pub header: &'static str,
    /// What is wrong with it.
    pub fault: HeaderFault,
}

/// What is wrong with a header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderFault {
    /// It stands more than once, but may not.
    #[error("stands more than once")]
    Repeated,
    /// It is longer than allowed.
    #[error("longer than {max} bytes")]
    TooLong {
        /// The longest header allowed, in bytes.
        max: usize,
    },
    /// It lists more than allowed.
    #[error("more than {max} entries")]
    TooMany {
        /// The most entries allowed.
        max: usize,
    },
    /// It does not have the form that it should.
    #[error("at byte {offset}: expected {expected}")]
    Malformed {
        /// Where reading stopped, counted from 0.
        offset: usize,
        /// What should stand there.
        expected: &'static str,
    },
}

/// Writes the trace context of `span`, and the baggage that it carries, into `carrier`.
///
/// Writes nothing of a span that there is not.
pub fn inject(span: &SpanRef, carrier: &mut dyn CarrierMut) {
    inject_context(&span.0, carrier);
}

fn inject_context(context: &Context, carrier: &mut dyn CarrierMut) {
    let span = context.span();
    let span = span.span_context();
    if span.is_valid() {
        let flags = u8::from(span.is_sampled());
        carrier.set(TRACEPARENT, format!("00-{}-{}-{flags:02x}", span.trace_id(), span.span_id()));
        let state = span.trace_state().header();
        if !state.is_empty() {
            carrier.set(TRACESTATE, state);
        }
    }
    let mut entries = String::new();
    for (key, (value, _)) in context.baggage() {
        let comma = if entries.is_empty() { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(entries, "{comma}{key}={}", baggage::encoded(value.as_str()));
    }
    if !entries.is_empty() {
        carrier.set(BAGGAGE, entries);
    }
}

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
const BAGGAGE: &str = "baggage";

/// The values of a header joined by commas, if they are no longer than `max` bytes together.
fn joined(carrier: &dyn Carrier, header: &'static str, max: usize) -> Result<Option<Vec<u8>>, HeaderError> {
    let mut all: Option<Vec<u8>> = None;
    let mut length = 0;
    carrier.values(header, &mut |value| {
        length += value.len() + usize::from(all.is_some());
        let all = match &mut all {
            Some(all) => {
                all.extend((length <= max).then_some(b','));
                all
            }
            none => none.insert(Vec::new()),
        };
        if length <= max {
            all.extend_from_slice(value);
        }
    });
    if length > max {
        return Err(HeaderError { header, fault: HeaderFault::TooLong { max } });
    }
    Ok(all)
}

fn malformed(header: &'static str, offset: usize, expected: &'static str) -> HeaderError {
    HeaderError { header, fault: HeaderFault::Malformed { offset, expected } }
}

#[cfg(test)]
mod tests;

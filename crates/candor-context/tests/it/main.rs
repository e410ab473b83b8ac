//! The crate as a service uses it: spans in, traces out of a store.

#![expect(clippy::unwrap_used, reason = "a test that fails must stop")]

mod distributed;
mod exporting;
mod interop;
mod isolation;
mod otlp;
mod sampling;
mod spans;
mod support;

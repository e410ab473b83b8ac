//! The feedback API over the in-memory store, as a client sees it.

#![expect(clippy::unwrap_used, reason = "a test that fails must stop")]

mod batch;
mod changing;
mod detailed;
mod general;
mod guide;
mod outage;
mod pending;
mod retries;
mod sampling;
mod support;
mod targets;

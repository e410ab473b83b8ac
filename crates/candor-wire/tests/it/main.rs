//! The wire against recorded exchanges of a real MLflow server, and against arbitrary values.

#![expect(clippy::unwrap_used, reason = "a test that fails must stop")]

mod fixtures;
mod properties;
mod recorded;

//! How MLflow writes single values, as functions and as modules for `#[serde(with = "..")]`.

pub mod absent;
pub mod base64_bytes;
pub mod number;
pub mod query;
pub mod tags;
pub mod text;
mod time;

pub use time::{duration, format_duration, format_timestamp, parse_duration, parse_timestamp, timestamp};

//! Attribute values in protobuf-JSON, and as the JSON text that Python writes.

mod plain;
mod python;
mod read;
mod write;

use candor_model::AnyValue;

pub(crate) use plain::{PlainRead, PlainWrite, parse as parse_json_text};
pub(crate) use python::bytes_literal;
pub(crate) use read::AttributesRead;
pub(crate) use write::AttributesJson;

/// The value's JSON text in Python's spacing, e.g. `{"q": [1, null]}`: what MLflow stores.
///
/// NaN and the infinities are written as Python writes them, though JSON has no such numbers.
pub fn json_text(value: &AnyValue) -> String {
    python::json_text(value)
}

#[cfg(test)]
mod tests;

use serde::de::DeserializeOwned;

use crate::WireError;
use crate::error::explain;

/// Reads a JSON body, of a request or of an answer.
///
/// An empty body is read as `{}`, and a JSON string that holds JSON is read twice, as legacy
/// clients of MLflow need it. Nesting is held to 128 levels.
///
/// # Errors
/// [`WireError`] names the field and what is wrong with it.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, WireError> {
    match body.trim_ascii_start().first() {
        None => parse(b"{}"),
        Some(b'"') => {
            let text: String = parse_any(body)?;
            parse(text.as_bytes())
        }
        Some(_) => parse(body),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, WireError> {
    // Derived deserializers would read an array as the fields of a struct, in order.
    match body.trim_ascii_start().first() {
        Some(b'[') => Err(WireError::field("", "the body must be a JSON object, got an array")),
        _ => parse_any(body),
    }
}

fn parse_any<T: DeserializeOwned>(body: &[u8]) -> Result<T, WireError> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| explain(&error, body))?;
    json.end().map_err(|error| WireError::Malformed { reason: error.to_string() })?;
    Ok(value)
}

#[cfg(test)]
mod tests;

//! What a verdict says: reads values, errors and metadata and holds them to the limits.

use std::collections::BTreeMap;

use candor_model::{AssessmentBody, Feedback, FeedbackError, Value};
use serde_json::Value as Json;

use super::config::Limits;
use super::fields::{Fields, kind_of, shortened};

/// The longest key of a map value or of the metadata, and the longest error code, in characters.
const MAX_KEY_CHARS: usize = 250;
/// What the metadata keys begin with that are Candor's own.
const OWN_PREFIX: &str = "candor.";

/// Reads `value` or `error`, exactly one of them.
pub(crate) fn read_verdict(fields: &mut Fields, limits: &Limits) -> Option<AssessmentBody> {
    let value = fields.take("value");
    let error = fields.object("error").map(|error| read_error(fields, error, limits));
    match (value, error) {
        (Some(_), Some(_)) => fields.error("error", "must not be given together with value"),
        (None, Some(error)) => Some(AssessmentBody::Feedback(Feedback::new(Value::Null, Some(error?)))),
        (Some(value), None) => match check(value, limits) {
            Ok(value) => Some(AssessmentBody::feedback(value)),
            Err(reason) => fields.error("value", reason),
        },
        (None, None) => fields.require("value", None),
    }
}

/// A boolean, number or text, a list of such, or a map to such.
fn check(json: Json, limits: &Limits) -> Result<Value, String> {
    let max = limits.value_items;
    match &json {
        Json::Array(items) => {
            if items.len() > max {
                return Err(format!("must have at most {max} items, got {}", items.len()));
            }
            items.iter().try_for_each(|item| check_scalar(item, limits))?;
        }
        Json::Object(entries) => {
            if entries.len() > max {
                return Err(format!("must have at most {max} entries, got {}", entries.len()));
            }
            for (key, item) in entries {
                check_key(key)?;
                check_scalar(item, limits)?;
            }
        }
        scalar => check_scalar(scalar, limits)?,
    }
    Value::try_from(json).map_err(|error| error.to_string())
}

fn check_scalar(json: &Json, limits: &Limits) -> Result<(), String> {
    let max = limits.text_bytes;
    match json {
        Json::Bool(_) | Json::Number(_) => Ok(()),
        Json::String(text) if text.len() <= max => Ok(()),
        Json::String(text) => Err(format!("texts must be at most {max} bytes long, got {}", text.len())),
        Json::Null | Json::Array(_) | Json::Object(_) => {
            let rule = "lists and maps must hold booleans, numbers and strings only";
            Err(format!("{rule}, got {}", kind_of(json)))
        }
    }
}

fn check_key(key: &str) -> Result<(), String> {
    match key.chars().count() {
        1..=MAX_KEY_CHARS => Ok(()),
        _ => Err(format!("keys must be 1 to {MAX_KEY_CHARS} characters long, got {:?}", shortened(key))),
    }
}

fn read_error(fields: &mut Fields, mut error: Fields, limits: &Limits) -> Option<FeedbackError> {
    let code = error.parsed("code", |text| check_key(text).map(|()| text.to_owned()));
    let code = error.require("code", code);
    let message = error.text_up_to("message", limits.text_bytes);
    let stack_trace = error.text_up_to("stack_trace", limits.text_bytes);
    fields.absorb(error);
    Some(FeedbackError { code: code?, message, stack_trace })
}

/// Reads `rationale`, or `comment`, which is the same; an empty one is none.
pub(crate) fn read_rationale(fields: &mut Fields, limits: &Limits) -> Option<String> {
    let rationale = fields.text_up_to("rationale", limits.text_bytes);
    let comment = fields.text_up_to("comment", limits.text_bytes);
    if rationale.is_some() && comment.is_some() {
        return fields.error("comment", "must not be given together with rationale");
    }
    rationale.or(comment).filter(|text| !text.is_empty())
}

/// Reads `metadata`, a map from string to string.
pub(crate) fn read_metadata(fields: &mut Fields, limits: &Limits) -> BTreeMap<String, String> {
    let mut metadata = BTreeMap::new();
    let Some(entries) = fields.take("metadata") else { return metadata };
    let Json::Object(entries) = entries else {
        fields.reject("metadata", format!("must be an object, got {}", kind_of(&entries)));
        return metadata;
    };
    if entries.len() > limits.metadata_entries {
        let max = limits.metadata_entries;
        fields.reject("metadata", format!("must have at most {max} entries, got {}", entries.len()));
        return metadata;
    }
    for (key, value) in entries {
        match check_entry(&key, value, limits.metadata_value_bytes) {
            Ok(value) => drop(metadata.insert(key, value)),
            Err(reason) => fields.reject(&format!("metadata.{}", shortened(&key)), reason),
        }
    }
    metadata
}

fn check_entry(key: &str, value: Json, max_bytes: usize) -> Result<String, String> {
    check_key(key)?;
    if key.starts_with(OWN_PREFIX) {
        return Err(format!("keys that begin with {OWN_PREFIX} are reserved"));
    }
    match value {
        Json::String(text) if text.len() <= max_bytes => Ok(text),
        Json::String(text) => Err(format!("must be at most {max_bytes} bytes long, got {}", text.len())),
        other => Err(format!("must be a string, got {}", kind_of(&other))),
    }
}

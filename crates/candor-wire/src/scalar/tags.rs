//! Tags of experiments: a list of `{"key", "value"}` on the wire.

use std::collections::BTreeMap;

use candor_model::TagKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::absent::{messages, or_default};
use super::text;

/// Writes the list.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(tags: &BTreeMap<String, String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(tags.iter().map(|(key, value)| Pair { key, value }))
}

/// Reads the list; null is none, the last value of a repeated key wins.
///
/// # Errors
/// For everything that is not such a list.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    #[derive(Deserialize)]
    struct Read {
        #[serde(default, deserialize_with = "or_default")]
        key: String,
        #[serde(default, deserialize_with = "or_default")]
        value: String,
    }

    let pairs: Vec<Read> = messages(deserializer)?;
    Ok(pairs.into_iter().map(|Read { key, value }| (key, value)).collect())
}

/// Reads the list as callers send it, every key being one that a tag may have.
///
/// # Errors
/// For everything that is not such a list.
pub fn deserialize_checked<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    #[derive(Deserialize)]
    struct Read {
        #[serde(with = "text::tag_key")]
        key: TagKey,
        #[serde(default, deserialize_with = "or_default")]
        value: String,
    }

    let pairs: Vec<Read> = messages(deserializer)?;
    Ok(pairs.into_iter().map(|Read { key, value }| (key.as_str().to_owned(), value)).collect())
}

#[derive(Serialize)]
struct Pair<'a> {
    key: &'a str,
    value: &'a str,
}

/// Tags within a map that is written by hand.
pub(crate) struct TagsJson<'a>(pub(crate) &'a BTreeMap<String, String>);

impl Serialize for TagsJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(self.0, serializer)
    }
}

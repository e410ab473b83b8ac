//! Values that print as text and parse from it: ids and names.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serializer};

use crate::error::MISSING;

/// Writes the value's text.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Reads a required value: absent, null and the empty text count as missing.
///
/// # Errors
/// When it is missing, no string, or not of the type's form.
pub fn deserialize<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    option::deserialize(deserializer)?.ok_or_else(|| D::Error::custom(MISSING))
}

/// The same for an optional field. Goes with `#[serde(default)]`.
pub mod option {
    use super::*;

    /// Writes the value's text, or null.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }

    /// Reads an optional value: null and the empty text are none.
    ///
    /// # Errors
    /// When it is no string, or not of the type's form.
    pub fn deserialize<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        D: Deserializer<'de>,
        T: FromStr<Err: Display>,
    {
        match Option::<Text<'de>>::deserialize(deserializer)? {
            Some(Text(text)) if !text.is_empty() => text.parse().map(Some).map_err(D::Error::custom),
            _ => Ok(None),
        }
    }
}

/// A string, borrowed from the input where it stands there unescaped.
pub(crate) struct Text<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text)))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

/// Ids of experiments, with MLflow's text for what is none.
pub mod experiment_id {
    use candor_model::ExperimentId;

    use super::*;

    pub use super::serialize;

    /// Reads an id as MLflow does, space around it passed over.
    ///
    /// # Errors
    /// MLflow's text when it is no integer.
    pub fn parse(text: &str) -> Result<ExperimentId, String> {
        let invalid = |_| format!("Invalid experiment ID '{text}'. Experiment ID must be a valid integer.");
        text.trim().parse().map_err(invalid)
    }

    /// Reads a required id.
    ///
    /// # Errors
    /// When it is missing, no string, or no integer.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ExperimentId, D::Error> {
        parse(&super::deserialize::<D, String>(deserializer)?).map_err(D::Error::custom)
    }
}

/// Keys of tags, with MLflow's texts for what is none.
pub mod tag_key {
    use candor_model::{ModelError, TagKey};

    use super::*;

    pub use super::serialize;

    /// Reads a required key.
    ///
    /// # Errors
    /// When it is missing, no string, or not a key.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TagKey, D::Error> {
        let text: String = super::deserialize(deserializer)?;
        TagKey::new(text.as_str()).map_err(|error| D::Error::custom(explain(error, &text)))
    }

    fn explain(error: ModelError, text: &str) -> String {
        let ModelError::Malformed { expected, .. } = error else { return error.to_string() };
        if expected.starts_with("made of") {
            return format!(
                "Invalid value {text:?} for parameter 'key' supplied: Names may only contain alphanumerics, \
                 underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/)."
            );
        }
        let resolved = resolve(text);
        format!(
            "Invalid value {text:?} for parameter 'key' supplied: Names may be treated as files in certain cases, and \
             must not resolve to other names when treated as such. This name would resolve to '{resolved}'"
        )
    }

    /// The path that a name resolves to when it is read as one, as POSIX has it.
    fn resolve(path: &str) -> String {
        let mut parts: Vec<&str> = Vec::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
                ".." if path.starts_with('/') => {}
                _ => parts.push(part),
            }
        }
        let root = match path.strip_prefix('/') {
            // Exactly two slashes at the start have a meaning of their own.
            Some(rest) if rest.starts_with('/') && !rest.starts_with("//") => "//",
            Some(_) => "/",
            None if parts.is_empty() => ".",
            None => "",
        };
        format!("{root}{}", parts.join("/"))
    }
}

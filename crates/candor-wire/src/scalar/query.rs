//! Values that may come from a query string, where all is text and a list of one looks like a value.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::error::MISSING;

/// Reads a flag: a boolean, or `true` and `false` in any case. Goes with `#[serde(default)]`.
///
/// # Errors
/// For everything else.
pub fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    struct FlagVisitor;

    impl Visitor<'_> for FlagVisitor {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("true or false")
        }

        fn visit_bool<E>(self, flag: bool) -> Result<bool, E> {
            Ok(flag)
        }

        fn visit_unit<E>(self) -> Result<bool, E> {
            Ok(false)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
            if text.eq_ignore_ascii_case("true") {
                Ok(true)
            } else if text.eq_ignore_ascii_case("false") {
                Ok(false)
            } else {
                Err(E::custom(format_args!("Invalid boolean value: {text}, must be 'true' or 'false'.")))
            }
        }
    }

    deserializer.deserialize_any(FlagVisitor)
}

/// Reads a list of strings, or a single one; null is none. Goes with `#[serde(default)]`.
///
/// # Errors
/// For everything else.
pub fn strings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::<Strings>::deserialize(deserializer)?.map(|Strings(list)| list).unwrap_or_default())
}

/// The same for a list that must be there.
///
/// # Errors
/// As [`strings`], and when it is null.
pub fn required_strings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    match Option::deserialize(deserializer)? {
        Some(Strings(list)) => Ok(list),
        None => Err(D::Error::custom(MISSING)),
    }
}

struct Strings(Vec<String>);

impl<'de> Deserialize<'de> for Strings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StringsVisitor;

        impl<'de> Visitor<'de> for StringsVisitor {
            type Value = Strings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of strings")
            }

            fn visit_str<E>(self, text: &str) -> Result<Strings, E> {
                Ok(Strings(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Strings, A::Error> {
                let mut list = Vec::new();
                while let Some(text) = seq.next_element()? {
                    list.push(text);
                }
                Ok(Strings(list))
            }
        }

        deserializer.deserialize_any(StringsVisitor)
    }
}

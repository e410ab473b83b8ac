//! Null means absent, everywhere.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::error::MISSING;

/// Reads null as the default; for lists, maps and flags. Goes with `#[serde(default)]`.
///
/// # Errors
/// Those of the value itself.
pub fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads a message that may be null; an array is no message. Goes with `#[serde(default)]`.
///
/// # Errors
/// Those of the message itself, and for everything that is not an object.
pub fn message<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    Ok(Option::<Message<T>>::deserialize(deserializer)?.map(|Message(message)| message))
}

/// Reads a message that must be there; null counts as missing.
///
/// # Errors
/// As [`message`], and when it is missing.
pub fn required<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    message(deserializer)?.ok_or_else(|| Error::custom(MISSING))
}

/// Reads a list of messages; null is the empty list. Goes with `#[serde(default)]`.
///
/// # Errors
/// Those of the messages, and for everything that is not an array of objects.
pub fn messages<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    struct List<T>(PhantomData<T>);

    impl<'de, T: DeserializeOwned> Visitor<'de> for List<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array of objects")
        }

        fn visit_unit<E>(self) -> Result<Vec<T>, E> {
            Ok(Vec::new())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(Message(message)) = seq.next_element()? {
                list.push(message);
            }
            Ok(list)
        }
    }

    deserializer.deserialize_any(List(PhantomData))
}

/// Reads a list of messages that must be there, though it may be empty; null counts as missing.
///
/// # Errors
/// As [`messages`], and when it is missing.
pub fn required_messages<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let list: Option<Vec<Message<T>>> = Option::deserialize(deserializer)?;
    let list = list.ok_or_else(|| Error::custom(MISSING))?;
    Ok(list.into_iter().map(|Message(message)| message).collect())
}

/// A message that only an object is read as; derived deserializers would take an array too.
#[derive(Debug)]
pub(crate) struct Message<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Message<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
            type Value = Message<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Message<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Message)
            }
        }

        deserializer.deserialize_map(Object(PhantomData))
    }
}

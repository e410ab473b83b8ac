//! Attribute values as plain JSON.

use std::fmt;

use candor_model::AnyValue;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bytes_literal;
use crate::responses::Seq;

/// Reads JSON text as an attribute value; `None` when it is not JSON.
pub(crate) fn parse(text: &str) -> Option<AnyValue> {
    serde_json::from_str(text).ok().map(|PlainRead(value)| value)
}

/// An attribute value from plain JSON, keys in order; integers beyond 64 bits become doubles.
pub(crate) struct PlainRead(pub(crate) AnyValue);

impl Default for PlainRead {
    fn default() -> Self {
        Self(AnyValue::Empty)
    }
}

impl<'de> Deserialize<'de> for PlainRead {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PlainVisitor;

        impl<'de> Visitor<'de> for PlainVisitor {
            type Value = PlainRead;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E>(self) -> Result<PlainRead, E> {
                Ok(PlainRead(AnyValue::Empty))
            }

            fn visit_bool<E>(self, flag: bool) -> Result<PlainRead, E> {
                Ok(PlainRead(AnyValue::Bool(flag)))
            }

            fn visit_i64<E>(self, number: i64) -> Result<PlainRead, E> {
                Ok(PlainRead(AnyValue::Int(number)))
            }

            fn visit_u64<E>(self, number: u64) -> Result<PlainRead, E> {
                Ok(PlainRead(i64::try_from(number).map_or(AnyValue::Double(number as f64), AnyValue::Int)))
            }

            fn visit_f64<E>(self, number: f64) -> Result<PlainRead, E> {
                Ok(PlainRead(AnyValue::Double(number)))
            }

            fn visit_str<E>(self, text: &str) -> Result<PlainRead, E> {
                Ok(PlainRead(AnyValue::from(text)))
            }

            fn visit_string<E>(self, text: String) -> Result<PlainRead, E> {
                Ok(PlainRead(AnyValue::String(text)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<PlainRead, A::Error> {
                let mut items = Vec::new();
                while let Some(PlainRead(item)) = seq.next_element()? {
                    items.push(item);
                }
                Ok(PlainRead(AnyValue::Array(items)))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PlainRead, A::Error> {
                let mut pairs = Vec::new();
                while let Some((key, PlainRead(value))) = map.next_entry::<String, PlainRead>()? {
                    pairs.push((key, value));
                }
                Ok(PlainRead(AnyValue::KvList(pairs)))
            }
        }

        deserializer.deserialize_any(PlainVisitor)
    }
}

impl PlainRead {
    /// The pairs of an object; none when it is no object.
    pub(crate) fn into_pairs(self) -> impl Iterator<Item = (String, AnyValue)> {
        match self.0 {
            AnyValue::KvList(pairs) => pairs.into_iter(),
            _ => Vec::new().into_iter(),
        }
    }
}

/// An attribute value as plain JSON; NaN and the infinities as null, bytes as Python's literal.
pub(crate) struct PlainWrite<'a>(pub(crate) &'a AnyValue);

impl Serialize for PlainWrite<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            AnyValue::Empty => serializer.serialize_unit(),
            AnyValue::String(text) => serializer.serialize_str(text),
            AnyValue::Bool(flag) => serializer.serialize_bool(*flag),
            AnyValue::Int(number) => serializer.serialize_i64(*number),
            AnyValue::Double(number) => serializer.serialize_f64(*number),
            AnyValue::Bytes(bytes) => serializer.serialize_str(&bytes_literal(bytes)),
            AnyValue::Array(items) => Seq(items.iter().map(PlainWrite)).serialize(serializer),
            AnyValue::KvList(pairs) => serializer.collect_map(pairs.iter().map(|(key, item)| (key, PlainWrite(item)))),
        }
    }
}

use std::fmt;

use candor_model::{AnyValue, Attributes};
use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::scalar::absent::{Message, message, messages, or_default};
use crate::scalar::text::Text;
use crate::scalar::{base64_bytes, number};

/// A list of pairs as attributes. Both spellings of field names are read: MLflow's REST answers
/// have snake_case, OTLP's JSON has camelCase.
#[derive(Default)]
pub(crate) struct AttributesRead(pub(crate) Attributes);

impl<'de> Deserialize<'de> for AttributesRead {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs: Vec<KeyValueRead> = messages(deserializer)?;
        Ok(Self(pairs.into_iter().map(KeyValueRead::into_pair).collect()))
    }
}

#[derive(Deserialize)]
struct KeyValueRead {
    #[serde(default, deserialize_with = "or_default")]
    key: String,
    #[serde(default, deserialize_with = "message")]
    value: Option<AnyValueRead>,
}

impl KeyValueRead {
    fn into_pair(self) -> (String, AnyValue) {
        (self.key, self.value.map_or(AnyValue::Empty, |AnyValueRead(value)| value))
    }
}

#[derive(Deserialize)]
struct ArrayRead {
    #[serde(default, deserialize_with = "messages")]
    values: Vec<AnyValueRead>,
}

#[derive(Deserialize)]
struct KvListRead {
    #[serde(default, deserialize_with = "messages")]
    values: Vec<KeyValueRead>,
}

struct AnyValueRead(AnyValue);

impl<'de> Deserialize<'de> for AnyValueRead {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AnyValueVisitor).map(Self)
    }
}

struct AnyValueVisitor;

impl<'de> Visitor<'de> for AnyValueVisitor {
    type Value = AnyValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an attribute value: an object such as {\"string_value\": \"x\"}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AnyValue, A::Error> {
        let mut value = AnyValue::Empty;
        while let Some(Text(kind)) = map.next_key()? {
            let next = match &*kind {
                "string_value" | "stringValue" => map.next_value::<Option<String>>()?.map(AnyValue::String),
                "bool_value" | "boolValue" => map.next_value::<Option<bool>>()?.map(AnyValue::Bool),
                "int_value" | "intValue" => map.next_value::<IntRead>()?.0.map(AnyValue::Int),
                "double_value" | "doubleValue" => {
                    map.next_value::<Option<DoubleRead>>()?.map(|DoubleRead(number)| AnyValue::Double(number))
                }
                "bytes_value" | "bytesValue" => map.next_value::<Option<BytesRead>>()?.map(|BytesRead(bytes)| bytes),
                "array_value" | "arrayValue" => map.next_value::<Option<Message<ArrayRead>>>()?.map(|Message(list)| {
                    AnyValue::Array(list.values.into_iter().map(|AnyValueRead(item)| item).collect())
                }),
                "kvlist_value" | "kvlistValue" => {
                    map.next_value::<Option<Message<KvListRead>>>()?.map(|Message(list)| {
                        AnyValue::KvList(list.values.into_iter().map(KeyValueRead::into_pair).collect())
                    })
                }
                _ => map.next_value::<IgnoredAny>().map(|_| None)?,
            };
            if let Some(next) = next {
                value = next;
            }
        }
        Ok(value)
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
struct IntRead(#[serde(deserialize_with = "number::optional")] Option<i64>);

struct BytesRead(AnyValue);

impl<'de> Deserialize<'de> for BytesRead {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        let bytes = base64_bytes::decode(&text).ok_or_else(|| D::Error::custom("must be base64"))?;
        Ok(Self(AnyValue::Bytes(bytes)))
    }
}

struct DoubleRead(f64);

impl<'de> Deserialize<'de> for DoubleRead {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DoubleVisitor;

        impl Visitor<'_> for DoubleVisitor {
            type Value = DoubleRead;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or one of the strings NaN, Infinity and -Infinity")
            }

            fn visit_f64<E>(self, number: f64) -> Result<DoubleRead, E> {
                Ok(DoubleRead(number))
            }

            fn visit_i64<E>(self, number: i64) -> Result<DoubleRead, E> {
                Ok(DoubleRead(number as f64))
            }

            fn visit_u64<E>(self, number: u64) -> Result<DoubleRead, E> {
                Ok(DoubleRead(number as f64))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<DoubleRead, E> {
                // Rust reads all the names that protobuf writes.
                text.parse().map(DoubleRead).map_err(|_| E::custom(format_args!("{text:?} is not a number")))
            }
        }

        deserializer.deserialize_any(DoubleVisitor)
    }
}

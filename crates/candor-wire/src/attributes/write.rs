use candor_model::{AnyValue, Attributes};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::responses::Shown;
use crate::scalar::base64_bytes;

/// Attributes as the list of pairs that protobuf-JSON has.
pub(crate) struct AttributesJson<'a>(pub(crate) &'a Attributes);

impl Serialize for AttributesJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|(key, value)| KeyValueJson { key, value }))
    }
}

struct KeyValueJson<'a> {
    key: &'a str,
    value: &'a AnyValue,
}

impl Serialize for KeyValueJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.key.is_empty() {
            map.serialize_entry("key", self.key)?;
        }
        if *self.value != AnyValue::Empty {
            map.serialize_entry("value", &AnyValueJson(self.value))?;
        }
        map.end()
    }
}

struct AnyValueJson<'a>(&'a AnyValue);

impl Serialize for AnyValueJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.0 {
            AnyValue::Empty => {}
            AnyValue::String(text) => map.serialize_entry("string_value", text)?,
            AnyValue::Bool(flag) => map.serialize_entry("bool_value", flag)?,
            AnyValue::Int(number) => map.serialize_entry("int_value", number)?,
            AnyValue::Double(number) => match nonfinite_name(*number) {
                Some(name) => map.serialize_entry("double_value", name)?,
                None => map.serialize_entry("double_value", number)?,
            },
            AnyValue::Bytes(bytes) => map.serialize_entry("bytes_value", &Shown(base64_bytes::encode(bytes)))?,
            AnyValue::Array(items) => map.serialize_entry("array_value", &ArrayJson(items))?,
            AnyValue::KvList(pairs) => map.serialize_entry("kvlist_value", &KvListJson(pairs))?,
        }
        map.end()
    }
}

struct ArrayJson<'a>(&'a [AnyValue]);

impl Serialize for ArrayJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.0.is_empty() {
            map.serialize_entry("values", &crate::responses::Seq(self.0.iter().map(AnyValueJson)))?;
        }
        map.end()
    }
}

struct KvListJson<'a>(&'a [(String, AnyValue)]);

impl Serialize for KvListJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.0.is_empty() {
            let pairs = self.0.iter().map(|(key, value)| KeyValueJson { key, value });
            map.serialize_entry("values", &crate::responses::Seq(pairs))?;
        }
        map.end()
    }
}

/// Protobuf's name of a double that JSON has no number for.
pub(super) fn nonfinite_name(number: f64) -> Option<&'static str> {
    match number {
        _ if number.is_nan() => Some("NaN"),
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        _ => None,
    }
}

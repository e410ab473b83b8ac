//! JSON text read as an attribute value, keys in the order they stand.

use std::fmt;

use candor_model::AnyValue;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The object, list or string that the text holds as JSON; `None` when it is plain text.
///
/// What is deeper than 24 levels stays text: MLflow's Python client could not read the span else.
pub(super) fn unwrapped(text: &str) -> Option<AnyValue> {
    let may_be_json = matches!(text.trim_ascii().as_bytes(), [b'{', .., b'}'] | [b'[', .., b']'] | [b'"', .., b'"']);
    let value = may_be_json.then(|| serde_json::from_str::<Read>(text).ok()).flatten()?.0;
    (depth(&value) <= MAX_DEPTH).then_some(value)
}

const MAX_DEPTH: usize = 24;

fn depth(value: &AnyValue) -> usize {
    match value {
        AnyValue::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        AnyValue::KvList(pairs) => 1 + pairs.iter().map(|(_, item)| depth(item)).max().unwrap_or(0),
        _ => 0,
    }
}

struct Read(AnyValue);

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadVisitor).map(Self)
    }
}

struct ReadVisitor;

impl<'de> Visitor<'de> for ReadVisitor {
    type Value = AnyValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<AnyValue, E> {
        Ok(AnyValue::Empty)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<AnyValue, E> {
        Ok(AnyValue::Bool(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<AnyValue, E> {
        Ok(AnyValue::Int(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<AnyValue, E> {
        Ok(i64::try_from(number).map_or(AnyValue::Double(number as f64), AnyValue::Int))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<AnyValue, E> {
        Ok(AnyValue::Double(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<AnyValue, E> {
        Ok(AnyValue::from(text))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<AnyValue, E> {
        Ok(AnyValue::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<AnyValue, A::Error> {
        let mut items = Vec::new();
        while let Some(Read(item)) = list.next_element()? {
            items.push(item);
        }
        Ok(AnyValue::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AnyValue, A::Error> {
        let mut pairs = Vec::new();
        while let Some((key, Read(value))) = map.next_entry::<String, Read>()? {
            pairs.push((key, value));
        }
        Ok(AnyValue::KvList(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_lists_and_strings_are_unwrapped() {
        let object = unwrapped(r#"{"b": [1, 2.5, null], "a": "x"}"#).unwrap();
        let list = AnyValue::Array(vec![AnyValue::Int(1), AnyValue::Double(2.5), AnyValue::Empty]);
        assert_eq!(object, AnyValue::KvList(vec![("b".to_owned(), list), ("a".to_owned(), "x".into())]));
        assert_eq!(unwrapped(r#""quoted""#), Some("quoted".into()));
        for plain in ["", "5", "true", "null", "{not json}", "plain", "\""] {
            assert_eq!(unwrapped(plain), None, "{plain}");
        }
    }

    #[test]
    fn json_too_deep_for_protobufs_readers_stays_text() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(unwrapped(&nested(24)).is_some());
        assert_eq!(unwrapped(&nested(25)), None);
        assert_eq!(unwrapped(&nested(100_000)), None);
    }
}

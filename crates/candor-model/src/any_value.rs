use std::collections::HashMap;

use crate::json_text::{NonAscii, any_value_text};

/// An attribute value of OpenTelemetry.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyValue {
    /// No value at all.
    Empty,
    /// A string.
    String(String),
    /// A boolean.
    Bool(bool),
    /// A 64-bit integer.
    Int(i64),
    /// A double; NaN and the infinities are allowed here.
    Double(f64),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// A list.
    Array(Vec<AnyValue>),
    /// Key and value pairs, in the order they came.
    KvList(Vec<(String, AnyValue)>),
}

impl AnyValue {
    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value under `key`, if this is a key-value list that has it.
    pub fn get(&self, key: &str) -> Option<&AnyValue> {
        match self {
            Self::KvList(pairs) => pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// JSON as Python's `json.dumps` writes it, non-ASCII escaped; bytes are read as UTF-8.
    pub fn json_text(&self) -> String {
        any_value_text(self, NonAscii::Escape)
    }

    /// As [`json_text`](Self::json_text), with non-ASCII kept: the form of MLflow's previews.
    pub fn preview_text(&self) -> String {
        any_value_text(self, NonAscii::Keep)
    }
}

impl From<&str> for AnyValue {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

/// Attributes in the order they came; a key stands once.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Attributes(Vec<(String, AnyValue)>);

impl Attributes {
    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&AnyValue> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The text under `key`, if it is a string.
    pub fn get_str(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(AnyValue::as_str)
    }

    /// Sets `key`, in its old place if it stands already.
    pub fn insert(&mut self, key: impl Into<String>, value: AnyValue) {
        let key = key.into();
        match self.0.iter_mut().find(|(name, _)| *name == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key, value)),
        }
    }

    /// Keeps the first place and the last value of each key.
    ///
    /// Long lists are sorted rather than scanned: what comes over the network may be hostile.
    fn drop_repeated_keys(&mut self) {
        const SHORT: usize = 16;
        let pairs = &self.0;
        let repeats = if pairs.len() <= SHORT {
            (1..pairs.len()).any(|place| pairs[..place].iter().any(|(key, _)| *key == pairs[place].0))
        } else {
            let mut keys: Vec<&str> = pairs.iter().map(|(key, _)| key.as_str()).collect();
            keys.sort_unstable();
            keys.windows(2).any(|pair| pair[0] == pair[1])
        };
        if !repeats {
            return;
        }
        let mut places: HashMap<String, usize> = HashMap::with_capacity(self.0.len());
        for (key, value) in std::mem::take(&mut self.0) {
            match places.get(&key) {
                Some(place) => self.0[*place].1 = value,
                None => {
                    places.insert(key.clone(), self.0.len());
                    self.0.push((key, value));
                }
            }
        }
    }

    /// All pairs, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &AnyValue)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// All pairs, in order, values open to change.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&str, &mut AnyValue)> {
        self.0.iter_mut().map(|(key, value)| (key.as_str(), value))
    }

    /// The number of attributes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Into<String>> FromIterator<(K, AnyValue)> for Attributes {
    /// The last value of a repeated key wins.
    fn from_iter<I: IntoIterator<Item = (K, AnyValue)>>(pairs: I) -> Self {
        let mut attributes = Self(pairs.into_iter().map(|(key, value)| (key.into(), value)).collect());
        attributes.drop_repeated_keys();
        attributes
    }
}

impl IntoIterator for Attributes {
    type Item = (String, AnyValue);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_key_keeps_its_place_and_takes_the_last_value() {
        for filler in [0, 40] {
            let mut pairs = vec![("a".to_owned(), AnyValue::Int(1)), ("b".to_owned(), AnyValue::Int(2))];
            pairs.extend((0..filler).map(|n| (format!("filler-{n}"), AnyValue::Empty)));
            pairs.push(("a".to_owned(), AnyValue::Int(3)));
            let attributes = Attributes::from_iter(pairs);
            assert_eq!(attributes.len(), 2 + filler);
            assert_eq!(attributes.iter().next(), Some(("a", &AnyValue::Int(3))));
        }
    }
}

//! The value of a verdict: any JSON value with finite numbers.

use std::collections::BTreeMap;

use crate::ModelError;

/// The deepest nesting of lists and maps that a [`Value`] may have.
pub const MAX_DEPTH: usize = 64;

/// The value of a feedback or an expectation.
///
/// Built from JSON by `TryFrom<serde_json::Value>`, which holds nesting to [`MAX_DEPTH`].
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// Thumbs up or down, correct or not.
    Bool(bool),
    /// An exact integer; only expectations have them, feedback numbers are doubles.
    Int(i64),
    /// A rating or a score.
    Float(FiniteF64),
    /// A category or a comment.
    Text(String),
    /// Several values.
    List(Vec<Value>),
    /// Several named values.
    Map(BTreeMap<String, Value>),
}

impl Value {
    /// The same value with every integer made a double, as MLflow keeps feedback.
    pub fn with_floats(self) -> Self {
        match self {
            Self::Int(number) => Self::Float(FiniteF64(number as f64)),
            Self::List(items) => Self::List(items.into_iter().map(Self::with_floats).collect()),
            Self::Map(items) => Self::Map(items.into_iter().map(|(key, item)| (key, item.with_floats())).collect()),
            scalar => scalar,
        }
    }

    /// The number, if this is one; booleans and numeric strings are not.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(*number as f64),
            Self::Float(number) => Some(number.get()),
            _ => None,
        }
    }

    /// The text that MLflow stores and that filters compare: JSON as Python's `json.dumps` writes it.
    ///
    /// `", "` and `": "` separate, non-ASCII is `\u`-escaped, doubles keep a point (`5.0`) or take
    /// Python's exponent form (`1e+16`).
    ///
    /// ```
    /// use candor_model::Value;
    /// let value = Value::try_from(serde_json::json!({"tags": ["a", "é"], "score": 5.0})).unwrap();
    /// assert_eq!(value.json_text(), r#"{"score": 5.0, "tags": ["a", "\u00e9"]}"#);
    /// ```
    pub fn json_text(&self) -> String {
        crate::json_text::value_text(self)
    }
}

/// A double that is neither NaN nor infinite.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct FiniteF64(f64);

impl FiniteF64 {
    /// Checks that the number is finite.
    ///
    /// # Errors
    /// [`ModelError::NotFinite`].
    pub fn new(number: f64) -> Result<Self, ModelError> {
        if number.is_finite() { Ok(Self(number)) } else { Err(ModelError::NotFinite { got: number.to_string() }) }
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl TryFrom<f64> for Value {
    type Error = ModelError;

    fn try_from(number: f64) -> Result<Self, ModelError> {
        FiniteF64::new(number).map(Self::Float)
    }
}

impl TryFrom<serde_json::Value> for Value {
    type Error = ModelError;

    fn try_from(json: serde_json::Value) -> Result<Self, ModelError> {
        from_json(json, 0)
    }
}

impl From<Value> for serde_json::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(flag),
            Value::Int(number) => number.into(),
            Value::Float(number) => number.get().into(),
            Value::Text(text) => Self::String(text),
            Value::List(items) => items.into_iter().map(Self::from).collect(),
            Value::Map(items) => Self::Object(items.into_iter().map(|(key, item)| (key, item.into())).collect()),
        }
    }
}

fn from_json(json: serde_json::Value, depth: usize) -> Result<Value, ModelError> {
    use serde_json::Value as Json;
    if depth > MAX_DEPTH {
        return Err(ModelError::TooDeep { max: MAX_DEPTH });
    }
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(flag),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Value::Int(integer),
            None => Value::Float(FiniteF64::new(number.as_f64().unwrap_or(f64::NAN))?),
        },
        Json::String(text) => Value::Text(text),
        Json::Array(items) => {
            Value::List(items.into_iter().map(|item| from_json(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        Json::Object(items) => Value::Map(
            items
                .into_iter()
                .map(|(key, item)| Ok((key, from_json(item, depth + 1)?)))
                .collect::<Result<_, ModelError>>()?,
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_survives_the_round_trip() {
        for json in
            [json!(null), json!(true), json!(5), json!(4.5), json!("да"), json!([1, [null]]), json!({"a": {"b": -0.5}})]
        {
            assert_eq!(serde_json::Value::from(Value::try_from(json.clone()).unwrap()), json);
        }
    }

    #[test]
    fn nonsense_numbers_and_bottomless_nesting_are_refused() {
        assert_eq!(Value::try_from(f64::NAN).unwrap_err().to_string(), "numbers must be finite, got NaN");
        let deep = (0..=MAX_DEPTH).fold(json!(1), |inner, _| json!([inner]));
        assert_eq!(Value::try_from(deep).unwrap_err(), ModelError::TooDeep { max: MAX_DEPTH });
    }
}

//! The text forms of an assessment's value that filters compare.

use candor_model::Value;

use crate::TextMatch;

/// The texts of a value: MLflow's, and the one that a person would write.
///
/// A SQL back end keeps both in columns and compiles the comparisons to what
/// [`ValueText::matches`] says: `=` to "`json_text` is one of [`equal_json_texts`]", `!=` to its
/// opposite, and `LIKE`, `ILIKE` and `RLIKE` to "`json_text` matches or `decoded` matches".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueText {
    /// JSON as [`Value::json_text`] writes it: strings in quotes, non-ASCII escaped.
    pub json_text: String,
    /// The string itself; `None` when the value is not a string.
    pub decoded: Option<String>,
}

impl ValueText {
    /// The texts of `value`.
    pub fn of(value: &Value) -> Self {
        let decoded = match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        };
        Self { json_text: value.json_text(), decoded }
    }

    /// Whether the value fulfils the comparison.
    ///
    /// `= 'yes'` matches the string and `= 'true'` the boolean, as in MLflow; `= '5'` matches the
    /// number 5 too, and patterns match the plain string as well as its JSON.
    pub fn matches(&self, comparison: &TextMatch) -> bool {
        match comparison {
            TextMatch::Eq(wanted) => self.equals(wanted),
            TextMatch::Ne(unwanted) => !self.equals(unwanted),
            pattern => {
                pattern.matches(&self.json_text) || self.decoded.as_deref().is_some_and(|text| pattern.matches(text))
            }
        }
    }

    fn equals(&self, wanted: &str) -> bool {
        if self.json_text == wanted {
            return true;
        }
        match &self.decoded {
            // A quoted JSON string in another spelling, e.g. with non-ASCII unescaped.
            Some(text) => {
                text == wanted || (wanted.starts_with('"') && parse_json(wanted) == Some(Value::Text(text.clone())))
            }
            None => equal_json_texts(wanted).contains(&self.json_text),
        }
    }
}

/// All JSON texts of values that equal the filter literal `v`, without repetition.
///
/// These are `v` itself, `v` as a JSON string, and, when `v` is JSON, its canonical spelling: with
/// numbers as they are, as doubles, and as integers where they are whole.
///
/// ```
/// use candor_filter::equal_json_texts;
/// assert_eq!(equal_json_texts("yes"), ["yes", r#""yes""#]);
/// assert_eq!(equal_json_texts("5"), ["5", r#""5""#, "5.0"]);
/// ```
pub fn equal_json_texts(v: &str) -> Vec<String> {
    let mut texts = vec![v.to_owned()];
    let mut add = |text: String| {
        if !texts.contains(&text) {
            texts.push(text);
        }
    };
    add(Value::Text(v.to_owned()).json_text());
    if let Some(value) = parse_json(v) {
        add(value.json_text());
        if let Some(whole) = whole_number(&value) {
            add(Value::Int(whole).json_text());
        }
        add(value.with_floats().json_text());
    }
    texts
}

/// The value that `text` spells, without blanks around it.
fn parse_json(text: &str) -> Option<Value> {
    if text.trim() != text {
        return None;
    }
    Value::try_from(serde_json::from_str::<serde_json::Value>(text).ok()?).ok()
}

/// The integer that a double stands for, where doubles still have all integers.
fn whole_number(value: &Value) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Float(number) if number.get().fract() == 0.0 && number.get().abs() <= EXACT => Some(number.get() as i64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pattern;
    use serde_json::json;

    fn value(json: serde_json::Value) -> Value {
        Value::try_from(json).unwrap()
    }

    #[track_caller]
    fn check(json: serde_json::Value, wanted: &str, expected: bool) {
        let value = value(json);
        let text = ValueText::of(&value);
        assert_eq!(text.matches(&TextMatch::Eq(wanted.into())), expected, "{value:?} = {wanted:?}");
        assert_eq!(text.matches(&TextMatch::Ne(wanted.into())), !expected, "{value:?} != {wanted:?}");
        assert_eq!(equal_json_texts(wanted).contains(&text.json_text), expected, "SQL: {value:?} = {wanted:?}");
    }

    #[test]
    fn equality_is_mlflows_and_more() {
        check(json!(true), "true", true);
        check(json!("true"), "true", true);
        check(json!(true), "True", false);
        check(json!("yes"), "yes", true);
        check(json!("yes"), r#""yes""#, true);
        check(json!(5.0), "5.0", true);
        check(json!(5.0), "5", true);
        check(json!(5.0), "5.00", true);
        check(json!("5"), "5", true);
        check(json!("5"), "5.0", false);
        check(json!(5), "5.0", true);
        check(json!(5.5), "5", false);
        check(json!(5.0), " 5", false);
        check(json!(["a", "b"]), r#"["a", "b"]"#, true);
        check(json!(["a", "b"]), r#"["a","b"]"#, true);
        check(json!([1.0]), "[1]", true);
        check(json!(null), "null", true);
        check(json!(""), "", true);
        check(json!("é"), "é", true);
        check(json!("é"), r#""é""#, true);
        check(json!("é"), r#""\u00e9""#, true);
        check(json!("\"yes\""), r#""yes""#, true);
    }

    #[test]
    fn patterns_see_the_json_and_the_string() {
        let text = ValueText::of(&value(json!("helpful café")));
        for pattern in ["help%", "%help%", "\"help%", "%café", "%caf\\u00e9\""] {
            assert!(text.matches(&TextMatch::Like(pattern.into())), "{pattern}");
        }
        assert!(text.matches(&TextMatch::ILike("HELP%".into())));
        assert!(text.matches(&TextMatch::RLike(Pattern::new("^help"))));
        assert!(!text.matches(&TextMatch::Like("HELP%".into())));
        assert!(ValueText::of(&value(json!(5.0))).matches(&TextMatch::Like("5%".into())));
    }
}

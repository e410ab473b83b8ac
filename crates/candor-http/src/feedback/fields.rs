//! Reads parameters and bodies field by field and collects everything that is wrong with them.

use std::collections::BTreeMap;
use std::fmt::Display;

use axum::extract::Query;
use axum::http::Uri;
use serde_json::{Map, Value as Json};

use crate::problem::{FieldError, Problem, Result};

/// The fields of a query string or of a JSON object, taken one by one.
///
/// Fields that nobody asked for are errors, so that a typo is no silent loss.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    prefix: String,
    given: BTreeMap<String, Json>,
    asked: Vec<String>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// The parameters of a request; one that comes twice is an error.
    pub(crate) fn of_query(uri: &Uri) -> Self {
        let mut fields = Self::default();
        let pairs = match Query::<Vec<(String, String)>>::try_from_uri(uri) {
            Ok(Query(pairs)) => pairs,
            Err(error) => fields.error("query", error.body_text()).unwrap_or_default(),
        };
        for (name, value) in pairs {
            if fields.given.insert(name.clone(), Json::String(value)).is_some() {
                fields.reject(&name, "must be given once");
            }
        }
        fields
    }

    /// The members of a JSON object.
    pub(crate) fn of_object(object: Map<String, Json>) -> Self {
        Self { given: object.into_iter().collect(), ..Self::default() }
    }

    /// The value of a field; null is none.
    pub(crate) fn take(&mut self, name: &str) -> Option<Json> {
        self.asked.push(name.to_owned());
        self.given.remove(name).filter(|value| !value.is_null())
    }

    /// The text of a field.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Json::String(text) => Some(text),
            other => self.wrong_type(name, "a string", &other),
        }
    }

    /// The text of a field, of a bounded length.
    pub(crate) fn text_up_to(&mut self, name: &str, max_bytes: usize) -> Option<String> {
        let text = self.text(name)?;
        if text.len() <= max_bytes {
            return Some(text);
        }
        self.error(name, format!("must be at most {max_bytes} bytes long, got {}", text.len()))
    }

    /// A field read from its text.
    pub(crate) fn parsed<T, E: Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> std::result::Result<T, E>,
    ) -> Option<T> {
        let text = self.text(name)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                let reason = error.to_string(); // of the model's errors, some begin with the field
                self.error(name, reason.strip_prefix(&format!("{name} ")).unwrap_or(&reason))
            }
        }
    }

    /// A whole number within bounds, from a parameter's text.
    pub(crate) fn whole_number(&mut self, name: &str, min: u32, max: u32) -> Option<u32> {
        let rule = |text: &str| format!("must be a whole number from {min} to {max}, got {:?}", shortened(text));
        self.parsed(name, |text| {
            let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse().ok().filter(|number| plain && (min..=max).contains(number));
            number.ok_or_else(|| rule(text))
        })
    }

    /// A flag of a body.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.take(name)? {
            Json::Bool(flag) => Some(flag),
            other => self.wrong_type(name, "true or false", &other),
        }
    }

    /// The fields of an object within a body; to be given back to [`absorb`](Self::absorb).
    pub(crate) fn object(&mut self, name: &str) -> Option<Self> {
        match self.take(name)? {
            Json::Object(object) => {
                let prefix = format!("{}{name}.", self.prefix);
                Some(Self { prefix, ..Self::of_object(object) })
            }
            other => self.wrong_type(name, "an object", &other),
        }
    }

    /// Whether something is wrong already.
    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Takes over what is wrong with an inner object, unknown fields included.
    pub(crate) fn absorb(&mut self, inner: Self) {
        self.errors.extend(inner.into_errors());
    }

    /// Notes that a field breaks a rule.
    pub(crate) fn reject(&mut self, name: &str, reason: impl Into<String>) {
        self.errors.push(FieldError { field: format!("{}{name}", self.prefix), reason: reason.into() });
    }

    /// Notes that a field breaks a rule and thus has no value.
    pub(crate) fn error<T>(&mut self, name: &str, reason: impl Into<String>) -> Option<T> {
        self.reject(name, reason);
        None
    }

    /// Notes that a field is missing, unless something is wrong with it already.
    pub(crate) fn require<T>(&mut self, name: &str, value: Option<T>) -> Option<T> {
        let field = format!("{}{name}", self.prefix);
        if value.is_none() && !self.errors.iter().any(|error| error.field == field) {
            return self.error(name, "is required");
        }
        value
    }

    fn wrong_type<T>(&mut self, name: &str, expected: &str, got: &Json) -> Option<T> {
        self.error(name, format!("must be {expected}, got {}", kind_of(got)))
    }

    /// What was read, if nothing at all is wrong.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T> {
        let errors = self.into_errors();
        match value {
            Some(value) if errors.is_empty() => Ok(value),
            _ => Err(Problem::invalid(errors)),
        }
    }

    fn into_errors(self) -> Vec<FieldError> {
        let Self { prefix, given, asked, mut errors } = self;
        let unknown = given.into_keys().filter(|name| !asked.contains(name));
        errors.extend(unknown.map(|name| {
            let meant = asked.iter().find(|known| resemble(known, &name));
            let hint = meant.map(|known| format!("; is {known} meant?")).unwrap_or_default();
            FieldError { field: format!("{prefix}{}", shortened(&name)), reason: format!("is unknown here{hint}") }
        }));
        errors
    }
}

/// What a JSON value is, for people.
pub(crate) fn kind_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

/// The beginning of a text of a client, fit for an answer.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Whether one name may be a typo of the other: two edits apart at most, or one within the other.
fn resemble(known: &str, given: &str) -> bool {
    let given = given.to_ascii_lowercase();
    given.len() <= 64 && (edits(known, &given) <= 2 || (given.len() > 3 && known.contains(given.as_str())))
}

/// Letters to insert, delete or replace to make one text of the other.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Fields {
        Fields::of_query(&format!("/x?{text}").parse().unwrap())
    }

    fn errors(fields: Fields) -> Vec<(String, String)> {
        fields.into_errors().into_iter().map(|error| (error.field, error.reason)).collect()
    }

    #[test]
    fn a_typo_is_named_with_what_was_meant() {
        let mut fields = query("acuracy=4&zzz=1");
        assert_eq!(fields.whole_number("accuracy", 1, 5), None);
        assert_eq!(
            errors(fields),
            [
                ("acuracy".to_owned(), "is unknown here; is accuracy meant?".to_owned()),
                ("zzz".to_owned(), "is unknown here".to_owned()),
            ]
        );
    }

    #[test]
    fn whole_numbers_are_plain_digits_within_bounds() {
        for text in ["0", "6", "4.5", "x", "", "+4", "%204", "99999999999"] {
            let mut fields = query(&format!("n={text}"));
            assert_eq!(fields.whole_number("n", 1, 5), None, "{text}");
            assert_eq!(errors(fields).len(), 1, "{text}");
        }
        let mut fields = query("n=5");
        assert_eq!(fields.whole_number("n", 1, 5), Some(5));
        assert!(fields.finish(Some(())).is_ok());
    }

    #[test]
    fn parameters_come_once() {
        assert_eq!(
            errors(query("n=1&n=2")),
            [("n".to_owned(), "must be given once".to_owned()), ("n".to_owned(), "is unknown here".to_owned())]
        );
    }
}

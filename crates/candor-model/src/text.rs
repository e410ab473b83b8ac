//! Texts with a length or an alphabet: names and keys.

use std::fmt;
use std::str::FromStr;

use crate::ModelError;

macro_rules! bounded_text {
    ($(#[$doc:meta])* $name:ident, $field:literal, $min:literal..=$max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Box<str>);

        impl $name {
            /// The longest text allowed, in characters.
            pub const MAX_CHARS: usize = $max;

            /// Checks the length and takes the text over.
            ///
            /// # Errors
            /// [`ModelError::Empty`] or [`ModelError::TooLong`].
            pub fn new(text: impl Into<Box<str>>) -> Result<Self, ModelError> {
                let text = text.into();
                check_length($field, &text, $min, $max)?;
                Ok(Self(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = ModelError;

            fn from_str(text: &str) -> Result<Self, ModelError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

bounded_text!(
    /// Name of an assessment, e.g. `user_feedback`: at most 250 characters.
    ///
    /// MLflow stores nameless assessments, so the empty name is one; Candor's feedback API refuses it.
    AssessmentName, "assessment_name", 0..=250
);
bounded_text!(
    /// Who gave a verdict, e.g. a user id or a judge's model: at most 250 characters.
    SourceId, "source_id", 0..=250
);
bounded_text!(
    /// The app's own id of a request, e.g. `req-1f2e3d4c`: 1 to 250 characters.
    ClientRequestId, "client_request_id", 1..=250
);
bounded_text!(
    /// Name of an experiment: 1 to 500 characters.
    ExperimentName, "name", 1..=500
);

/// Key of a tag: 1 to 250 of letters, digits, `_ / . - : ` and space, not readable as another path.
///
/// MLflow keeps tags as files in one of its stores, hence the path rule: `/x`, `../x`, `.` and
/// `a//b` are refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TagKey(Box<str>);

impl TagKey {
    /// The longest key allowed, in characters.
    pub const MAX_CHARS: usize = 250;

    /// Checks length, alphabet and path form, and takes the text over.
    ///
    /// # Errors
    /// [`ModelError::Empty`], [`ModelError::TooLong`] or [`ModelError::Malformed`].
    pub fn new(text: impl Into<Box<str>>) -> Result<Self, ModelError> {
        let text = text.into();
        check_length("key", &text, 1, Self::MAX_CHARS)?;
        if !text.chars().all(|c| c.is_alphanumeric() || "_/.-: ".contains(c)) {
            let expected = "made of alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), \
                            colons (:) and slashes (/)";
            return Err(ModelError::malformed("key", expected, &text));
        }
        if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            let expected = "a name that does not resolve to another one when read as a path";
            return Err(ModelError::malformed("key", expected, &text));
        }
        Ok(Self(text))
    }

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TagKey {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        Self::new(text)
    }
}

impl fmt::Display for TagKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_length(field: &'static str, text: &str, min: usize, max: usize) -> Result<(), ModelError> {
    if text.is_empty() && min > 0 {
        return Err(ModelError::Empty { field });
    }
    if text.len() > max && text.chars().count() > max {
        return Err(ModelError::TooLong { field, max });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(AssessmentName::new("é".repeat(250)).is_ok());
        let error = AssessmentName::new("é".repeat(251)).unwrap_err();
        assert_eq!(error.to_string(), "'assessment_name' exceeds the maximum length of 250 characters");
        assert_eq!(ClientRequestId::new("").unwrap_err().to_string(), "client_request_id must not be empty");
    }

    #[test]
    fn tag_keys_have_an_alphabet_and_are_path_normal() {
        for key in ["mlflow.traceName", "a b", "a/b", "k:v", "ключ", "a..b", "..."] {
            assert!(TagKey::new(key).is_ok(), "{key}");
        }
        for key in ["", "a!b", "/x", "../x", ".", "a//b", "a/", "x\n"] {
            assert!(TagKey::new(key).is_err(), "{key}");
        }
    }
}

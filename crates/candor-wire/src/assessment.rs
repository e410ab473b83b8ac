//! Assessments as JSON: feedback, expectations and issue references.

mod input;
mod read;
mod write;

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use candor_model::{Assessment, AssessmentId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use input::AssessmentInput;
pub(crate) use read::{RawAssessment, RawExpectation, RawFeedback, nameless};
pub(crate) use write::{ExpectationJson, FeedbackJson, write_body};

/// An assessment as JSON: written from `&Assessment` or [`Assessment`], read as [`Assessment`].
///
/// Written as MLflow does, whatever form it came in: feedback numbers and scalar expectations as
/// doubles, expectations that are lists or maps as JSON text, a stack trace of more than 10000
/// characters as its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AssessmentJson<T>(pub T);

impl<T: Borrow<Assessment>> Serialize for AssessmentJson<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write::assessment(self.0.borrow(), serializer)
    }
}

impl<'de> Deserialize<'de> for AssessmentJson<Assessment> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RawAssessment::deserialize(deserializer)?.into_assessment().map(Self).map_err(serde::de::Error::custom)
    }
}

/// An id as somebody else gives it: maybe one that nothing here can bear.
///
/// MLflow's ids are free text. A reference to such an id is well-formed and finds nothing, so it is
/// kept apart from malformed input.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AnyId<T> {
    /// An id of our form.
    Ours(T),
    /// Any other text.
    Foreign(String),
}

impl<T: FromStr> FromStr for AnyId<T> {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| Self::Foreign(text.to_owned()), Self::Ours))
    }
}

impl<T: fmt::Display> fmt::Display for AnyId<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours(id) => id.fmt(f),
            Self::Foreign(text) => f.write_str(text),
        }
    }
}

impl From<AssessmentId> for AnyId<AssessmentId> {
    fn from(id: AssessmentId) -> Self {
        Self::Ours(id)
    }
}

#[cfg(test)]
mod tests;

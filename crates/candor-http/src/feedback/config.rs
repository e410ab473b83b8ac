use std::collections::HashSet;
use std::time::Duration;

use candor_model::{AssessmentName, ExperimentId};

/// How the feedback API of a deployment behaves.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedbackConfig {
    /// Where client request ids, span ids, session ids and response ids are looked up when the request
    /// names no experiment; everywhere when `None`. Trace ids are found anywhere.
    pub experiment: Option<ExperimentId>,
    /// Whether a verdict whose trace is unknown is refused with 404 instead of held for it.
    pub strict: bool,
    /// What `POST /detailed-feedback` asks for, in order; the comment goes to the first.
    ///
    /// A dimension that comes twice is asked for once, as it came first; without any there is no such
    /// route.
    pub dimensions: Vec<Dimension>,
    /// The reasons that pages offer after a thumb down, in order.
    pub categories: Vec<Category>,
    /// How long a verdict may wait for its trace before it is listed as orphaned. It is kept all the same.
    pub orphan_after: Duration,
    /// The largest requests taken.
    pub limits: Limits,
}

impl Default for FeedbackConfig {
    /// All experiments, not strict, the guide's dimensions, usual categories, orphaned after an hour.
    fn default() -> Self {
        Self {
            experiment: None,
            strict: false,
            dimensions: guide_dimensions(),
            categories: usual_categories(),
            orphan_after: Duration::from_secs(3600),
            limits: Limits::default(),
        }
    }
}

impl FeedbackConfig {
    pub(crate) fn without_repeated_dimensions(mut self) -> Self {
        let mut seen = HashSet::new();
        self.dimensions.retain(|dimension| seen.insert(dimension.name.clone()));
        self
    }
}

/// Upper bounds of what one request may bring; above them it is refused and nothing is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Body of a single verdict, in bytes.
    pub body_bytes: usize,
    /// Body of a batch, in bytes.
    pub batch_body_bytes: usize,
    /// Verdicts in a batch.
    pub batch_items: usize,
    /// A comment, rationale, text value, error message or stack trace, in bytes of UTF-8.
    pub text_bytes: usize,
    /// Items of a list value, entries of a map value.
    pub value_items: usize,
    /// Entries of the metadata.
    pub metadata_entries: usize,
    /// One value of the metadata, in bytes of UTF-8.
    pub metadata_value_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 20,
            batch_body_bytes: 8 << 20,
            batch_items: 1000,
            text_bytes: 100_000,
            value_items: 100,
            metadata_entries: 50,
            metadata_value_bytes: 5_000,
        }
    }
}

/// The guide's dimensions: accuracy, helpfulness and relevance, 1 to 5 each.
fn guide_dimensions() -> Vec<Dimension> {
    ["accuracy", "helpfulness", "relevance"].into_iter().filter_map(|name| Dimension::new(name, 1, 5).ok()).collect()
}

/// What most often is wrong with an answer.
fn usual_categories() -> Vec<Category> {
    let names = ["incorrect", "incomplete", "irrelevant", "too long", "unsafe"];
    names.into_iter().filter_map(|name| Category::new(name).ok()).collect()
}

/// A reason to offer, as pages show and send it.
///
/// Invariant: 1 to 250 characters, no white space at its ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category(String);

impl Category {
    /// Checks the text; white space around it is left out.
    ///
    /// # Errors
    /// [`CategoryError`].
    pub fn new(text: &str) -> Result<Self, CategoryError> {
        let text = text.trim();
        match text.chars().count() {
            1..=MAX_CATEGORY_CHARS => Ok(Self(text.to_owned())),
            _ => Err(CategoryError(text.to_owned())),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const MAX_CATEGORY_CHARS: usize = 250;

/// The category is empty or too long.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("category {0:?} must be 1 to {MAX_CATEGORY_CHARS} characters long")]
pub struct CategoryError(String);

/// Something that people rate with whole numbers, e.g. 1 to 5 stars.
///
/// Invariants: the name is a query parameter of its own, `user_<name>` an assessment name other than
/// `user_feedback`; 0 ≤ `min` < `max`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    name: String,
    assessment: AssessmentName,
    min: u32,
    max: u32,
}

impl Dimension {
    /// Checks name and scale.
    ///
    /// # Errors
    /// [`DimensionError::Name`], [`DimensionError::Scale`].
    pub fn new(name: &str, min: u32, max: u32) -> Result<Self, DimensionError> {
        let bad_name = || DimensionError::Name(name.to_owned());
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || !name.bytes().all(plain) || RESERVED.contains(&name) {
            return Err(bad_name());
        }
        if min >= max {
            return Err(DimensionError::Scale { name: name.to_owned(), min, max });
        }
        let assessment = AssessmentName::new(format!("user_{name}")).map_err(|_| bad_name())?;
        Ok(Self { name: name.to_owned(), assessment, min, max })
    }

    /// The query parameter, e.g. `accuracy`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The assessment's name, e.g. `user_accuracy`.
    pub fn assessment(&self) -> &AssessmentName {
        &self.assessment
    }

    /// The lowest score.
    pub fn min(&self) -> u32 {
        self.min
    }

    /// The highest score, which is stored as 1.0.
    pub fn max(&self) -> u32 {
        self.max
    }

    /// The score as it is stored: a fraction of the highest.
    pub fn normalised(&self, score: u32) -> f64 {
        f64::from(score) / f64::from(self.max)
    }
}

/// Names that mean something else: other parameters, and `user_feedback`.
const RESERVED: [&str; 7] =
    ["trace_id", "client_request_id", "user_id", "session_id", "idempotency_key", "comment", "feedback"];

/// Why a dimension cannot be asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DimensionError {
    /// The name is no parameter of its own.
    #[error("dimension {0:?} must be made of a-z, 0-9 and _, at most 245 of them, and be no other parameter's name")]
    Name(String),
    /// The scale has no room.
    #[error("dimension {name:?} must have a scale of at least two scores, got {min} to {max}")]
    Scale {
        /// The dimension.
        name: String,
        /// The lowest score.
        min: u32,
        /// The highest score.
        max: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guides_dimensions_are_the_default() {
        let names: Vec<_> = guide_dimensions().iter().map(|dimension| dimension.assessment.to_string()).collect();
        assert_eq!(names, ["user_accuracy", "user_helpfulness", "user_relevance"]);
    }

    #[test]
    fn dimensions_that_cannot_be_asked_for_are_refused() {
        for name in ["", "Tone", "user_id", "feedback", "a-b"] {
            assert_eq!(Dimension::new(name, 1, 5).unwrap_err(), DimensionError::Name(name.into()));
        }
        assert!(Dimension::new("tone", 5, 5).unwrap_err().to_string().contains("got 5 to 5"));
        let tone = Dimension::new("tone", 0, 10).unwrap();
        assert_eq!(tone.normalised(3), 0.3);
    }
}

/// Why a value is not one of this crate's types.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The text does not have the form that the field asks for.
    #[error("{field} must be {expected}, got {got:?}")]
    Malformed {
        /// What was being read, e.g. `trace_id`.
        field: &'static str,
        /// The form asked for, e.g. `tr-` and 32 lowercase hex digits.
        expected: &'static str,
        /// The offending text, shortened.
        got: String,
    },
    /// The text is longer than the field allows.
    #[error("'{field}' exceeds the maximum length of {max} characters")]
    TooLong {
        /// What was being read.
        field: &'static str,
        /// The limit, in characters.
        max: usize,
    },
    /// The field must not be empty.
    #[error("{field} must not be empty")]
    Empty {
        /// What was being read.
        field: &'static str,
    },
    /// JSON has no form for NaN and the infinities.
    #[error("numbers must be finite, got {got}")]
    NotFinite {
        /// `NaN`, `inf` or `-inf`.
        got: String,
    },
    /// Lists and maps are nested deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    #[error("values may be nested {max} levels deep at most")]
    TooDeep {
        /// The limit, in levels.
        max: usize,
    },
}

impl ModelError {
    pub(crate) fn malformed(field: &'static str, expected: &'static str, got: &str) -> Self {
        Self::Malformed { field, expected, got: got.chars().take(80).collect() }
    }
}

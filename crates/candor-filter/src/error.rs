use std::fmt;

/// Why a filter or an order is refused, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FilterError {
    /// What is wrong, in lower case, naming the field.
    pub message: String,
    /// Where, as the number of the character from 1 on.
    pub column: usize,
    /// The text that was read: the whole filter, or one item of an order.
    pub text: String,
    /// The offending part of the text; empty at its end.
    pub clause: String,
    /// What would be right in that place, sorted; empty when that is no list.
    pub allowed: Vec<&'static str>,
}

impl FilterError {
    /// An error about the bytes `span` of `text`.
    pub(crate) fn new(message: impl Into<String>, text: &str, span: std::ops::Range<usize>) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        Self {
            message: message.into(),
            column: before.chars().count() + 1,
            text: text.to_owned(),
            clause: text.get(span).unwrap_or_default().to_owned(),
            allowed: Vec::new(),
        }
    }

    /// The same error with a list of what is right.
    pub(crate) fn allowing(mut self, allowed: &[&'static str]) -> Self {
        self.allowed = allowed.to_vec();
        self.allowed.sort_unstable();
        self
    }

    /// Two lines: the text, and carets under the offending part.
    ///
    /// ```
    /// let error = candor_filter::TraceFilter::parse("state = 'OK'").unwrap_err();
    /// assert_eq!(error.pointer(), "state = 'OK'\n^^^^^");
    /// ```
    pub fn pointer(&self) -> String {
        // A line break in the text would tear the carets off it.
        let line: String = self.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let indent = " ".repeat(self.column - 1);
        let carets = "^".repeat(self.clause.chars().count().max(1));
        format!("{line}\n{indent}{carets}")
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at column {}", self.message, self.column)?;
        if !self.allowed.is_empty() {
            write!(f, "; allowed: {}", self.allowed.join(", "))?;
        }
        Ok(())
    }
}

impl std::error::Error for FilterError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "tags.é = 5";
        let error = FilterError::new("tags take a quoted string, got 5", text, 10..11).allowing(&["b", "a"]);
        assert_eq!(error.to_string(), "tags take a quoted string, got 5 at column 10; allowed: a, b");
        assert_eq!(error.pointer(), "tags.é = 5\n         ^");
    }
}

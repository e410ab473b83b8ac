use regex::{Regex, RegexBuilder};

/// A regular expression of RLIKE, compiled once; equal to another one of the same source text.
///
/// The syntax is that of the `regex` crate: linear time, no look-around, no back-references. A source
/// that does not compile matches nothing, as an invalid one does in MLflow.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: String,
    regex: Option<Regex>,
}

impl Pattern {
    /// The most memory that a compiled pattern may take, in bytes; larger ones match nothing.
    pub const SIZE_LIMIT: usize = 1 << 20;

    /// Compiles `source`.
    pub fn new(source: impl Into<String>) -> Self {
        let source = source.into();
        let regex = RegexBuilder::new(&source).size_limit(Self::SIZE_LIMIT).build().ok();
        Self { source, regex }
    }

    /// The text it was made of.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the source compiled; if not, nothing matches.
    pub fn is_valid(&self) -> bool {
        self.regex.is_some()
    }

    /// Whether it matches anywhere in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_anywhere_unless_anchored() {
        assert!(Pattern::new("ell").is_match("hello"));
        assert!(!Pattern::new("^ell").is_match("hello"));
    }

    #[test]
    fn what_does_not_compile_matches_nothing() {
        for source in ["(", "(?=x)", "(((((x{100}){100}){100}){100}){100})"] {
            let pattern = Pattern::new(source);
            assert!(!pattern.is_valid(), "{source}");
            assert!(!pattern.is_match("x"), "{source}");
        }
    }
}

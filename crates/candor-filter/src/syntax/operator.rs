use std::ops::Range;

use super::{Cursor, is_word};
use crate::FilterError;

/// A comparator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
    Like,
    ILike,
    RLike,
    In,
    NotIn,
    IsNull,
    IsNotNull,
}

impl Op {
    const ALL: [Self; 13] = [
        Self::Eq,
        Self::Ne,
        Self::Gt,
        Self::Ge,
        Self::Lt,
        Self::Le,
        Self::Like,
        Self::ILike,
        Self::RLike,
        Self::In,
        Self::NotIn,
        Self::IsNull,
        Self::IsNotNull,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Like => "LIKE",
            Self::ILike => "ILIKE",
            Self::RLike => "RLIKE",
            Self::In => "IN",
            Self::NotIn => "NOT IN",
            Self::IsNull => "IS NULL",
            Self::IsNotNull => "IS NOT NULL",
        }
    }
}

impl Cursor<'_> {
    /// Reads the comparator that stands here.
    pub(super) fn operator(&mut self) -> Result<Op, FilterError> {
        let start = self.pos;
        let symbol = self.take_while(|c| "<>=~!".contains(c));
        if !symbol.is_empty() {
            let known = Op::ALL.into_iter().find(|op| op.as_str() == symbol);
            return known.ok_or_else(|| self.unknown_operator(start..start + symbol.len()));
        }
        let words = self.operator_words();
        let written = words.join(" ");
        Op::ALL.into_iter().find(|op| op.as_str() == written).ok_or_else(|| {
            let end = self.pos;
            self.pos = start;
            if words.len() < 2 && !matches!(written.as_str(), "NOT" | "IS") {
                return self.error_here("expected a comparator").allowing(&Op::ALL.map(Op::as_str));
            }
            self.unknown_operator(start..end)
        })
    }

    /// One word, or several after NOT and IS; in upper case.
    fn operator_words(&mut self) -> Vec<String> {
        let mut words = Vec::new();
        loop {
            let before_blanks = self.pos;
            self.skip_blanks();
            let word = self.take_while(is_word).to_ascii_uppercase();
            if word.is_empty() {
                self.pos = before_blanks;
                return words;
            }
            let goes_on = matches!(word.as_str(), "NOT" | "IS");
            words.push(word);
            if !goes_on {
                return words;
            }
        }
    }

    fn unknown_operator(&self, span: Range<usize>) -> FilterError {
        let written = self.text.get(span.clone()).unwrap_or_default();
        self.error(format!("unknown comparator {written:?}"), span).allowing(&Op::ALL.map(Op::as_str))
    }
}

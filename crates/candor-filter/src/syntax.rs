//! The grammar that trace and experiment filters share: from text to untyped clauses.
//!
//! MLflow reads filters with a general SQL tokenizer. What follows from that and matters to users is
//! kept: a missing AND is tolerated, strings have no escapes but a doubled or backslashed quote does
//! not end them, lists take Python's string literals.

mod literal;
mod operator;
mod quoted;

use std::ops::Range;

pub(crate) use operator::Op;
pub(crate) use quoted::fits_in_quotes;

use crate::{FilterError, Number};

/// One condition, of which only the form is known.
#[derive(Debug)]
pub(crate) struct RawClause {
    pub(crate) subject: Subject,
    pub(crate) op: Op,
    pub(crate) op_span: Range<usize>,
    pub(crate) literal: Literal,
    pub(crate) literal_span: Range<usize>,
}

/// The left side of a condition.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) prefix: Option<String>,
    pub(crate) prefix_span: Range<usize>,
    /// All that follows the first dot, without quotes.
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    /// Whether it is one word without prefix and quotes.
    pub(crate) is_bare_word: bool,
}

impl Subject {
    pub(crate) fn span(&self) -> Range<usize> {
        self.prefix_span.start..self.key_span.end
    }
}

/// The right side of a condition.
#[derive(Debug, PartialEq)]
pub(crate) enum Literal {
    /// Nothing, after `IS NULL` and `IS NOT NULL`.
    Absent,
    Text(String),
    Number(Number),
    List(Vec<String>),
}

/// Reads the clauses of a filter that is not empty.
pub(crate) fn clauses(text: &str) -> Result<Vec<RawClause>, FilterError> {
    let mut cursor = Cursor::new(text);
    cursor.skip_blanks();
    if cursor.at_end() {
        return Err(cursor.error("the filter consists of blanks, leave it empty to match everything", 0..text.len()));
    }
    let mut clauses = Vec::new();
    while !cursor.at_end() {
        if !cursor.take_keyword("AND") {
            clauses.push(cursor.clause()?);
        }
        cursor.skip_blanks();
    }
    Ok(clauses)
}

/// Reads `<key> [ASC|DESC]`; the second is whether it says `DESC`.
pub(crate) fn order_item(text: &str) -> Result<(Subject, bool), FilterError> {
    let mut cursor = Cursor::new(text);
    cursor.skip_blanks();
    let subject = cursor.subject()?;
    cursor.skip_blanks();
    let descending = cursor.take_keyword("DESC");
    if !descending {
        cursor.take_keyword("ASC");
    }
    cursor.skip_blanks();
    if cursor.at_end() {
        return Ok((subject, descending));
    }
    let message = "expected the end of the order after one key and its direction";
    Err(cursor.error(message, cursor.pos..text.trim_end().len()).allowing(&["ASC", "DESC"]))
}

/// A place in a filter's text; always at a character's boundary.
pub(crate) struct Cursor<'t> {
    text: &'t str,
    pos: usize,
}

impl<'t> Cursor<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, pos: 0 }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn at_end(&self) -> bool {
        self.pos >= self.text.len()
    }

    fn skip_blanks(&mut self) {
        self.take_while(char::is_whitespace);
    }

    fn take_while(&mut self, accepts: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let len = rest.find(|c| !accepts(c)).unwrap_or(rest.len());
        self.pos += len;
        &rest[..len]
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.pos += wanted.len_utf8();
        }
        found
    }

    /// Takes `keyword`, in any case, if it stands here as a word of its own.
    fn take_keyword(&mut self, keyword: &str) -> bool {
        let start = self.pos;
        let word = self.take_while(is_word);
        let found = word.eq_ignore_ascii_case(keyword) && self.peek() != Some('.');
        if !found {
            self.pos = start;
        }
        found
    }

    fn error(&self, message: impl Into<String>, span: Range<usize>) -> FilterError {
        FilterError::new(message, self.text, span)
    }

    /// An error about the word or character that stands here.
    fn error_here(&self, message: impl Into<String>) -> FilterError {
        let rest = self.rest();
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let len = if word > 0 { word } else { self.peek().map_or(0, char::len_utf8) };
        self.error(message, self.pos..self.pos + len)
    }

    fn clause(&mut self) -> Result<RawClause, FilterError> {
        let subject = self.subject()?;
        self.skip_blanks();
        let op_start = self.pos;
        let op = self.operator()?;
        let op_span = op_start..self.pos;
        self.skip_blanks();
        let literal_start = self.pos;
        let literal = match op {
            Op::IsNull | Op::IsNotNull => Literal::Absent,
            Op::In | Op::NotIn => Literal::List(self.list()?),
            _ => self.literal()?,
        };
        Ok(RawClause { subject, op, op_span, literal, literal_span: literal_start..self.pos })
    }

    fn subject(&mut self) -> Result<Subject, FilterError> {
        let start = self.pos;
        let (first, first_quote) = match self.peek() {
            Some(quote @ ('`' | '"')) => (self.quoted(quote)?, Some(quote)),
            Some(c) if is_word(c) => (self.take_while(is_word).to_owned(), None),
            Some('(' | ')') => return Err(self.error_here("parentheses are not supported, only clauses joined by AND")),
            _ => return Err(self.error_here("expected a field such as status or tags.`my key`")),
        };
        let first_span = start..self.pos;
        if first_quote != Some('"') && self.take('.') {
            let key_start = self.pos;
            let key = self.key(&first)?;
            let key_span = key_start..self.pos;
            return Ok(Subject { prefix: Some(first), prefix_span: first_span, key, key_span, is_bare_word: false });
        }
        if first_quote.is_none() && ["OR", "NOT", "BETWEEN"].iter().any(|word| first.eq_ignore_ascii_case(word)) {
            return Err(self.error(format!("{first} is not supported, only clauses joined by AND"), first_span));
        }
        Ok(Subject {
            prefix: None,
            prefix_span: start..start,
            key: first,
            key_span: first_span,
            is_bare_word: first_quote.is_none(),
        })
    }

    /// What follows the first dot.
    fn key(&mut self, prefix: &str) -> Result<String, FilterError> {
        let start = self.pos;
        let bare = self.take_while(|c| is_word(c) || c == '.');
        let mut key = bare.to_owned();
        // Attributes may have their last part quoted; elsewhere MLflow would make the quotes part of the key.
        let may_be_quoted = bare.is_empty() || (prefix == "span" && bare == "attributes.");
        if let Some(quote @ ('`' | '"' | '\'')) = self.peek().filter(|_| may_be_quoted) {
            key.push_str(&self.quoted(quote)?);
        }
        match self.peek() {
            Some(c) if "`\"'.".contains(c) || is_word(c) => {
                Err(self.error(format!("quote the whole key: {prefix}.`…`"), start..self.pos + c.len_utf8()))
            }
            Some(c) if "-/:$#@&".contains(c) => {
                let message = format!("a key with {c:?} needs back-quotes: {prefix}.`…`");
                Err(self.error(message, start..self.pos + c.len_utf8()))
            }
            // MLflow takes a tag without a key, which no trace has.
            _ if key.is_empty() && !is_map(prefix) => {
                Err(self.error(format!("{prefix} needs a key after the dot"), start..self.pos))
            }
            _ => Ok(key),
        }
    }
}

/// A letter or digit of any script, or `_`.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests;

/// Whether any key may follow the prefix.
fn is_map(prefix: &str) -> bool {
    matches!(prefix, "tag" | "tags" | "metadata" | "request_metadata")
}

//! From a filter back to its text.

use std::fmt::{self, Write};

use crate::syntax::fits_in_quotes;
use crate::{
    AssessmentTest, Clause, ContentTest, ExperimentClause, ExperimentFilter, FilterError, KeyTest, SpanClause,
    SpanField, TextMatch, TextTest, TraceFilter,
};

impl fmt::Display for TraceFilter {
    /// The filter's text, for MLflow or to be read back: what was parsed is read back as the same
    /// filter. The language cannot write some texts, of which [`TraceFilter::to_text`] warns.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        joined(f, &self.clauses)
    }
}

impl fmt::Display for ExperimentFilter {
    /// The filter's text, under the same limits as [`TraceFilter`]'s.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        joined(f, &self.clauses)
    }
}

impl TraceFilter {
    /// The text that is read back as this filter.
    ///
    /// # Errors
    /// [`FilterError`] when there is none. That happens only to filters that were built by hand: with
    /// a text that holds both `'` and `"`, or ends in a backslash, outside of a list; with a key of
    /// all three quotes; with a number that is not finite, or a prompt with several slashes.
    pub fn to_text(&self) -> Result<String, FilterError> {
        let text = self.to_string();
        match Self::parse(&text) {
            Ok(read) if read == *self => Ok(text),
            _ => Err(FilterError::new("the filter holds a text that its language cannot write", &text, 0..text.len())),
        }
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { field, op, value } => write!(f, "{} {} {value}", field.as_str(), op.as_str()),
            Self::Attribute { field, test } => write!(f, "{} {test}", field.as_str()),
            Self::Name(test) => write!(f, "name {test}"),
            Self::RunId(test) => write!(f, "run_id {test}"),
            Self::Tag { key, test } => write!(f, "tags.{} {test}", Key(key)),
            Self::Metadata { key, test } => write!(f, "metadata.{} {test}", Key(key)),
            Self::Prompt { name, version } => write!(f, "prompt = {}", Text(&format!("{name}/{version}"))),
            Self::Span(clause) => clause.fmt(f),
            Self::Assessment { kind, name, test } => write!(f, "{}.{} {test}", kind.as_str(), Key(name)),
            Self::Issue { id } => write!(f, "issue.id = {}", Text(id)),
        }
    }
}

impl fmt::Display for SpanClause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field { field, test } => write!(f, "span.{field} {test}"),
            Self::Content(ContentTest::Like(pattern)) => write!(f, "span.content LIKE {}", Text(pattern)),
            Self::Content(ContentTest::ILike(pattern)) => write!(f, "span.content ILIKE {}", Text(pattern)),
        }
    }
}

impl fmt::Display for SpanField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("name"),
            Self::Type => f.write_str("type"),
            Self::Status => f.write_str("status"),
            Self::Attribute(key) => write!(f, "attributes.{}", Key(key)),
        }
    }
}

impl fmt::Display for ExperimentClause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(test) => write!(f, "name {test}"),
            Self::Id { negated, ids } => {
                let op = match (negated, ids.len()) {
                    (false, 1) => "=",
                    (true, 1) => "!=",
                    (false, _) => "IN",
                    (true, _) => "NOT IN",
                };
                write!(f, "experiment_id {op} ")?;
                let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
                match ids.as_slice() {
                    [id] => Text(id).fmt(f),
                    ids => List(ids).fmt(f),
                }
            }
            Self::Time { field, op, value_ms } => write!(f, "{} {} {value_ms}", field.as_str(), op.as_str()),
            Self::Tag { key, test } => write!(f, "tags.{} {test}", Key(key)),
        }
    }
}

impl fmt::Display for TextMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (op, text) = self.parts();
        write!(f, "{op} {}", Text(text))
    }
}

impl fmt::Display for TextTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Match(comparison) => comparison.fmt(f),
            Self::In { negated, values } => write!(f, "{} {}", if *negated { "NOT IN" } else { "IN" }, List(values)),
        }
    }
}

impl fmt::Display for KeyTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Match(comparison) => comparison.fmt(f),
            Self::IsNull { negated } => f.write_str(null_test(*negated)),
        }
    }
}

impl fmt::Display for AssessmentTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Match(comparison) => comparison.fmt(f),
            Self::Number { op, value } => write!(f, "{} {value}", op.as_str()),
            Self::IsNull { negated } => f.write_str(null_test(*negated)),
        }
    }
}

fn joined<T: fmt::Display>(f: &mut fmt::Formatter<'_>, clauses: &[T]) -> fmt::Result {
    for (index, clause) in clauses.iter().enumerate() {
        if index > 0 {
            f.write_str(" AND ")?;
        }
        clause.fmt(f)?;
    }
    Ok(())
}

const fn null_test(negated: bool) -> &'static str {
    if negated { "IS NOT NULL" } else { "IS NULL" }
}

/// A key: bare if every tokenizer reads it so, else in the first quotes that fit.
struct Key<'a>(&'a str);

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.split('.').all(is_plain_word) {
            return f.write_str(self.0);
        }
        let quote = ['`', '"', '\''].into_iter().find(|quote| fits_in_quotes(self.0, *quote)).unwrap_or('`');
        write!(f, "{quote}{}{quote}", self.0)
    }
}

/// Whether MLflow's tokenizer, too, takes it for a part of a key. It knows six keywords even behind a
/// dot, and takes a leading digit for a number.
fn is_plain_word(word: &str) -> bool {
    const KEYWORDS: [&str; 6] = ["as", "case", "from", "in", "using", "values"];
    word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
}

/// A text in the first quotes that fit.
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |quote: &char| fits_in_quotes(self.0, *quote);
        let quotes = ['\'', '"'];
        let absent = |quote: &char| !self.0.contains(*quote);
        let quote = quotes.into_iter().find(|quote| absent(quote) && fits(quote));
        let quote = quote.or_else(|| quotes.into_iter().find(fits)).or_else(|| quotes.into_iter().find(absent));
        let quote = quote.unwrap_or('"');
        write!(f, "{quote}{}{quote}", self.0)
    }
}

/// A list of texts, as Python would write it.
struct List<'a>(&'a [String]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, item) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "(" } else { ", " })?;
            let quote = if item.contains('\'') && !item.contains('"') { '"' } else { '\'' };
            f.write_char(quote)?;
            for c in item.chars() {
                match c {
                    // Not doubled: MLflow's tokenizer would take `\\'` for an escaped quote.
                    '\\' => f.write_str("\\x5c")?,
                    c if c == quote || c < ' ' => write!(f, "\\x{:02x}", u32::from(c))?,
                    c => f.write_char(c)?,
                }
            }
            f.write_char(quote)?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests;

//! Quoted texts. There is no escape: what stands between the outer quotes is the content.

use super::Cursor;
use crate::FilterError;

impl Cursor<'_> {
    /// Reads a quoted text that begins here.
    pub(super) fn quoted(&mut self, quote: char) -> Result<String, FilterError> {
        let rest = self.rest();
        let Some(len) = quoted_len(rest, quote) else {
            return Err(self.error(format!("the quote {quote} is not closed"), self.pos..self.text.len()));
        };
        self.pos += len;
        Ok(rest[1..len - 1].to_owned())
    }
}

/// Length in bytes of the quoted text at the start of `text`, quotes included.
///
/// A doubled quote does not end it, nor does one behind a backslash; both stay in the content. When
/// no other quote follows, the last of these ends it after all: `'x\'` is the text `x\`.
fn quoted_len(text: &str, quote: char) -> Option<usize> {
    let bytes = text.as_bytes();
    let quote = u8::try_from(quote).ok()?;
    let mut last_resort = None;
    let mut pos = 1;
    while let Some(&byte) = bytes.get(pos) {
        let next_is_quote = bytes.get(pos + 1) == Some(&quote);
        if byte == quote && next_is_quote {
            last_resort = Some(pos + 1);
            pos += 2;
        } else if byte == quote {
            return Some(pos + 1);
        } else if byte == b'\\' && quote != b'`' && next_is_quote {
            last_resort = Some(pos + 2);
            pos += 2;
        } else {
            pos += 1;
        }
    }
    last_resort
}

/// Whether `content` between two `quote`s is read back as such, whatever follows but another quote.
pub(crate) fn fits_in_quotes(content: &str, quote: char) -> bool {
    let mut chars = content.chars().peekable();
    while let Some(c) = chars.next() {
        let escapes = c == '\\' && quote != '`';
        if c == quote && chars.next_if_eq(&quote).is_none() {
            return false;
        }
        // At the end it would take the closing quote with it.
        if escapes && chars.peek().is_none() {
            return false;
        }
        if escapes {
            chars.next_if_eq(&quote);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations were taken from MLflow.
    #[track_caller]
    fn check(text: &str, content: Option<&str>) {
        let quote = text.chars().next().unwrap();
        assert_eq!(quoted_len(text, quote).map(|len| &text[1..len - 1]), content, "{text}");
    }

    #[test]
    fn contents_are_taken_literally() {
        check("'x' and", Some("x"));
        check("''", Some(""));
        check("'it''s'", Some("it''s"));
        check(r"'it\'s'", Some(r"it\'s"));
        check(r#"'it"s'"#, Some("it\"s"));
        check("\"x\"\"y\"", Some("x\"\"y"));
        check(r"'x\'", Some(r"x\"));
        check(r"'x\\'", Some(r"x\\"));
        check("'x", None);
        check("'", None);
        check("`a``b`", Some("a``b"));
        check(r"`a\` = 'x`'", Some(r"a\"));
        check("'é😀' x", Some("é😀"));
    }

    #[test]
    fn only_contents_that_come_back_fit() {
        for (content, quote, fits) in [
            ("x", '\'', true),
            ("it's", '\'', false),
            ("it's", '"', true),
            ("it''s", '\'', true),
            (r"it\'s", '\'', true),
            ("x\\", '\'', false),
            ("x\\", '`', true),
            (r"x\y", '"', true),
            ("", '\'', true),
        ] {
            assert_eq!(fits_in_quotes(content, quote), fits, "{content} in {quote}");
        }
    }
}

//! Literals: texts, numbers and lists of texts.

use super::{Cursor, Literal, is_word};
use crate::{FilterError, Number};

impl Cursor<'_> {
    pub(super) fn literal(&mut self) -> Result<Literal, FilterError> {
        match self.peek() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote).map(Literal::Text),
            Some(c) if c.is_ascii_digit() || c == '-' || c == '.' => self.number().map(Literal::Number),
            Some('`') => Err(self.error_here("back-quotes are for keys, put the text in ' or \"")),
            Some('(') => Err(self.error_here("a list needs the comparator IN or NOT IN")),
            Some(c) if is_word(c) => {
                let word = self.take_while(is_word);
                let span = self.pos - word.len()..self.pos;
                Err(self.error(format!("expected a quoted text or a number, got {word}: put texts in ' or \""), span))
            }
            _ => Err(self.error_here("expected a quoted text or a number")),
        }
    }

    /// `-?` digits, with a point, with an exponent, or both: `5`, `-1`, `.5`, `5.`, `1e3`, `1.5e-3`.
    fn number(&mut self) -> Result<Number, FilterError> {
        let start = self.pos;
        let digit = |c: char| c.is_ascii_digit();
        self.take('-');
        let before_point = self.take_while(digit).len();
        let has_point = self.take('.');
        let after_point = if has_point { self.take_while(digit).len() } else { 0 };
        let before_exponent = self.pos;
        let has_exponent = before_point > 0 && (!has_point || after_point > 0) && (self.take('e') || self.take('E'));
        if has_exponent {
            self.take('-');
            self.take_while(digit);
        }
        let exponent_is_bare = has_exponent && !self.text[before_exponent..self.pos].ends_with(digit);
        let text = &self.text[start..self.pos];
        // Only ASCII was taken, so there is a character's boundary behind a word, too.
        let glued = self.take_while(|c| is_word(c) || "+-.".contains(c));
        let span = start..self.pos;
        if before_point + after_point == 0 || exponent_is_bare || !glued.is_empty() {
            let written = &self.text[span.clone()];
            return Err(self.error(format!("expected a number such as 5, -1, 0.5 or 1e3, got {written}"), span));
        }
        let number = if has_point || has_exponent {
            text.parse().ok().filter(|float: &f64| float.is_finite()).map(Number::Float)
        } else {
            text.parse().ok().map(Number::Int)
        };
        number.ok_or_else(|| self.error(format!("the number {text} is out of range"), span))
    }

    /// `('a', "b")` with Python's string literals: escapes, adjacent texts joined, a comma at the end.
    pub(super) fn list(&mut self) -> Result<Vec<String>, FilterError> {
        let start = self.pos;
        if !self.take('(') {
            return Err(self.error_here("IN and NOT IN take a list, as in ('a', 'b')"));
        }
        let mut items = Vec::new();
        loop {
            self.skip_blanks();
            if self.take(')') {
                break;
            }
            items.push(self.list_item()?);
            self.skip_blanks();
            if !self.take(',') && self.peek() != Some(')') {
                return Err(self.error_here("expected , or ) in the list"));
            }
        }
        if items.is_empty() {
            return Err(self.error("the list must not be empty", start..self.pos));
        }
        Ok(items)
    }

    fn list_item(&mut self) -> Result<String, FilterError> {
        let mut item = String::new();
        let mut parts = 0;
        while let Some(quote @ ('\'' | '"')) = self.peek() {
            self.python_string(quote, &mut item)?;
            parts += 1;
            self.skip_blanks();
        }
        if parts == 0 {
            return Err(self.error_here("lists hold quoted texts only"));
        }
        Ok(item)
    }

    fn python_string(&mut self, quote: char, out: &mut String) -> Result<(), FilterError> {
        let start = self.pos;
        self.take(quote);
        loop {
            let Some(c) = self.peek().filter(|c| !"\n\r\0".contains(*c)) else {
                let message = format!("the quote {quote} is not closed; line breaks are written \\n in lists");
                return Err(self.error(message, start..self.pos));
            };
            self.pos += c.len_utf8();
            if c == quote {
                return Ok(());
            }
            if c == '\\' { self.python_escape(out)? } else { out.push(c) }
        }
    }

    /// What a backslash that was just taken begins.
    fn python_escape(&mut self, out: &mut String) -> Result<(), FilterError> {
        let start = self.pos - 1;
        let Some(c) = self.peek() else { return Err(self.error_here("the list is not closed")) };
        self.pos += c.len_utf8();
        let simple = match c {
            '\\' | '\'' | '"' => c,
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            '\n' => return Ok(()),
            '0'..='7' => {
                self.pos -= 1;
                return self.code_point(start, 1..=3, 8, out);
            }
            'x' => return self.code_point(start, 2..=2, 16, out),
            'u' => return self.code_point(start, 4..=4, 16, out),
            'U' => return self.code_point(start, 8..=8, 16, out),
            'N' => return Err(self.error("character names are not supported", start..self.pos)),
            other => {
                // Python keeps the backslash of what is no escape.
                out.push('\\');
                other
            }
        };
        out.push(simple);
        Ok(())
    }

    fn code_point(
        &mut self,
        start: usize,
        digits: std::ops::RangeInclusive<usize>,
        radix: u32,
        out: &mut String,
    ) -> Result<(), FilterError> {
        let rest = self.rest();
        let available = rest.bytes().take(*digits.end()).take_while(|byte| char::from(*byte).is_digit(radix)).count();
        self.pos += available;
        let number = u32::from_str_radix(&rest[..available], radix).ok().filter(|_| available >= *digits.start());
        let c = number.and_then(char::from_u32).ok_or_else(|| self.error("not a character", start..self.pos))?;
        out.push(c);
        Ok(())
    }
}

use std::borrow::Cow;

use crate::scan;
use crate::span_text::{MAX_SPAN_DEPTH, SpanTextError};

/// A place in a compact JSON text.
pub(super) struct Reader<'t> {
    text: &'t str,
    pos: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, pos: 0, depth: 0 }
    }

    pub(super) fn error(&self, expected: &'static str) -> SpanTextError {
        SpanTextError { expected, offset: self.pos }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    pub(super) fn end(&self) -> Result<(), SpanTextError> {
        if self.peek().is_none() { Ok(()) } else { Err(self.error("the end")) }
    }

    pub(super) fn word(&mut self, word: &'static str) -> Result<(), SpanTextError> {
        if !self.rest().starts_with(word) {
            return Err(self.error(word));
        }
        self.pos += word.len();
        Ok(())
    }

    /// Reads an object: `read_member` gets each key and reads the value behind it.
    pub(super) fn object(
        &mut self,
        mut read_member: impl FnMut(&mut Self, &str) -> Result<(), SpanTextError>,
    ) -> Result<(), SpanTextError> {
        self.items("{", b'}', "} or ,", |reader| {
            let key = reader.text_or_owned()?;
            reader.word(":")?;
            read_member(reader, &key)
        })
    }

    /// Reads an array: `read_item` reads each item.
    pub(super) fn array(
        &mut self,
        read_item: impl FnMut(&mut Self) -> Result<(), SpanTextError>,
    ) -> Result<(), SpanTextError> {
        self.items("[", b']', "] or ,", read_item)
    }

    fn items(
        &mut self,
        open: &'static str,
        close: u8,
        expected: &'static str,
        mut read_item: impl FnMut(&mut Self) -> Result<(), SpanTextError>,
    ) -> Result<(), SpanTextError> {
        self.word(open)?;
        if self.depth > MAX_SPAN_DEPTH {
            return Err(self.error("less nesting"));
        }
        self.depth += 1;
        if self.peek() != Some(close) {
            loop {
                read_item(self)?;
                match self.peek() {
                    Some(b',') => self.pos += 1,
                    Some(byte) if byte == close => break,
                    _ => return Err(self.error(expected)),
                }
            }
        }
        self.pos += 1;
        self.depth -= 1;
        Ok(())
    }

    pub(super) fn string(&mut self) -> Result<String, SpanTextError> {
        self.text_or_owned().map(Cow::into_owned)
    }

    /// Passes over a value.
    pub(super) fn skip(&mut self) -> Result<(), SpanTextError> {
        match self.peek() {
            Some(b'"') => self.skip_string(),
            Some(b'[') => self.array(Self::skip),
            Some(b'{') => self.object(|reader, _| reader.skip()),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ if self.number_text().is_empty() => Err(self.error("a value")),
            _ => Ok(()),
        }
    }

    fn skip_string(&mut self) -> Result<(), SpanTextError> {
        self.word("\"")?;
        loop {
            self.plain_run()?;
            if self.take_quote() {
                return Ok(());
            }
            self.pos += 2; // a backslash and what it escapes
        }
    }

    /// One of `values`, by its name.
    pub(super) fn one_of<T: Copy, const N: usize>(
        &mut self,
        expected: &'static str,
        values: [T; N],
        name: impl Fn(T) -> &'static str,
    ) -> Result<T, SpanTextError> {
        let written = self.text_or_owned()?;
        values.into_iter().find(|value| name(*value) == written).ok_or_else(|| self.error(expected))
    }

    pub(super) fn unsigned(&mut self) -> Result<u64, SpanTextError> {
        self.number_text().parse().map_err(|_| self.error("a number of nanoseconds"))
    }

    /// The characters of a number that stand here, perhaps none.
    pub(super) fn number_text(&mut self) -> &'t str {
        let rest = self.rest();
        let is_part = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        let len = rest.bytes().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        self.pos += len;
        &rest[..len]
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    /// A string; borrowed when it has no escape.
    fn text_or_owned(&mut self) -> Result<Cow<'t, str>, SpanTextError> {
        self.word("\"")?;
        let run = self.plain_run()?;
        if self.take_quote() {
            return Ok(Cow::Borrowed(run));
        }
        let mut out = String::with_capacity(run.len() * 2);
        out.push_str(run);
        loop {
            out.push(self.escape()?);
            out.push_str(self.plain_run()?);
            if self.take_quote() {
                return Ok(Cow::Owned(out));
            }
        }
    }

    fn take_quote(&mut self) -> bool {
        let found = self.peek() == Some(b'"');
        self.pos += usize::from(found);
        found
    }

    /// The text up to the next quote or backslash.
    fn plain_run(&mut self) -> Result<&'t str, SpanTextError> {
        let rest = self.rest();
        let len = scan::position(rest.as_bytes(), |byte| byte == b'"' || byte == b'\\');
        let len = len.ok_or_else(|| self.error("the end of a string"))?;
        self.pos += len;
        Ok(&rest[..len])
    }

    /// The character that a backslash stands for here.
    fn escape(&mut self) -> Result<char, SpanTextError> {
        self.word("\\")?;
        let byte = self.peek().ok_or_else(|| self.error("an escape"))?;
        let c = match byte {
            b'"' | b'\\' => char::from(byte),
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let digits = self.rest().get(1..5).ok_or_else(|| self.error("four hex digits"))?;
                let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                let c = code.ok_or_else(|| self.error("four hex digits"))?;
                self.pos += 5;
                return Ok(c);
            }
            _ => return Err(self.error("an escape")),
        };
        self.pos += 1;
        Ok(c)
    }
}

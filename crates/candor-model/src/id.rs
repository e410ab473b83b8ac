//! Identifiers: raw bytes inside, MLflow's text outside.

use std::fmt;
use std::str::FromStr;

use crate::ModelError;

/// Id of a trace: `tr-` and the 32 lowercase hex digits of the OpenTelemetry trace id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId([u8; 16]);

impl TraceId {
    /// Wraps the 16 raw bytes of an OpenTelemetry trace id.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 raw bytes of the OpenTelemetry trace id.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads any spelling that an app may hold: `tr-…`, or the bare 32 hex digits in any case.
    ///
    /// # Errors
    /// [`ModelError::Malformed`] for anything else.
    pub fn parse_lenient(text: &str) -> Result<Self, ModelError> {
        let hex = text.strip_prefix("tr-").unwrap_or(text);
        parse_hex(&hex.to_ascii_lowercase())
            .map(Self)
            .ok_or_else(|| ModelError::malformed("trace_id", "`tr-` and 32 hex digits", text))
    }
}

impl FromStr for TraceId {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        text.strip_prefix("tr-")
            .and_then(parse_hex)
            .map(Self)
            .ok_or_else(|| ModelError::malformed("trace_id", "`tr-` and 32 lowercase hex digits", text))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, "tr-", &self.0)
    }
}

/// Id of a span within its trace: 16 lowercase hex digits, as in OpenTelemetry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId([u8; 8]);

impl SpanId {
    /// Wraps the 8 raw bytes of an OpenTelemetry span id.
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The 8 raw bytes of the OpenTelemetry span id.
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl FromStr for SpanId {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        parse_hex(text).map(Self).ok_or_else(|| ModelError::malformed("span_id", "16 lowercase hex digits", text))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, "", &self.0)
    }
}

/// Id of an assessment: `a-` and 32 lowercase hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AssessmentId([u8; 16]);

impl AssessmentId {
    /// Wraps 16 raw bytes, usually those of a UUID.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 raw bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl FromStr for AssessmentId {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        text.strip_prefix("a-")
            .and_then(parse_hex)
            .map(Self)
            .ok_or_else(|| ModelError::malformed("assessment_id", "`a-` and 32 lowercase hex digits", text))
    }
}

impl fmt::Display for AssessmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, "a-", &self.0)
    }
}

/// Id of an experiment: a decimal number, `0` being the one named `Default`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExperimentId(i64);

impl ExperimentId {
    /// The experiment that every store has from the start, named `Default`.
    pub const DEFAULT: Self = Self(0);

    /// Wraps a number; `None` when it is negative.
    pub const fn new(number: i64) -> Option<Self> {
        if number < 0 { None } else { Some(Self(number)) }
    }

    /// The number, never negative.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl FromStr for ExperimentId {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let malformed = || ModelError::malformed("experiment_id", "a valid integer", text);
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(malformed());
        }
        text.parse().map(Self).map_err(|_| malformed())
    }
}

impl fmt::Display for ExperimentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! debug_as_display {
    ($($id:ident)*) => { $(impl fmt::Debug for $id {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, concat!(stringify!($id), "({})"), self)
        }
    })* };
}
debug_as_display!(TraceId SpanId AssessmentId ExperimentId);

fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    fn digit(byte: u8) -> Option<u8> {
        match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        }
    }
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

fn write_hex(f: &mut fmt::Formatter<'_>, prefix: &str, bytes: &[u8]) -> fmt::Result {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    f.write_str(prefix)?;
    // Not digit by digit: ids are a good part of what is written of a page of traces.
    for part in bytes.chunks(8) {
        let mut digits = [0; 16];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(part) {
            pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
        f.write_str(str::from_utf8(&digits[..part.len() * 2]).map_err(|_| fmt::Error)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_print_what_they_were_parsed_from() {
        for text in ["tr-4bf92f3577b34da6a3ce929d0e0e4736", "tr-00000000000000000000000000000000"] {
            assert_eq!(text.parse::<TraceId>().unwrap().to_string(), text);
        }
        assert_eq!("b7ad6b7169203331".parse::<SpanId>().unwrap().to_string(), "b7ad6b7169203331");
        let id = "a-d2867d7fce284319b00cfbe3d9a35a4f";
        assert_eq!(id.parse::<AssessmentId>().unwrap().to_string(), id);
        assert_eq!("42".parse::<ExperimentId>().unwrap().to_string(), "42");
    }

    #[test]
    fn malformed_ids_name_the_field_and_the_form() {
        for text in ["", "tr-", "4bf92f3577b34da6a3ce929d0e0e4736", "tr-4BF92F3577B34DA6A3CE929D0E0E4736", "tr-é"] {
            let error = text.parse::<TraceId>().unwrap_err();
            assert!(error.to_string().starts_with("trace_id must be `tr-` and 32 lowercase hex digits"), "{error}");
        }
        assert!("a-12".parse::<AssessmentId>().is_err());
        assert!("b7ad6b716920333".parse::<SpanId>().is_err());
        for text in ["", "-1", "+1", "abc", "1.5", "99999999999999999999"] {
            assert!(text.parse::<ExperimentId>().is_err(), "{text}");
        }
    }

    #[test]
    fn lenient_trace_ids_take_bare_hex_in_any_case() {
        let id: TraceId = "tr-4bf92f3577b34da6a3ce929d0e0e4736".parse().unwrap();
        for text in ["4BF92F3577b34da6a3ce929d0e0e4736", "tr-4bf92f3577b34da6a3ce929d0e0e4736"] {
            assert_eq!(TraceId::parse_lenient(text).unwrap(), id);
        }
        assert!(TraceId::parse_lenient("tr-tr-4bf92f3577b34da6a3ce929d0e0e47").is_err());
    }
}

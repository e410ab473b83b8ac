//! RFC 3339 timestamps and protobuf durations.

use std::fmt;

use candor_model::{DurationMs, TimestampMs};
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

/// Writes a timestamp as MLflow does: UTC, no fraction when it is 0, otherwise three digits.
///
/// Times that RFC 3339 has no year for are held at the ends of its range.
///
/// ```
/// use candor_model::TimestampMs;
/// use candor_wire::scalar::format_timestamp;
/// assert_eq!(format_timestamp(TimestampMs::from_millis(1_767_323_045_678)), "2026-01-02T03:04:05.678Z");
/// assert_eq!(format_timestamp(TimestampMs::from_millis(0)), "1970-01-01T00:00:00Z");
/// ```
pub fn format_timestamp(time: TimestampMs) -> String {
    const WHOLE: DateTimePrinter = DateTimePrinter::new();
    const MILLIS: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    let ms = time.as_millis().clamp(FIRST_MS, LAST_MS);
    let time = Timestamp::from_millisecond(ms).unwrap_or_default();
    if ms % 1000 == 0 { WHOLE.timestamp_to_string(&time) } else { MILLIS.timestamp_to_string(&time) }
}

/// 0001-01-01T00:00:00Z and 9999-12-30T22:00:00Z: what protobuf and the time library both hold.
const FIRST_MS: i64 = -62_135_596_800_000;
const LAST_MS: i64 = 253_402_207_200_000;

/// Reads an RFC 3339 timestamp with any offset and up to nine digits, rounded down to milliseconds.
///
/// ```
/// use candor_wire::scalar::parse_timestamp;
/// let time = parse_timestamp("2026-01-02T04:04:05.678901+01:00").unwrap();
/// assert_eq!(time.as_millis(), 1_767_323_045_678);
/// assert!(parse_timestamp("yesterday").is_none());
/// ```
pub fn parse_timestamp(text: &str) -> Option<TimestampMs> {
    let time: Timestamp = text.parse().ok()?;
    i64::try_from(time.as_nanosecond().div_euclid(1_000_000)).ok().map(TimestampMs::from_millis)
}

/// Writes a duration as MLflow does: seconds with no fraction when it is 0, otherwise three digits.
///
/// ```
/// use candor_model::DurationMs;
/// use candor_wire::scalar::format_duration;
/// assert_eq!(format_duration(DurationMs::from_millis(1_500)), "1.500s");
/// assert_eq!(format_duration(DurationMs::from_millis(-26)), "-0.026s");
/// ```
pub fn format_duration(duration: DurationMs) -> String {
    DurationText(duration).to_string()
}

/// Reads a protobuf duration, e.g. `1.5s`, with up to nine digits, cut to milliseconds.
///
/// ```
/// use candor_wire::scalar::parse_duration;
/// assert_eq!(parse_duration("-1.0259s").unwrap().as_millis(), -1_025);
/// assert!(parse_duration("1.5").is_none());
/// ```
pub fn parse_duration(text: &str) -> Option<DurationMs> {
    let number = text.strip_suffix('s')?;
    let (sign, number) = match number.strip_prefix('-') {
        Some(number) => (-1, number),
        None => (1, number),
    };
    let (seconds, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if seconds.is_empty() || !digits(seconds) || fraction.len() > 9 || !digits(fraction) {
        return None;
    }
    let seconds: i64 = seconds.parse().ok()?;
    let ms = fraction.bytes().chain(*b"000").take(3).fold(0, |ms, digit| ms * 10 + i64::from(digit - b'0'));
    seconds.checked_mul(1000)?.checked_add(ms).map(|ms| DurationMs::from_millis(sign * ms))
}

struct DurationText(DurationMs);

impl fmt::Display for DurationText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millis();
        let sign = if ms < 0 { "-" } else { "" };
        let (seconds, ms) = (ms.unsigned_abs() / 1000, ms.unsigned_abs() % 1000);
        match ms {
            0 => write!(f, "{sign}{seconds}s"),
            _ => write!(f, "{sign}{seconds}.{ms:03}s"),
        }
    }
}

macro_rules! text_form {
    ($(#[$doc:meta])* $module:ident, $type:ident, $parse:ident, $format:ident, $expected:literal) => {
        $(#[$doc])*
        pub mod $module {
            use candor_model::$type;
            use serde::de::Error;
            use serde::{Deserialize, Deserializer, Serializer};

            use crate::error::MISSING;
            use crate::scalar::text::Text;

            /// Writes the text.
            ///
            /// # Errors
            /// Those of the serializer.
            pub fn serialize<S: Serializer>(value: &$type, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&super::$format(*value))
            }

            /// Reads a required value.
            ///
            /// # Errors
            /// When it is null, no string, or not of that form.
            pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                option::deserialize(deserializer)?.ok_or_else(|| D::Error::custom(MISSING))
            }

            /// The same for an optional field. Goes with `#[serde(default)]`.
            pub mod option {
                use super::*;

                /// Writes the text, or null.
                ///
                /// # Errors
                /// Those of the serializer.
                pub fn serialize<S: Serializer>(value: &Option<$type>, serializer: S) -> Result<S::Ok, S::Error> {
                    match value {
                        Some(value) => super::serialize(value, serializer),
                        None => serializer.serialize_none(),
                    }
                }

                /// Reads an optional value; null is none.
                ///
                /// # Errors
                /// When it is no string, or not of that form.
                pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<$type>, D::Error> {
                    let Some(Text(text)) = Option::deserialize(deserializer)? else { return Ok(None) };
                    let expected = || D::Error::custom(format_args!(concat!("must be ", $expected, ", got {:?}"), text));
                    crate::scalar::$parse(&text).map(Some).ok_or_else(expected)
                }
            }
        }
    };
}
text_form!(
    /// Timestamps in RFC 3339.
    timestamp, TimestampMs, parse_timestamp, format_timestamp, "an RFC 3339 timestamp such as 2026-01-02T03:04:05.678Z"
);
text_form!(
    /// Durations in seconds, e.g. `1.500s`.
    duration, DurationMs, parse_duration, format_duration, "a duration in seconds such as 1.5s"
);

#[cfg(test)]
mod tests;

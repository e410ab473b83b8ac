use candor_model::{DurationMs, TimestampMs};

use super::*;

#[track_caller]
fn check_time(input: &str, ms: i64, output: &str) {
    assert_eq!(parse_timestamp(input), Some(TimestampMs::from_millis(ms)), "{input}");
    assert_eq!(format_timestamp(TimestampMs::from_millis(ms)), output);
}

#[test]
fn timestamps_have_any_offset_in_and_three_digits_or_none_out() {
    check_time("2026-01-02T03:04:05.678Z", 1_767_323_045_678, "2026-01-02T03:04:05.678Z");
    check_time("2026-01-02T03:04:05.123456789+05:30", 1_767_303_245_123, "2026-01-01T21:34:05.123Z");
    check_time("2026-01-02T03:04:05.100Z", 1_767_323_045_100, "2026-01-02T03:04:05.100Z");
    check_time("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z");
    check_time("1969-12-31T23:59:59.9995Z", -1, "1969-12-31T23:59:59.999Z");
    check_time("0001-01-01T00:00:00Z", -62_135_596_800_000, "0001-01-01T00:00:00Z");
    for text in ["", "now", "2026-01-02", "2026-01-02T03:04:05", "1767323045678", "2026-13-02T03:04:05Z"] {
        assert_eq!(parse_timestamp(text), None, "{text}");
    }
}

#[test]
fn times_without_a_year_are_held_at_the_ends() {
    assert_eq!(format_timestamp(TimestampMs::from_millis(i64::MIN)), "0001-01-01T00:00:00Z");
    assert_eq!(format_timestamp(TimestampMs::from_millis(i64::MAX)), "9999-12-30T22:00:00Z");
}

#[track_caller]
fn check_duration(input: &str, ms: i64, output: &str) {
    assert_eq!(parse_duration(input), Some(DurationMs::from_millis(ms)), "{input}");
    assert_eq!(format_duration(DurationMs::from_millis(ms)), output);
}

#[test]
fn durations_are_cut_towards_zero_and_have_three_digits_or_none() {
    check_duration("1.5s", 1_500, "1.500s");
    check_duration("0.026s", 26, "0.026s");
    check_duration("1s", 1_000, "1s");
    check_duration("-1s", -1_000, "-1s");
    check_duration("-0.0005s", 0, "0s");
    check_duration("1.123456789s", 1_123, "1.123s");
    check_duration("-1767323045.678s", -1_767_323_045_678, "-1767323045.678s");
    for text in
        ["", "s", "1", "1.5", "1m", ".5s", "+1s", "--1s", "1e3s", "1.1234567890s", "99999999999999999999s", "1.é0s"]
    {
        assert_eq!(parse_duration(text), None, "{text}");
    }
}

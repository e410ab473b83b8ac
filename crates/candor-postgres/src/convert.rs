//! How values of the model stand in columns.

use std::collections::BTreeMap;

use candor_model::{
    AssessmentId, AssessmentKind, ExperimentId, SourceType, SpanId, TimestampMs, TraceId, TraceState, UnixNanos,
};
use candor_store::Result;
use uuid::Uuid;

use crate::error::corrupt;
use crate::text;

pub(crate) fn trace_uuid(id: TraceId) -> Uuid {
    Uuid::from_bytes(*id.as_bytes())
}

pub(crate) fn trace_id(uuid: Uuid) -> TraceId {
    TraceId::from_bytes(uuid.into_bytes())
}

pub(crate) fn trace_uuids(ids: &[TraceId]) -> Vec<Uuid> {
    ids.iter().copied().map(trace_uuid).collect()
}

pub(crate) fn assessment_uuid(id: AssessmentId) -> Uuid {
    Uuid::from_bytes(*id.as_bytes())
}

pub(crate) fn assessment_id(uuid: Uuid) -> AssessmentId {
    AssessmentId::from_bytes(uuid.into_bytes())
}

pub(crate) fn span_id(number: i64) -> SpanId {
    SpanId::from_bytes(number.to_be_bytes())
}

pub(crate) fn span_number(id: SpanId) -> i64 {
    i64::from_be_bytes(*id.as_bytes())
}

pub(crate) fn nanos(number: i64) -> UnixNanos {
    UnixNanos::from_nanos(number.cast_unsigned())
}

pub(crate) fn nanos_number(time: UnixNanos) -> i64 {
    time.as_nanos().cast_signed()
}

pub(crate) fn time(ms: i64) -> TimestampMs {
    TimestampMs::from_millis(ms)
}

pub(crate) fn experiment_id(number: i64) -> Result<ExperimentId> {
    ExperimentId::new(number).ok_or_else(|| corrupt("experiment", format!("the id {number} is negative")))
}

pub(crate) fn experiment_numbers(ids: &[ExperimentId]) -> Vec<i64> {
    ids.iter().map(|id| id.get()).collect()
}

pub(crate) fn trace_state(name: &str, of: TraceId) -> Result<TraceState> {
    TraceState::from_name(name).ok_or_else(|| corrupt(format!("trace {of}"), format!("no state is named {name:?}")))
}

pub(crate) const fn kind_code(kind: AssessmentKind) -> i16 {
    match kind {
        AssessmentKind::Feedback => 0,
        AssessmentKind::Expectation => 1,
        AssessmentKind::Issue => 2,
    }
}

pub(crate) const fn source_code(source: SourceType) -> i16 {
    match source {
        SourceType::Unspecified => 0,
        SourceType::Human => 1,
        SourceType::LlmJudge => 2,
        SourceType::Code => 3,
    }
}

pub(crate) fn source_type(code: i16) -> Option<SourceType> {
    SourceType::ALL.into_iter().find(|source| source_code(*source) == code)
}

/// Texts by key as JSON.
pub(crate) fn map_json(map: &BTreeMap<String, String>) -> String {
    let entries = map.iter().map(|(key, value)| (text::kept(key).into_owned(), text::kept(value).into_owned().into()));
    serde_json::Value::Object(entries.collect()).to_string()
}

/// The texts that [`map_json`] was made of.
pub(crate) fn map_from_json(json: &str) -> Result<BTreeMap<String, String>, serde_json::Error> {
    let map: BTreeMap<String, String> = serde_json::from_str(json)?;
    Ok(map.into_iter().map(|(key, value)| (text::read(key), text::read(value))).collect())
}

const DAY_MS: i64 = 86_400_000;

/// The hour of a time, counted from the epoch on.
pub(crate) const fn hour(time: TimestampMs) -> i64 {
    time.as_millis().div_euclid(3_600_000)
}

/// The month of a time, counted from January 1970 on; the last one that can be counted stands for
/// all beyond.
pub(crate) fn month(time: TimestampMs) -> i32 {
    let (year, month) = civil(time.as_millis().div_euclid(DAY_MS));
    i32::try_from((year - 1970) * 12 + month - 1).unwrap_or(if year < 1970 { i32::MIN } else { i32::MAX })
}

/// The first millisecond of a month.
pub(crate) fn month_start(month: i32) -> i64 {
    let month = i64::from(month);
    days(1970 + month.div_euclid(12), month.rem_euclid(12) + 1) * DAY_MS
}

/// Year and month of a day since the epoch.
///
/// Source: H. Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`.
fn civil(day: i64) -> (i64, i64) {
    let shifted = day + 719_468; // days since 1 March of the year 0
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month)
}

/// The day since the epoch on which a month begins; the same source, `days_from_civil`.
fn days(year: i64, month: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_where_the_calendar_says() {
        for (start, expected) in [
            (0, 0),
            (-1, -1),
            (951_782_400_000, 361),   // 29 February 2000
            (951_868_799_999, 361),   // its last millisecond
            (951_868_800_000, 362),   // 1 March 2000
            (1_796_083_200_000, 683), // 1 December 2026
            (1_796_083_199_999, 682),
        ] {
            assert_eq!(month(TimestampMs::from_millis(start)), expected, "{start}");
        }
        for number in -30_000..30_000 {
            let start = month_start(number);
            assert_eq!(month(TimestampMs::from_millis(start)), number);
            assert_eq!(month(TimestampMs::from_millis(start - 1)), number - 1);
        }
    }

    #[test]
    fn times_beyond_the_calendar_are_in_its_last_months() {
        assert_eq!(month(TimestampMs::from_millis(i64::MAX)), i32::MAX);
        assert_eq!(month(TimestampMs::from_millis(i64::MIN)), i32::MIN);
    }
}

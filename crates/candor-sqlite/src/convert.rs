//! How values of the model stand in columns.

use candor_model::{
    AssessmentId, AssessmentKind, ExperimentId, SourceType, SpanId, TimestampMs, TraceId, TraceState, UnixNanos,
};
use candor_store::Result;

use crate::error::corrupt;

pub(crate) fn trace_id(bytes: [u8; 16]) -> TraceId {
    TraceId::from_bytes(bytes)
}

pub(crate) fn assessment_id(bytes: [u8; 16]) -> AssessmentId {
    AssessmentId::from_bytes(bytes)
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

pub(crate) fn trace_state(name: &str, of: TraceId) -> Result<TraceState> {
    TraceState::from_name(name).ok_or_else(|| corrupt(format!("trace {of}"), format!("no state is named {name:?}")))
}

pub(crate) const fn kind_code(kind: AssessmentKind) -> i64 {
    match kind {
        AssessmentKind::Feedback => 0,
        AssessmentKind::Expectation => 1,
        AssessmentKind::Issue => 2,
    }
}

pub(crate) const fn source_code(source: SourceType) -> i64 {
    match source {
        SourceType::Unspecified => 0,
        SourceType::Human => 1,
        SourceType::LlmJudge => 2,
        SourceType::Code => 3,
    }
}

pub(crate) fn source_type(code: i64) -> Option<SourceType> {
    SourceType::ALL.into_iter().find(|source| source_code(*source) == code)
}

/// The numbers as a JSON array, which statements unfold with `json_each`.
pub(crate) fn json_numbers(numbers: impl IntoIterator<Item = i64>) -> String {
    let numbers: Vec<String> = numbers.into_iter().map(|number| number.to_string()).collect();
    format!("[{}]", numbers.join(","))
}

/// Trace ids as a JSON array of hex texts.
pub(crate) fn json_ids(ids: &[TraceId]) -> String {
    let hex: Vec<String> = ids.iter().map(|id| format!("\"{}\"", &id.to_string()["tr-".len()..])).collect();
    format!("[{}]", hex.join(","))
}

//! What MLflow would lose of an assessment travels in its metadata, and is put back on the way out.
//!
//! MLflow 3 drops the rationale of expectations, the `overrides` of what is no feedback, empty
//! rationales and empty source ids, and makes doubles of integers.

use candor_model::{Assessment, AssessmentBody, SourceId, TraceInfo, Value, keys};
use candor_store::validity::revalidate;
use candor_store::{Result, StoreError};
use candor_wire::AssessmentInput;

/// The assessment as it is sent.
///
/// # Errors
/// [`StoreError::Invalid`] for a value that the server would store and then never read again.
pub(super) fn to_wire(assessment: &Assessment) -> Result<AssessmentInput> {
    check_value(&assessment.body)?;
    let mut sent = AssessmentInput {
        assessment_id: Some(assessment.id),
        name: assessment.name.clone(),
        span_id: assessment.span_id,
        source: assessment.source.clone(),
        create_time: Some(assessment.create_time),
        last_update_time: Some(assessment.last_update_time),
        body: assessment.body.clone(),
        rationale: assessment.rationale.clone(),
        metadata: assessment.metadata.clone(),
        overrides: assessment.overrides.map(Into::into),
    };
    let is_feedback = matches!(assessment.body, AssessmentBody::Feedback(_));
    let mut keep = |key: &str, value: String| drop(sent.metadata.insert(key.to_owned(), value));
    if let Some(overridden) = assessment.overrides.filter(|_| !is_feedback) {
        keep(OVERRIDES, overridden.to_string());
    }
    if let Some(rationale) = &assessment.rationale
        && loses_rationale(&assessment.body, rationale)
    {
        keep(RATIONALE, rationale.clone());
    }
    if let AssessmentBody::Expectation(Value::Int(number)) = assessment.body {
        keep(INTEGER, number.to_string());
    }
    if assessment.source.source_id.as_ref().is_some_and(|id| id.as_str().is_empty()) {
        keep(EMPTY_SOURCE, "true".to_owned());
    }
    Ok(sent)
}

/// Whether the server drops the rationale of an assessment that is created so.
pub(super) fn loses_rationale(body: &AssessmentBody, rationale: &str) -> bool {
    rationale.is_empty() || matches!(body, AssessmentBody::Expectation(_))
}

/// Puts back what [`to_wire`] kept, and says of each assessment whether it counts.
///
/// A trace of which the server has seen running spans only has a negative duration there; it has none.
pub(super) fn restore(info: &mut TraceInfo) {
    let is_finalized = info.metadata.contains_key(keys::INFO_FINALIZED);
    info.execution_duration = info.execution_duration.filter(|length| is_finalized || length.as_millis() >= 0);
    for assessment in &mut info.assessments {
        restore_one(assessment);
    }
    info.assessments.sort_by_key(|assessment| assessment.create_time);
    revalidate(&mut info.assessments);
}

/// Refuses a list that holds the text `list_value`.
///
/// MLflow's servers store it, answer 500 and fail on every later read of the trace's spans.
pub(super) fn check_value(body: &AssessmentBody) -> Result<()> {
    match body {
        AssessmentBody::Feedback(feedback) if is_poison(feedback.value()) => Err(StoreError::Invalid {
            field: "assessment.feedback.value",
            reason: "a list that holds the text \"list_value\" would make its trace unreadable on MLflow".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Metadata: what an expectation or issue overrides.
const OVERRIDES: &str = "candor.overrides";
/// Metadata: the rationale of an expectation, or an empty one.
pub(super) const RATIONALE: &str = "candor.rationale";
/// Metadata: the integer that an expectation is.
pub(super) const INTEGER: &str = "candor.integer";
/// Metadata: `true` when the source's id is the empty text.
const EMPTY_SOURCE: &str = "candor.empty_source_id";

pub(super) fn restore_one(assessment: &mut Assessment) {
    let mut kept = |key: &str| assessment.metadata.remove(key);
    let (overrides, rationale, integer) = (kept(OVERRIDES), kept(RATIONALE), kept(INTEGER));
    if kept(EMPTY_SOURCE).is_some() && assessment.source.source_id.is_none() {
        assessment.source.source_id = SourceId::new("").ok();
    }
    assessment.overrides = assessment.overrides.or_else(|| overrides?.parse().ok());
    assessment.rationale = assessment.rationale.take().or(rationale);
    if let AssessmentBody::Expectation(value @ Value::Float(_)) = &mut assessment.body
        && let Some(number) = integer.and_then(|text| text.parse::<i64>().ok())
        && value.as_f64() == Some(number as f64)
    {
        *value = Value::Int(number); // else somebody has changed it since
    }
}

fn is_poison(value: &Value) -> bool {
    match value {
        Value::List(items) => {
            items.iter().any(|item| matches!(item, Value::Text(text) if text == "list_value") || is_poison(item))
        }
        Value::Map(items) => items.values().any(is_poison),
        _ => false,
    }
}

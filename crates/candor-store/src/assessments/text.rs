//! An assessment to be logged as JSON, for back ends that keep it until it can be.

use std::collections::BTreeMap;

use candor_model::{AssessmentBody, Feedback, FeedbackError, Source, SourceId, SourceType, TimestampMs, Value};
use serde_json::{Map, Value as Json, json};

use crate::{BoxError, NewAssessment, Target, TargetRef, WhenMissing};

impl NewAssessment {
    /// The assessment as JSON text that loses nothing, to be kept until it can be logged.
    pub fn to_text(&self) -> String {
        to_text(self)
    }

    /// The assessment that [`to_text`](Self::to_text) was made of.
    ///
    /// # Errors
    /// When the text is none of those, or breaks a rule of the model.
    pub fn from_text(text: &str) -> Result<Self, BoxError> {
        from_text(text)
    }
}

/// What an assessment says as JSON text that loses nothing, for back ends that keep it as one value.
pub fn body_text(body: &AssessmentBody) -> String {
    body_to_json(body).to_string()
}

/// What [`body_text`] was made of.
///
/// # Errors
/// When the text is none of those, or breaks a rule of the model.
pub fn body_from_text(text: &str) -> Result<AssessmentBody, BoxError> {
    body_from_json(serde_json::from_str(text)?)
}

fn to_text(item: &NewAssessment) -> String {
    let refs: Vec<Json> =
        item.target.refs.iter().map(|reference| json!([reference.field(), reference.value()])).collect();
    json!({
        "id": item.id.to_string(),
        "target": {"refs": refs, "experiment": item.target.experiment.map(|id| id.get())},
        "span_id": item.span_id.map(|id| id.to_string()),
        "name": item.name.as_str(),
        "source_type": item.source.source_type.as_str(),
        "source_id": item.source.source_id.as_ref().map(SourceId::as_str),
        "body": body_to_json(&item.body),
        "rationale": item.rationale,
        "metadata": item.metadata,
        "overrides": item.overrides.map(|id| id.to_string()),
        "create_ms": item.create_time.as_millis(),
        "update_ms": item.last_update_time.as_millis(),
        "supersede": item.supersede,
        "hold": item.when_missing == WhenMissing::Hold,
    })
    .to_string()
}

fn from_text(text: &str) -> Result<NewAssessment, BoxError> {
    let mut json: Map<String, Json> = serde_json::from_str(text)?;
    let metadata: BTreeMap<String, String> = serde_json::from_value(take(&mut json, "metadata"))?;
    let body = body_from_json(take(&mut json, "body"))?;
    let mut target = take(&mut json, "target");
    let experiment = match target["experiment"].as_i64() {
        Some(number) => Some(candor_model::ExperimentId::new(number).ok_or("a negative experiment id")?),
        None => None,
    };
    let refs: Vec<(String, String)> = serde_json::from_value(target["refs"].take())?;
    let refs = refs.into_iter().map(reference).collect::<Result<_, _>>()?;
    let source_type = text_of(&json, "source_type")?;
    Ok(NewAssessment {
        id: text_of(&json, "id")?.parse()?,
        target: Target { refs, experiment },
        span_id: optional(&json, "span_id").map(str::parse).transpose()?,
        name: text_of(&json, "name")?.parse()?,
        source: Source {
            source_type: SourceType::from_name(source_type).ok_or("an unknown source type")?,
            source_id: optional(&json, "source_id").map(SourceId::new).transpose()?,
        },
        body,
        rationale: optional(&json, "rationale").map(str::to_owned),
        metadata,
        overrides: optional(&json, "overrides").map(str::parse).transpose()?,
        create_time: time(&json, "create_ms")?,
        last_update_time: time(&json, "update_ms")?,
        supersede: json.get("supersede") == Some(&Json::Bool(true)),
        when_missing: match json.get("hold") {
            Some(Json::Bool(true)) => WhenMissing::Hold,
            _ => WhenMissing::Fail,
        },
    })
}

fn body_to_json(body: &AssessmentBody) -> Json {
    match body {
        AssessmentBody::Feedback(feedback) => {
            let error = feedback.error().map(|error| json!([error.code, error.message, error.stack_trace]));
            json!({"feedback": Json::from(feedback.value().clone()), "error": error})
        }
        AssessmentBody::Expectation(value) => json!({"expectation": Json::from(value.clone())}),
        AssessmentBody::Issue { name } => json!({"issue": name}),
    }
}

fn body_from_json(json: Json) -> Result<AssessmentBody, BoxError> {
    let Json::Object(mut body) = json else { return Err("no body".into()) };
    if let Some(value) = body.remove("feedback") {
        type Error = (String, Option<String>, Option<String>);
        let error: Option<Error> = serde_json::from_value(take(&mut body, "error"))?;
        let error = error.map(|(code, message, stack_trace)| FeedbackError { code, message, stack_trace });
        return Ok(AssessmentBody::Feedback(Feedback::new(Value::try_from(value)?, error)));
    }
    if let Some(value) = body.remove("expectation") {
        return Ok(AssessmentBody::Expectation(Value::try_from(value)?));
    }
    Ok(AssessmentBody::Issue { name: text_of(&body, "issue")?.to_owned() })
}

fn reference((field, value): (String, String)) -> Result<TargetRef, BoxError> {
    Ok(match field.as_str() {
        "trace_id" => TargetRef::Trace(value.parse()?),
        "client_request_id" => TargetRef::ClientRequest(value.parse()?),
        "span_id" => TargetRef::Span(value.parse()?),
        "session_id" => TargetRef::Session(value),
        "response_id" => TargetRef::Response(value),
        other => return Err(format!("no id is named {other:?}").into()),
    })
}

fn take(json: &mut Map<String, Json>, key: &str) -> Json {
    json.remove(key).unwrap_or_default()
}

fn optional<'a>(json: &'a Map<String, Json>, key: &str) -> Option<&'a str> {
    json.get(key).and_then(Json::as_str)
}

fn text_of<'a>(json: &'a Map<String, Json>, key: &'static str) -> Result<&'a str, BoxError> {
    optional(json, key).ok_or_else(|| format!("{key} is missing").into())
}

fn time(json: &Map<String, Json>, key: &'static str) -> Result<TimestampMs, BoxError> {
    let ms = json.get(key).and_then(Json::as_i64).ok_or_else(|| format!("{key} is missing"))?;
    Ok(TimestampMs::from_millis(ms))
}

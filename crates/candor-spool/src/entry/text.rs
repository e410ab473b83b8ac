//! A payload as JSON text that loses nothing.

use std::collections::BTreeMap;

use candor_filter::{SpanColumns, span_from_text, span_text};
use candor_model::{
    Assessment, Attributes, DurationMs, ExperimentId, Span, SpanId, SpanKind, SpanStatus, TagKey, TimestampMs, TraceId,
    TraceInfo, TraceState, UnixNanos,
};
use candor_store::{BoxError, NewAssessment, SpanBatch, SpanGroup, TagChange, Target, WhenMissing};
use serde_json::{Map, Value as Json, json};

use super::{EntryKind, Payload};

impl Payload {
    /// The text to keep.
    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::Assessment(item) => item.to_text(),
            Self::Trace(info) => trace_to_json(info).to_string(),
            Self::Spans(batch) => {
                let groups: Vec<Json> = batch.groups.iter().map(group_to_json).collect();
                json!({"experiment": batch.experiment_id.get(), "groups": groups}).to_string()
            }
            Self::Tag(trace, TagChange::Set { key, value }) => {
                json!({"trace": trace.to_string(), "key": key.as_str(), "value": value}).to_string()
            }
            Self::Tag(trace, TagChange::Delete { key }) => json!({"trace": trace.to_string(), "key": key}).to_string(),
        }
    }

    /// The payload that [`to_text`](Self::to_text) was made of.
    pub(crate) fn from_text(kind: EntryKind, text: &str) -> Result<Self, BoxError> {
        if kind == EntryKind::Assessment {
            return Ok(Self::Assessment(Box::new(NewAssessment::from_text(text)?)));
        }
        let mut json: Map<String, Json> = serde_json::from_str(text)?;
        Ok(match kind {
            EntryKind::Trace => Self::Trace(Box::new(trace_from_json(&mut json)?)),
            EntryKind::Spans => {
                let Json::Array(groups) = take(&mut json, "groups") else { return Err("no groups".into()) };
                let groups = groups.into_iter().map(group_from_json).collect::<Result<_, _>>()?;
                Self::Spans(SpanBatch { experiment_id: experiment(&json)?, groups })
            }
            EntryKind::Tag | EntryKind::Assessment => {
                let key = text_of(&json, "key")?;
                let change = match optional(&json, "value") {
                    Some(value) => TagChange::Set { key: TagKey::new(key)?, value: value.to_owned() },
                    None => TagChange::Delete { key: key.to_owned() },
                };
                Self::Tag(text_of(&json, "trace")?.parse()?, change)
            }
        })
    }
}

fn trace_to_json(info: &TraceInfo) -> Json {
    json!({
        "trace": info.trace_id.to_string(),
        "client_request_id": info.client_request_id.as_ref().map(ToString::to_string),
        "experiment": info.experiment_id.get(),
        "request_ms": info.request_time.as_millis(),
        "duration_ms": info.execution_duration.map(DurationMs::as_millis),
        "state": info.state.as_str(),
        "request_preview": info.request_preview,
        "response_preview": info.response_preview,
        "metadata": info.metadata,
        "tags": info.tags,
        "assessments": info.assessments.iter().map(|one| to_new(one).to_text()).collect::<Vec<_>>(),
    })
}

fn trace_from_json(json: &mut Map<String, Json>) -> Result<TraceInfo, BoxError> {
    let trace_id: TraceId = text_of(json, "trace")?.parse()?;
    let assessments: Vec<String> = serde_json::from_value(take(json, "assessments"))?;
    let metadata: BTreeMap<String, String> = serde_json::from_value(take(json, "metadata"))?;
    let tags: BTreeMap<String, String> = serde_json::from_value(take(json, "tags"))?;
    let request_time = TimestampMs::from_millis(number(json, "request_ms")?);
    let embedded = |text: String| NewAssessment::from_text(&text).map(|one| one.on_trace(trace_id));
    Ok(TraceInfo {
        client_request_id: optional(json, "client_request_id").map(str::parse).transpose()?,
        execution_duration: json.get("duration_ms").and_then(Json::as_i64).map(DurationMs::from_millis),
        state: TraceState::from_name(text_of(json, "state")?).ok_or("an unknown state")?,
        request_preview: optional(json, "request_preview").map(str::to_owned),
        response_preview: optional(json, "response_preview").map(str::to_owned),
        metadata,
        tags,
        assessments: assessments.into_iter().map(embedded).collect::<Result<_, _>>()?,
        ..TraceInfo::new(trace_id, experiment(json)?, request_time)
    })
}

/// An assessment without its validity, which stores work out themselves.
fn to_new(assessment: &Assessment) -> NewAssessment {
    let one = assessment.clone();
    NewAssessment {
        id: one.id,
        target: Target::from(one.trace_id),
        span_id: one.span_id,
        name: one.name,
        source: one.source,
        body: one.body,
        rationale: one.rationale,
        metadata: one.metadata,
        overrides: one.overrides,
        create_time: one.create_time,
        last_update_time: one.last_update_time,
        supersede: false,
        when_missing: WhenMissing::Fail,
    }
}

fn group_to_json(group: &SpanGroup) -> Json {
    let spans: Vec<Json> = group.spans.iter().map(span_to_json).collect();
    json!({"resource": span_text(&bearer(group.resource.clone())), "spans": spans})
}

fn group_from_json(json: Json) -> Result<SpanGroup, BoxError> {
    let Json::Object(mut json) = json else { return Err("a group is no object".into()) };
    let Json::Array(spans) = take(&mut json, "spans") else { return Err("no spans".into()) };
    let resource = span_from_text(text_of(&json, "resource")?, SpanColumns::of(&bearer(Attributes::default())))?;
    let spans = spans.into_iter().map(span_from_json).collect::<Result<_, _>>()?;
    Ok(SpanGroup { resource: resource.attributes, spans })
}

fn span_to_json(span: &Span) -> Json {
    json!([
        span.trace_id.to_string(),
        span.span_id.to_string(),
        span.parent_id.map(|id| id.to_string()),
        span.start.as_nanos(),
        span.end.map(UnixNanos::as_nanos),
        span_text(span),
    ])
}

fn span_from_json(json: Json) -> Result<Span, BoxError> {
    type Row = (String, String, Option<String>, u64, Option<u64>, String);
    let (trace_id, span_id, parent_id, start, end, content): Row = serde_json::from_value(json)?;
    let columns = SpanColumns {
        trace_id: trace_id.parse()?,
        span_id: span_id.parse()?,
        parent_id: parent_id.map(|id| id.parse()).transpose()?,
        start: UnixNanos::from_nanos(start),
        end: end.map(UnixNanos::from_nanos),
    };
    Ok(span_from_text(&content, columns)?)
}

/// A span that only carries attributes: those of a resource are kept in the same form.
fn bearer(attributes: Attributes) -> Span {
    Span {
        trace_id: TraceId::from_bytes([0; 16]),
        span_id: SpanId::from_bytes([0; 8]),
        parent_id: None,
        name: String::new(),
        kind: SpanKind::default(),
        start: UnixNanos::default(),
        end: None,
        status: SpanStatus::default(),
        attributes,
        events: Vec::new(),
        links: Vec::new(),
    }
}

fn experiment(json: &Map<String, Json>) -> Result<ExperimentId, BoxError> {
    Ok(ExperimentId::new(number(json, "experiment")?).ok_or("a negative experiment id")?)
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

fn number(json: &Map<String, Json>, key: &'static str) -> Result<i64, BoxError> {
    json.get(key).and_then(Json::as_i64).ok_or_else(|| format!("{key} is missing").into())
}

#[cfg(test)]
mod tests;

//! What every back end makes of incoming spans and trace infos, after MLflow's rules.
//!
//! A back end calls [`complete_span`] on each span that it is given, then [`merge_spans`] once per
//! trace of the batch, or [`merge_started`] for a trace info, and stores the result. Source: the
//! behaviour of MLflow 3.17.2's server, as observed.

mod preview;
mod semconv;
mod usage;

use std::collections::BTreeMap;

use candor_model::{
    AnyValue, Attributes, ClientRequestId, DurationMs, Experiment, Span, StatusCode, TagKey, TraceId, TraceInfo,
    TraceState, keys,
};

pub use semconv::complete_span;
pub use usage::SpanUsage;

use crate::{Result, StoreError};

/// The longest session id, in characters.
pub const MAX_SESSION_CHARS: usize = 250;

/// The spans that one batch brings for one trace, each with the resource that made it.
#[derive(Debug)]
pub struct TraceSpans<'a> {
    /// The trace.
    pub trace_id: TraceId,
    /// At least one span, completed.
    pub spans: Vec<(&'a Attributes, &'a Span)>,
}

/// Sorts a batch's spans by trace, in the order in which the traces first appear.
pub fn by_trace(groups: &[crate::SpanGroup]) -> Vec<TraceSpans<'_>> {
    let mut traces: Vec<TraceSpans<'_>> = Vec::new();
    let mut places = BTreeMap::new();
    for group in groups {
        for span in &group.spans {
            let place = *places.entry(span.trace_id).or_insert_with(|| {
                traces.push(TraceSpans { trace_id: span.trace_id, spans: Vec::new() });
                traces.len() - 1
            });
            traces[place].spans.push((&group.resource, span));
        }
    }
    traces
}

/// The info of a trace after a client has sent it.
///
/// State, times and client request id become what the client says, also where it says nothing;
/// previews are kept where it says nothing; metadata and tags are joined key by key.
///
/// `experiment` is the one that `incoming` names; a known trace moves there. Assessments that come
/// along are left to the caller.
///
/// # Errors
/// [`StoreError::Invalid`] for a session id above [`MAX_SESSION_CHARS`].
pub fn merge_started(
    existing: Option<TraceInfo>,
    mut incoming: TraceInfo,
    experiment: &Experiment,
) -> Result<TraceInfo> {
    check_session(incoming.session())?;
    for key in [keys::SPANS_LOCATION, keys::ARTIFACT_LOCATION, keys::ARCHIVE_LOCATION] {
        incoming.tags.remove(key); // the store's to say, whatever the client copied along
    }
    for key in [keys::TOKEN_USAGE, keys::COST] {
        if let Some(text) = incoming.metadata.remove(key)
            && let Some(canonical) = usage::canonical(key, &text)
        {
            incoming.metadata.insert(key.to_owned(), canonical);
        }
    }
    let mut merged = incoming;
    if let Some(old) = existing {
        merged.metadata = joined(old.metadata, merged.metadata);
        merged.tags = joined(old.tags, merged.tags);
        merged.request_preview = merged.request_preview.or(old.request_preview);
        merged.response_preview = merged.response_preview.or(old.response_preview);
        merged.assessments = old.assessments;
    } else {
        merged.assessments.clear();
    }
    merged.metadata.insert(keys::INFO_FINALIZED.to_owned(), "true".to_owned());
    set_locations(&mut merged, experiment);
    Ok(merged)
}

/// The info of a trace after a batch of its spans: derived where nobody said, kept where somebody did.
///
/// `experiment` is the trace's own if it exists, else the batch's. `usage` lists every stored span
/// of the trace by span id, so that sums of doubles agree to the last digit, those of the batch
/// among them; it may be empty when none [has any](SpanUsage::is_some).
///
/// # Errors
/// [`StoreError::Invalid`] for a session id above [`MAX_SESSION_CHARS`].
pub fn merge_spans(
    existing: Option<TraceInfo>,
    batch: &TraceSpans<'_>,
    usage: &[SpanUsage],
    experiment: &Experiment,
) -> Result<TraceInfo> {
    let spans = || batch.spans.iter().map(|(_, span)| *span);
    let start = spans().map(|span| span.start.to_millis()).min().unwrap_or_default();
    let end = spans().filter_map(|span| span.end).max().map(|end| end.to_millis());
    let root = spans().find(|span| span.is_root());

    let is_new = existing.is_none();
    let mut info = existing.unwrap_or_else(|| TraceInfo {
        state: TraceState::InProgress,
        ..TraceInfo::new(batch.trace_id, experiment.id, start)
    });
    let finalized = info.metadata.contains_key(keys::INFO_FINALIZED);
    if !finalized {
        let old_end = info.execution_duration.map(|_| info.end_time());
        info.request_time = info.request_time.min(start);
        info.execution_duration = end.max(old_end).map(|end| DurationMs::between(info.request_time, end));
    }
    if let Some(root) = root {
        if is_new || matches!(info.state, TraceState::InProgress | TraceState::Unspecified) {
            info.state = if root.status.code == StatusCode::Error { TraceState::Error } else { TraceState::Ok };
        }
        if info.request_preview.is_none() {
            info.request_preview = root.inputs().and_then(|inputs| preview::preview(inputs, "user"));
        }
        if info.response_preview.is_none() {
            info.response_preview = root.outputs().and_then(|outputs| preview::preview(outputs, "assistant"));
        }
    }
    if info.client_request_id.is_none() {
        let id = first_text(spans(), keys::SPAN_CLIENT_REQUEST_ID);
        info.client_request_id = id.and_then(|id| ClientRequestId::new(id).ok());
    }
    let session = first_text(spans(), "session.id").or_else(|| first_text(spans(), "gen_ai.conversation.id"));
    check_session(session.as_deref())?;
    fill_in(&mut info.metadata, keys::SESSION, session);
    fill_in(&mut info.metadata, keys::USER, first_text(spans(), "user.id"));
    for (key, total) in [(keys::TOKEN_USAGE, usage::total_tokens(usage)), (keys::COST, usage::total_cost(usage))] {
        match total {
            Some(total) if finalized => fill_in(&mut info.metadata, key, Some(total)),
            Some(total) => drop(info.metadata.insert(key.to_owned(), total)),
            None => {}
        }
    }
    for (key, value) in tags_of(batch) {
        info.tags.insert(key, value);
    }
    if let Some(root) = root {
        fill_in(&mut info.tags, keys::TRACE_NAME, Some(root.name.clone()).filter(|name| !name.is_empty()));
    }
    set_locations(&mut info, experiment);
    Ok(info)
}

fn set_locations(info: &mut TraceInfo, experiment: &Experiment) {
    let artifacts = format!("{}/traces/{}/artifacts", experiment.artifact_location, info.trace_id);
    info.tags.insert(keys::ARTIFACT_LOCATION.to_owned(), artifacts);
    // Clients that do not read this in the answer upload the spans a second time, as a file.
    info.tags.insert(keys::SPANS_LOCATION.to_owned(), keys::TRACKING_STORE.to_owned());
}

/// Resource attributes, then what the root says for the trace; keys that no tag may have are left out.
fn tags_of(batch: &TraceSpans<'_>) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    for (resource, _) in &batch.spans {
        let own = resource.iter().filter(|(key, _)| !key.starts_with("telemetry.sdk.") && !key.starts_with("mlflow."));
        tags.extend(own.map(|(key, value)| (key.to_owned(), plain_text(value))));
    }
    for (_, root) in batch.spans.iter().filter(|(_, span)| span.is_root()) {
        let own = root.attributes.iter();
        tags.extend(own.filter_map(|(key, value)| {
            Some((key.strip_prefix(keys::SPAN_TRACE_TAG_PREFIX)?.to_owned(), plain_text(value)))
        }));
    }
    tags.retain(|key, _| TagKey::new(key.as_str()).is_ok());
    tags
}

fn check_session(session: Option<&str>) -> Result<()> {
    match session {
        Some(id) if id.chars().count() > MAX_SESSION_CHARS => Err(StoreError::Invalid {
            field: "Session ID",
            reason: format!("'Session ID' exceeds the maximum length of {MAX_SESSION_CHARS} characters"),
        }),
        _ => Ok(()),
    }
}

fn first_text<'a>(mut spans: impl Iterator<Item = &'a Span>, key: &str) -> Option<String> {
    spans.find_map(|span| span.attributes.get(key)).map(plain_text)
}

fn plain_text(value: &AnyValue) -> String {
    value.as_str().map_or_else(|| value.json_text(), str::to_owned)
}

fn fill_in(map: &mut BTreeMap<String, String>, key: &str, value: Option<String>) {
    if let Some(value) = value {
        map.entry(key.to_owned()).or_insert(value);
    }
}

fn joined(mut old: BTreeMap<String, String>, new: BTreeMap<String, String>) -> BTreeMap<String, String> {
    old.extend(new);
    old
}

#[cfg(test)]
mod tests;

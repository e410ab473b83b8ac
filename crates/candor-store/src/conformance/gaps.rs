//! What holds instead of a promise that a back end declares to keep in part only.

use candor_filter::attribute_text;
use candor_model::{AnyValue, Assessment, Attributes, Span, SpanKind, Trace, TraceInfo};

use crate::{DynTrackingStore, Gaps, Logged};

pub(super) fn gaps(store: &DynTrackingStore) -> Gaps {
    store.capabilities().gaps
}

/// The span as a back end of these gaps reads it back.
pub(super) fn kept_span(span: Span, gaps: Gaps) -> Span {
    if !gaps.lossy_spans {
        return span;
    }
    let mut span = Span { kind: SpanKind::Unspecified, ..span };
    span.attributes.iter_mut().for_each(|(_, value)| *value = without_bytes(value.clone()));
    for event in &mut span.events {
        event.attributes = without_bytes_in(&event.attributes);
    }
    for link in &mut span.links {
        link.attributes = link.attributes.iter().map(|(key, value)| (key.to_owned(), in_a_link(value))).collect();
    }
    span
}

/// The trace as a back end of these gaps reads it back.
pub(super) fn kept_trace(mut trace: Trace, gaps: Gaps) -> Trace {
    trace.spans = trace.spans.into_iter().map(|span| kept_span(span, gaps)).collect();
    trace.info = kept_info(trace.info, gaps);
    trace
}

/// The trace info as a back end of these gaps reads it back, whatever its clock says.
pub(super) fn kept_info(mut info: TraceInfo, gaps: Gaps) -> TraceInfo {
    info.assessments = info.assessments.into_iter().map(|assessment| kept_assessment(assessment, gaps)).collect();
    info
}

/// The assessment as a back end of these gaps reads it back, whatever its clock says.
pub(super) fn kept_assessment(mut assessment: Assessment, gaps: Gaps) -> Assessment {
    if gaps.own_clock {
        assessment.last_update_time = Default::default();
    }
    assessment
}

/// The answer with [`kept_assessment`] inside.
pub(super) fn kept_logged(logged: Logged, gaps: Gaps) -> Logged {
    match logged {
        Logged::Created(assessment) => Logged::Created(kept_assessment(assessment, gaps)),
        Logged::Existing(assessment) => Logged::Existing(kept_assessment(assessment, gaps)),
        pending @ Logged::Pending(_) => pending,
    }
}

/// In links, bytes become base64.
fn in_a_link(value: &AnyValue) -> AnyValue {
    match value {
        AnyValue::Bytes(_) => {
            let json: serde_json::Value = serde_json::from_str(&attribute_text(value)).unwrap();
            json["$bytes"].as_str().unwrap().into()
        }
        other => other.clone(),
    }
}

fn without_bytes_in(attributes: &Attributes) -> Attributes {
    attributes.iter().map(|(key, value)| (key.to_owned(), without_bytes(value.clone()))).collect()
}

/// Bytes become the text of a Python literal.
fn without_bytes(value: AnyValue) -> AnyValue {
    match value {
        AnyValue::Bytes(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
            AnyValue::String(format!("b'{digits}'"))
        }
        AnyValue::Array(items) => AnyValue::Array(items.into_iter().map(without_bytes).collect()),
        AnyValue::KvList(pairs) => {
            AnyValue::KvList(pairs.into_iter().map(|(key, item)| (key, without_bytes(item))).collect())
        }
        other => other,
    }
}

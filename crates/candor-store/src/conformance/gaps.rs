//! What holds instead of a promise that a back end declares to keep in part only.

use std::collections::HashSet;

use candor_filter::attribute_text;
use candor_model::{AnyValue, Assessment, AssessmentBody, Attributes, Span, SpanKind, Trace, TraceInfo, Value};

use super::arbitrary::DataSet;
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

/// Takes out of random data what a back end of these gaps makes something else of.
pub fn fit_data(data: &mut DataSet, gaps: Gaps) {
    data.spans = fitting_spans(std::mem::take(&mut data.spans), gaps);
    data.assessments.iter_mut().for_each(|item| fit_body(&mut item.body, gaps));
}

/// Replaces what a back end of these gaps refuses.
pub(super) fn fit_body(body: &mut AssessmentBody, gaps: Gaps) {
    if gaps.no_null_expectations && *body == AssessmentBody::Expectation(Value::Null) {
        *body = AssessmentBody::Expectation(Value::Bool(false));
    }
}

/// Where spans are not kept whole, running ones and those that are replaced at once tell less; where
/// sums are the back end's own, those of spans that are their own ancestors are.
pub(super) fn fitting_spans(mut spans: Vec<Span>, gaps: Gaps) -> Vec<Span> {
    if gaps.own_sums {
        spans.iter_mut().for_each(|span| span.parent_id = span.parent_id.filter(|parent| *parent < span.span_id));
    }
    if !gaps.lossy_spans {
        return spans;
    }
    let mut seen = HashSet::new();
    let ended = spans.into_iter().rev().map(|span| Span { end: span.end.or(Some(span.start)), ..span });
    let mut fitting: Vec<Span> = ended.filter(|span| seen.insert((span.trace_id, span.span_id))).collect();
    fitting.reverse();
    fitting
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

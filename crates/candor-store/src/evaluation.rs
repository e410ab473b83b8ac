//! The GenAI event `gen_ai.evaluation.result`, read as feedback.
//!
//! Whoever takes spans in, over OTLP or from a tracer, logs what [`evaluations`] finds in them.
//! Source: OpenTelemetry semantic conventions for generative AI.

use candor_model::{
    AnyValue, AssessmentBody, AssessmentId, AssessmentName, Feedback, FeedbackError, FiniteF64, Source, SourceId,
    SourceType, Span, SpanEvent, Value, keys,
};
use uuid::Uuid;

use crate::{NewAssessment, Target, TargetRef, WhenMissing};

/// The verdicts that the events of spans hold.
///
/// A verdict is about the span that has the event, or about the completion that the event names in
/// `gen_ai.response.id`, wherever that is. Its value is the score, else the label; with both, the
/// label is kept in the metadata. Its id follows from span and event, so that a span that is sent
/// again is not judged twice. Events without name, or without score, label and error, are passed over.
pub fn evaluations<'a>(spans: impl IntoIterator<Item = &'a Span>) -> Vec<NewAssessment> {
    let events = spans.into_iter().flat_map(|span| span.events.iter().enumerate().map(move |event| (span, event)));
    let results = events.filter(|(_, (_, event))| event.name == keys::EVALUATION_RESULT);
    results.filter_map(|(span, (place, event))| evaluation(span, place, event)).collect()
}

fn evaluation(span: &Span, place: usize, event: &SpanEvent) -> Option<NewAssessment> {
    let text = |key| event.attributes.get_str(key).map(str::to_owned);
    let name = AssessmentName::new(text(keys::EVALUATION_NAME).filter(|name| !name.is_empty())?).ok()?;
    let score = event.attributes.get(keys::EVALUATION_SCORE).and_then(score);
    let label = text(keys::EVALUATION_LABEL);
    let error = text(keys::ERROR_TYPE).map(|code| FeedbackError { code, ..FeedbackError::default() });
    let value = match (score, &label) {
        (Some(score), _) => Value::Float(score),
        (None, Some(label)) => Value::Text(label.clone()),
        (None, None) if error.is_some() => Value::Null,
        (None, None) => return None,
    };
    let response = text(keys::GEN_AI_RESPONSE_ID);
    let target = match &response {
        Some(id) => Target { refs: vec![TargetRef::Response(id.clone())], experiment: None },
        None => Target::from(span.trace_id),
    };
    let body = AssessmentBody::Feedback(Feedback::new(value, error));
    let mut verdict = NewAssessment::new(target, name, source(event), body, event.time.to_millis());
    verdict.id = id(span, place, event);
    verdict.span_id = response.is_none().then_some(span.span_id);
    verdict.rationale = text(keys::EVALUATION_EXPLANATION);
    verdict.when_missing = if response.is_some() { WhenMissing::Hold } else { WhenMissing::Fail };
    if let (Some(_), Some(label)) = (score, label) {
        verdict.metadata.insert(keys::EVALUATION_LABEL.to_owned(), label);
    }
    Some(verdict)
}

fn score(value: &AnyValue) -> Option<FiniteF64> {
    match value {
        AnyValue::Double(number) => FiniteF64::new(*number).ok(),
        AnyValue::Int(number) => FiniteF64::new(*number as f64).ok(),
        _ => None,
    }
}

fn source(event: &SpanEvent) -> Source {
    let model = event.attributes.get_str(keys::EVALUATION_MODEL).and_then(|model| SourceId::new(model).ok());
    let source_type = if model.is_some() { SourceType::LlmJudge } else { SourceType::Code };
    Source { source_type, source_id: model }
}

fn id(span: &Span, place: usize, event: &SpanEvent) -> AssessmentId {
    const NAMESPACE: Uuid = Uuid::from_u128(0x6b1f_5c02_7d0e_4f3a_9a51_c2d8_47e6_b903);
    let mut bytes = Vec::from(*span.trace_id.as_bytes());
    bytes.extend(span.span_id.as_bytes());
    bytes.extend((place as u64).to_be_bytes());
    bytes.extend(event.time.as_nanos().to_be_bytes());
    AssessmentId::from_bytes(Uuid::new_v5(&NAMESPACE, &bytes).into_bytes())
}

#[cfg(test)]
mod tests {
    use candor_model::{Attributes, SpanId, SpanKind, SpanStatus, TraceId, UnixNanos};

    use super::*;

    fn span(events: Vec<SpanEvent>) -> Span {
        Span {
            trace_id: TraceId::from_bytes([1; 16]),
            span_id: SpanId::from_bytes([2; 8]),
            parent_id: None,
            name: "judge".into(),
            kind: SpanKind::Internal,
            start: UnixNanos::from_nanos(1),
            end: None,
            status: SpanStatus::default(),
            attributes: Attributes::default(),
            events,
            links: Vec::new(),
        }
    }

    fn result(pairs: &[(&str, AnyValue)]) -> SpanEvent {
        let attributes = pairs.iter().map(|(key, value)| (*key, value.clone())).collect();
        SpanEvent { time: UnixNanos::from_nanos(5_000_000), name: keys::EVALUATION_RESULT.into(), attributes }
    }

    #[test]
    fn a_score_with_label_and_explanation_is_feedback_on_the_span() {
        let event = result(&[
            (keys::EVALUATION_NAME, "relevance".into()),
            (keys::EVALUATION_SCORE, AnyValue::Double(0.8)),
            (keys::EVALUATION_LABEL, "relevant".into()),
            (keys::EVALUATION_EXPLANATION, "it answers".into()),
            (keys::EVALUATION_MODEL, "judge-1".into()),
        ]);
        let found = evaluations(&[span(vec![event.clone(), event])]);
        let [first, second] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(first.name.as_str(), "relevance");
        assert_eq!(first.body.value().and_then(Value::as_f64), Some(0.8));
        assert_eq!(first.metadata.get(keys::EVALUATION_LABEL).map(String::as_str), Some("relevant"));
        assert_eq!(first.rationale.as_deref(), Some("it answers"));
        assert_eq!(first.source.source_type, SourceType::LlmJudge);
        assert_eq!(first.span_id, Some(SpanId::from_bytes([2; 8])));
        assert_eq!(first.create_time.as_millis(), 5);
        assert_ne!(first.id, second.id);
    }

    #[test]
    fn a_span_that_is_read_again_yields_the_same_ids() {
        let spans =
            [span(vec![result(&[(keys::EVALUATION_NAME, "a".into()), (keys::EVALUATION_LABEL, "pass".into())])])];
        assert_eq!(evaluations(&spans)[0].id, evaluations(&spans)[0].id);
        assert_eq!(evaluations(&spans)[0].body.value(), Some(&Value::Text("pass".into())));
    }

    #[test]
    fn a_result_that_names_a_completion_judges_that() {
        let event = result(&[
            (keys::EVALUATION_NAME, "a".into()),
            (keys::EVALUATION_SCORE, AnyValue::Int(1)),
            (keys::GEN_AI_RESPONSE_ID, "resp-1".into()),
        ]);
        let found = evaluations(&[span(vec![event])]);
        assert_eq!(found[0].target.refs, [TargetRef::Response("resp-1".into())]);
        assert_eq!((found[0].span_id, found[0].when_missing), (None, WhenMissing::Hold));
    }

    #[test]
    fn an_evaluation_that_failed_says_why() {
        let event = result(&[(keys::EVALUATION_NAME, "a".into()), (keys::ERROR_TYPE, "timeout".into())]);
        let found = evaluations(&[span(vec![event])]);
        let AssessmentBody::Feedback(feedback) = &found[0].body else { panic!("{found:?}") };
        assert_eq!(feedback.error().map(|error| error.code.as_str()), Some("timeout"));
    }

    #[test]
    fn other_events_and_results_that_say_nothing_are_passed_over() {
        let nameless = result(&[(keys::EVALUATION_SCORE, AnyValue::Double(1.0))]);
        let empty = result(&[(keys::EVALUATION_NAME, "a".into())]);
        let infinite =
            result(&[(keys::EVALUATION_NAME, "a".into()), (keys::EVALUATION_SCORE, AnyValue::Double(f64::NAN))]);
        let other = SpanEvent { name: "exception".into(), ..empty.clone() };
        assert_eq!(evaluations(&[span(vec![nameless, empty, infinite, other])]), []);
    }
}

use candor_model::{AnyValue, Feedback, Source, Span, TagKey, TraceInfo, Value, keys};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::data::{assessment, id, info, key, span, text};
use crate::conformance::samples;
use crate::{AssessmentUpdate, NewAssessment, Target, TargetRef, WhenMissing};

/// One call that changes a store. Traces, assessments and ids are few, so that calls meet.
#[derive(Clone, Debug)]
pub enum Write {
    /// Starts traces; their assessments come along.
    Start(Vec<TraceInfo>),
    /// Logs spans.
    Spans(Vec<Span>),
    /// Logs assessments.
    Log(Vec<NewAssessment>),
    /// Updates an assessment, by the numbers of trace and assessment.
    Update(u32, u32, AssessmentUpdate),
    /// Deletes an assessment, by the numbers of trace and assessment.
    DeleteAssessment(u32, u32),
    /// Deletes a trace, by its number.
    DeleteTrace(u32),
    /// Sets a tag of a trace, or removes it.
    Tag(u32, TagKey, Option<String>),
}

/// Up to `length` calls about the traces and assessments whose numbers begin at `first`.
///
/// Sequences of different `first`s do not meet: every id has it inside.
pub fn writes(first: u32, length: usize) -> impl Strategy<Value = Vec<Write>> {
    vec(write(first), 1..=length)
}

fn write(first: u32) -> impl Strategy<Value = Write> {
    let trace = move || first..first + 3;
    let one = move || first..first + 12;
    let tag_key = key().prop_map(|key| TagKey::new(key).unwrap());
    prop_oneof![
        3 => vec(started(first), 1..3).prop_map(Write::Start),
        3 => vec(landed(first), 1..4).prop_map(Write::Spans),
        6 => vec(logged(first), 1..4).prop_map(Write::Log),
        1 => (trace(), one(), update()).prop_map(|(trace, one, update)| Write::Update(trace, one, update)),
        2 => (trace(), one()).prop_map(|(trace, one)| Write::DeleteAssessment(trace, one)),
        1 => trace().prop_map(Write::DeleteTrace),
        1 => (trace(), tag_key, option::of(text())).prop_map(|(trace, key, value)| Write::Tag(trace, key, value)),
    ]
}

fn started(first: u32) -> impl Strategy<Value = TraceInfo> {
    let embedded = vec((assessment(), first..first + 12, option::of(first..first + 12)), 0..2);
    (first..first + 3, info(), embedded).prop_map(move |(n, mut info, embedded)| {
        info.trace_id = samples::trace_id(n);
        info.client_request_id = info.client_request_id.map(|id| own(first, id.as_str()).parse().unwrap());
        if let Some(session) = info.metadata.get_mut(keys::SESSION) {
            *session = own(first, session);
        }
        for (item, id, overrides) in embedded {
            let mut assessment = item.on_trace(info.trace_id);
            assessment.id = samples::assessment_id(id);
            assessment.overrides = overrides.map(samples::assessment_id);
            info.assessments.push(assessment);
        }
        info
    })
}

fn landed(first: u32) -> impl Strategy<Value = Span> {
    let ids = (first..first + 3, first..first + 4, option::weighted(0.5, first..first + 4));
    let facts = (option::weighted(0.3, id()), option::weighted(0.3, id()), option::weighted(0.3, 0_i64..100));
    (ids, span(), facts).prop_map(move |((trace, id, parent), mut span, (session, response, tokens))| {
        span.trace_id = samples::trace_id(trace);
        span.span_id = samples::span_id(id);
        span.parent_id = parent.map(samples::span_id);
        let texts = [("session.id", session), (keys::GEN_AI_RESPONSE_ID, response)];
        for (key, text) in texts.into_iter().filter_map(|(key, text)| Some((key, text?))) {
            span.attributes.insert(key, AnyValue::String(own(first, &text)));
        }
        if let Some(tokens) = tokens {
            let usage = vec![("input_tokens".to_owned(), AnyValue::Int(tokens))];
            span.attributes.insert(keys::SPAN_TOKEN_USAGE, AnyValue::KvList(usage));
        }
        span
    })
}

fn logged(first: u32) -> impl Strategy<Value = NewAssessment> {
    let explicit = option::weighted(0.2, first..first + 12);
    let flags = (any::<bool>(), prop::bool::weighted(0.7));
    (assessment(), first..first + 12, target(first), explicit, flags).prop_map(
        |(mut item, id, target, overrides, (hold, usual))| {
            if usual {
                // Natural keys meet only if most verdicts are alike.
                item.name = super::NAMES[0].parse().unwrap();
                item.source = Source::human("ann").unwrap();
                (item.span_id, item.supersede) = (None, true);
            }
            item.id = samples::assessment_id(id);
            item.target = target;
            item.overrides = overrides.map(samples::assessment_id);
            item.when_missing = if hold { WhenMissing::Hold } else { WhenMissing::Fail };
            item
        },
    )
}

fn target(first: u32) -> impl Strategy<Value = Target> {
    let reference = prop_oneof![
        3 => (first..first + 3).prop_map(|n| TargetRef::Trace(samples::trace_id(n))),
        2 => id().prop_map(move |id| TargetRef::ClientRequest(own(first, &id).parse().unwrap())),
        1 => id().prop_map(move |id| TargetRef::Session(own(first, &id))),
        1 => id().prop_map(move |id| TargetRef::Response(own(first, &id))),
        1 => (first..first + 4).prop_map(|n| TargetRef::Span(samples::span_id(n))),
    ];
    (vec(reference, 1..3), option::weighted(0.2, 0_i64..2))
        .prop_map(|(refs, experiment)| Target { refs, experiment: experiment.map(samples::experiment_id) })
}

fn update() -> impl Strategy<Value = AssessmentUpdate> {
    let feedback = option::of(any::<bool>().prop_map(|value| Feedback::new(Value::Bool(value), None)));
    let expectation = option::weighted(0.2, text().prop_map(Value::Text));
    let flag = select(vec![keys::RETRACTED, keys::SESSION, "k"]).prop_map(str::to_owned);
    let metadata = btree_map(flag, select(vec!["true", "false"]).prop_map(str::to_owned), 0..2);
    let name = option::of(super::word(&super::NAMES).prop_map(|name| name.parse().unwrap()));
    (name, feedback, expectation, option::of(text()), metadata).prop_map(
        |(name, feedback, expectation, rationale, metadata)| AssessmentUpdate {
            name,
            feedback,
            expectation,
            rationale,
            metadata,
        },
    )
}

fn own(first: u32, id: &str) -> String {
    format!("{id}-{first}")
}

use std::collections::BTreeMap;

use candor_model::{
    AnyValue, AssessmentBody, AssessmentId, DurationMs, ExperimentId, Feedback, FeedbackError, Source, SourceType,
    Span, StatusCode, TraceId, TraceInfo, TraceState, Value, keys,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use super::{IDS, KEYS, NAMES, TEXTS, word};
use crate::conformance::samples;
use crate::{DynTrackingStore, NewAssessment, SpanBatch, SpanGroup, TraceLink};

/// The ids that a store gave to experiments 0, 1 and 2 of the random data.
#[derive(Clone, Copy, Debug)]
pub struct Experiments([ExperimentId; 3]);

impl Experiments {
    /// Experiment 0 is the default one, the others are made.
    pub async fn create(store: &DynTrackingStore) -> Self {
        let first = store.create_experiment(samples::experiment("random 1")).await.unwrap();
        let second = store.create_experiment(samples::experiment("random 2")).await.unwrap();
        assert!(first < second, "experiments are numbered in the order in which they are made");
        Self([ExperimentId::DEFAULT, first, second])
    }

    /// The store's id of an experiment; unknown ones stay unknown.
    pub fn id(&self, number: ExperimentId) -> ExperimentId {
        self.0.get(number.get() as usize).copied().unwrap_or(number)
    }

    /// The same trace with numbers for the store's ids.
    pub fn numbered(&self, mut info: TraceInfo) -> TraceInfo {
        if let Some(number) = self.0.iter().position(|id| *id == info.experiment_id) {
            info.experiment_id = samples::experiment_id(number as i64);
        }
        info.tags.remove(keys::ARTIFACT_LOCATION); // it has the id in it
        info
    }
}

/// What a store is filled with before it is asked.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// The traces; their experiments are 0, 1 and 2, whatever ids the store gives to the latter two.
    pub infos: Vec<TraceInfo>,
    /// Spans of some of these and of further traces.
    pub spans: Vec<Span>,
    /// Assessments of these traces, in the order in which they are logged.
    pub assessments: Vec<NewAssessment>,
    /// What traces are linked to.
    pub links: Vec<(TraceId, TraceLink)>,
    /// Assessments that are deleted in the end.
    pub deleted: Vec<(TraceId, AssessmentId)>,
}

impl DataSet {
    /// Writes everything.
    pub async fn load(&self, store: &DynTrackingStore, experiments: &Experiments) {
        let place = |info: &TraceInfo| TraceInfo { experiment_id: experiments.id(info.experiment_id), ..info.clone() };
        let infos = self.infos.iter().map(place).collect();
        for answer in store.start_traces(infos).await.unwrap() {
            answer.unwrap();
        }
        let groups = vec![SpanGroup { resource: Default::default(), spans: self.spans.clone() }];
        let experiment_id = experiments.id(samples::experiment_id(1));
        store.log_spans(SpanBatch { experiment_id, groups }).await.unwrap();
        for answer in store.log_assessments(self.assessments.clone()).await.unwrap() {
            answer.unwrap();
        }
        for (trace, link) in &self.links {
            store.link_traces(&[*trace], link.clone()).await.unwrap();
        }
        for (trace, assessment) in &self.deleted {
            store.delete_assessment(*trace, *assessment).await.unwrap();
        }
    }

    /// The ids of all traces.
    pub fn trace_ids(&self) -> Vec<TraceId> {
        let mut ids: Vec<TraceId> =
            self.infos.iter().map(|info| info.trace_id).chain(self.spans.iter().map(|span| span.trace_id)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

/// A data set of up to `traces` traces whose ids begin at `first`.
pub fn data_set(first: u32, traces: u32) -> impl Strategy<Value = DataSet> {
    let size = traces as usize;
    let trace = move || first..first + traces;
    (
        vec(info(), size / 2..=size),
        vec((trace(), span()), size..=size * 2),
        vec((trace(), assessment()), size..=size * 3),
        vec((trace(), link()), 0..=size),
        vec(any::<prop::sample::Index>(), 0..=size / 4),
    )
        .prop_map(move |(infos, spans, assessments, links, deleted)| {
            let infos: Vec<TraceInfo> =
                (first..).zip(infos).map(|(n, info)| TraceInfo { trace_id: samples::trace_id(n), ..info }).collect();
            let spans: Vec<Span> =
                spans.into_iter().map(|(n, span)| Span { trace_id: samples::trace_id(n), ..span }).collect();
            let mut data = DataSet { infos, spans, assessments: Vec::new(), links: Vec::new(), deleted: Vec::new() };
            let ids = data.trace_ids();
            let known = |n: u32| ids.contains(&samples::trace_id(n));
            for (n, (trace, item)) in (first..).zip(assessments).filter(|(_, (trace, _))| known(*trace)) {
                let earlier = data.assessments.iter().rev().find(|item| item.target == samples::trace_id(trace).into());
                let overrides = item.overrides.and(earlier.map(|item| item.id));
                let (id, target) = (samples::assessment_id(n), samples::trace_id(trace).into());
                data.assessments.push(NewAssessment { id, target, overrides, ..item });
            }
            data.links = links.into_iter().map(|(n, link)| (samples::trace_id(n), link)).collect();
            let deleted = deleted.into_iter().filter(|_| !data.assessments.is_empty());
            data.deleted = deleted
                .map(|index| index.get(&data.assessments))
                .filter_map(|item| match item.target.refs.first() {
                    Some(crate::TargetRef::Trace(trace)) => Some((*trace, item.id)),
                    _ => None,
                })
                .collect();
            data
        })
}

/// A trace whose id is still to be set.
pub(super) fn info() -> impl Strategy<Value = TraceInfo> {
    let state = select(vec![TraceState::Unspecified, TraceState::Ok, TraceState::Error, TraceState::InProgress]);
    let reserved = (option::of(text()), option::of(id()), option::of(id()));
    (
        0_i64..3,
        0_i64..5,
        option::of(select(vec![-1_i64, 0, 1, 5, 100])),
        state,
        option::of(id()),
        btree_map(key(), text(), 0..3),
        btree_map(key(), text(), 0..3),
        reserved,
    )
        .prop_map(|(experiment, time, duration, state, request, mut tags, mut metadata, (name, run, session))| {
            tags.extend(name.map(|name| (keys::TRACE_NAME.to_owned(), name)));
            metadata.extend(run.map(|run| (keys::SOURCE_RUN.to_owned(), run)));
            metadata.extend(session.map(|session| (keys::SESSION.to_owned(), session)));
            let time = samples::at(time);
            let mut info = TraceInfo::new(samples::trace_id(0), samples::experiment_id(experiment), time);
            info.execution_duration = duration.map(DurationMs::from_millis);
            info.client_request_id = request.map(|request| request.parse().unwrap());
            (info.state, info.tags, info.metadata) = (state, tags, metadata);
            info
        })
}

/// A span whose trace is still to be set; ids repeat, so that some replace others.
pub(super) fn span() -> impl Strategy<Value = Span> {
    let status = select(vec![StatusCode::Unset, StatusCode::Ok, StatusCode::Error]);
    let start_ms = select(vec![-20_000_i64, -10_000, -9_999, -9_997, 0, 1, 3]);
    let kind = option::of(select(vec!["LLM", "TOOL", "llm", "UNKNOWN"]));
    let ids = (1_u32..5, option::of(1_u32..5));
    (ids, text(), status, start_ms, option::of(0_i64..5), kind, vec((key(), attribute()), 0..3)).prop_map(
        |((id, parent), name, status, start_ms, lasted, kind, attributes)| {
            let mut span = samples::root(0, id);
            span.parent_id = parent.map(samples::span_id);
            span.start = samples::nanos_at(start_ms);
            span.end = lasted.map(|ms| samples::nanos_at(start_ms + ms));
            span.name = name;
            span.status.code = status;
            if let Some(kind) = kind {
                span.attributes.insert(keys::SPAN_TYPE, kind.into());
            }
            for (key, value) in attributes {
                span.attributes.insert(key, value);
            }
            span
        },
    )
}

fn attribute() -> impl Strategy<Value = AnyValue> {
    prop_oneof![
        4 => text().prop_map(AnyValue::String),
        1 => select(vec![
            AnyValue::Int(5),
            AnyValue::Double(5.0),
            AnyValue::Bool(true),
            AnyValue::Empty,
            AnyValue::Array(vec!["a".into(), AnyValue::Int(5)]),
            AnyValue::KvList(vec![("a".into(), "é".into())]),
        ]),
    ]
}

/// An assessment whose id and trace are still to be set; `overrides` only says that it overrides one.
pub(super) fn assessment() -> impl Strategy<Value = NewAssessment> {
    let flags = (any::<bool>(), prop::bool::weighted(0.2), prop::bool::weighted(0.3), prop::bool::weighted(0.1));
    let span = option::weighted(0.2, (1_u32..4).prop_map(samples::span_id));
    (word(&NAMES), body(), source(), flags, 0_i64..4, span).prop_map(
        |(name, body, source, (supersede, explicit, session, retracted), time, span_id)| {
            let is_issue = matches!(body, AssessmentBody::Issue { .. });
            let name = if is_issue { IDS[time as usize] } else { name };
            let target = samples::trace_id(0);
            let time = samples::at(time);
            let mut item = NewAssessment::new(target, name.parse().unwrap(), source, body, time);
            let facts = [(session, keys::SESSION, "any"), (retracted, keys::RETRACTED, "true")];
            item.metadata = BTreeMap::from_iter(
                facts.into_iter().filter(|(on, ..)| *on).map(|(_, key, value)| (key.to_owned(), value.to_owned())),
            );
            item.overrides = explicit.then_some(item.id);
            (item.supersede, item.span_id) = (supersede, span_id);
            item
        },
    )
}

fn body() -> impl Strategy<Value = AssessmentBody> {
    let failed = |value| AssessmentBody::Feedback(Feedback::new(value, Some(FeedbackError::default())));
    prop_oneof![
        6 => value().prop_map(AssessmentBody::feedback),
        1 => value().prop_map(failed),
        2 => value().prop_map(AssessmentBody::Expectation),
        1 => text().prop_map(|name| AssessmentBody::Issue { name }),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let odd = [
        json!(null),
        json!(5),
        json!(5.0),
        json!(4.5),
        json!(-0.0),
        json!(1e16),
        json!(9_007_199_254_740_993_i64),
        json!(["a", "b"]),
        json!([5]),
        json!({"a": 5, "é": "x"}),
        json!([]),
        json!("\u{0}a"),
    ];
    let odd: Vec<Value> = odd.into_iter().map(|json| Value::try_from(json).unwrap()).collect();
    prop_oneof![any::<bool>().prop_map(Value::Bool), text().prop_map(Value::Text), select(odd)]
}

fn source() -> impl Strategy<Value = Source> {
    let id = option::of(select(vec!["ann", "bob", ""]));
    (select(SourceType::ALL.to_vec()), id)
        .prop_map(|(source_type, id)| Source { source_type, source_id: id.map(|id| id.parse().unwrap()) })
}

fn link() -> impl Strategy<Value = TraceLink> {
    let version = (select(vec!["p", "q"]), select(vec!["1", "2"]));
    prop_oneof![
        id().prop_map(TraceLink::Run),
        version.prop_map(|(name, version)| TraceLink::PromptVersion { name: name.into(), version: version.into() }),
    ]
}

pub(super) fn text() -> impl Strategy<Value = String> {
    word(&TEXTS).prop_map(str::to_owned)
}

pub(super) fn key() -> impl Strategy<Value = String> {
    word(&KEYS).prop_map(str::to_owned)
}

pub(super) fn id() -> impl Strategy<Value = String> {
    select(IDS.to_vec()).prop_map(str::to_owned)
}

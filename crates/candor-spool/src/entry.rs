//! What waits in the spool.

mod text;

use candor_model::{AssessmentId, TimestampMs, TraceId, TraceInfo};
use candor_store::{NewAssessment, SpanBatch, TagChange, TargetRef, WhenMissing, ingest, target};

/// A write that was accepted, as it is to be made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Payload {
    /// [`log_assessments`](candor_store::TrackingStore::log_assessments), of one.
    Assessment(Box<NewAssessment>),
    /// [`start_traces`](candor_store::TrackingStore::start_traces), of one.
    Trace(Box<TraceInfo>),
    /// [`log_spans`](candor_store::TrackingStore::log_spans).
    Spans(SpanBatch),
    /// [`update_trace_tag`](candor_store::TrackingStore::update_trace_tag).
    Tag(TraceId, TagChange),
}

/// The kinds of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum EntryKind {
    /// A verdict or an expectation.
    Assessment,
    /// What is known of a trace.
    Trace,
    /// A batch of spans.
    Spans,
    /// A tag of a trace, set or removed.
    Tag,
}

impl EntryKind {
    /// The kind's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assessment => "assessment",
            Self::Trace => "trace",
            Self::Spans => "spans",
            Self::Tag => "tag",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Assessment, Self::Trace, Self::Spans, Self::Tag].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum EntryState {
    /// To be forwarded as soon as the back end takes it.
    Queued,
    /// An assessment whose trace is not there yet.
    Waiting,
    /// A dead letter: refused for good, or given up. Kept until somebody decides.
    Dead,
}

impl EntryState {
    /// The state's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Waiting => "waiting",
            Self::Dead => "dead",
        }
    }

    pub(crate) const fn code(self) -> i64 {
        match self {
            Self::Queued => 0,
            Self::Waiting => 1,
            Self::Dead => 2,
        }
    }

    pub(crate) fn from_code(code: i64) -> Option<Self> {
        [Self::Queued, Self::Waiting, Self::Dead].into_iter().find(|state| state.code() == code)
    }
}

/// An entry as the forwarder takes it from the file.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) seq: i64,
    pub(crate) state: EntryState,
    pub(crate) attempts: u32,
    pub(crate) received: TimestampMs,
    pub(crate) payload: Payload,
}

impl Payload {
    pub(crate) fn kind(&self) -> EntryKind {
        match self {
            Self::Assessment(_) => EntryKind::Assessment,
            Self::Trace(_) => EntryKind::Trace,
            Self::Spans(_) => EntryKind::Spans,
            Self::Tag(..) => EntryKind::Tag,
        }
    }

    pub(crate) fn assessment(&self) -> Option<&NewAssessment> {
        match self {
            Self::Assessment(item) => Some(item),
            _ => None,
        }
    }

    /// The ids by which it names its traces; entries that share one keep their order.
    pub(crate) fn refs(&self) -> Vec<TargetRef> {
        match self {
            Self::Assessment(item) => item.target.refs.clone(),
            Self::Trace(info) => target::ids_of(info, []),
            Self::Tag(trace, _) => vec![TargetRef::Trace(*trace)],
            Self::Spans(batch) => {
                let mut refs = Vec::new();
                for trace in ingest::by_trace(&batch.groups) {
                    refs.push(TargetRef::Trace(trace.trace_id));
                    for (_, span) in trace.spans {
                        refs.push(TargetRef::Span(span.span_id));
                        refs.extend(target::response_id(span).map(|id| TargetRef::Response(id.to_owned())));
                    }
                }
                refs
            }
        }
    }

    /// The traces that are there once it is forwarded.
    pub(crate) fn lands(&self) -> Vec<TraceId> {
        match self {
            Self::Trace(info) => vec![info.trace_id],
            Self::Spans(batch) => ingest::by_trace(&batch.groups).iter().map(|trace| trace.trace_id).collect(),
            Self::Assessment(_) | Self::Tag(..) => Vec::new(),
        }
    }

    /// Whether it may wait for its trace.
    pub(crate) fn may_wait(&self) -> bool {
        self.assessment().is_some_and(|item| item.when_missing == WhenMissing::Hold)
    }

    /// Whether it must not share a call with an `earlier` one that has an id in common: its outcome
    /// depends on that one's.
    ///
    /// Traces hang on each other only while something `waits` for them: it goes to the first.
    pub(crate) fn hangs_on(&self, earlier: &Self, waits: bool) -> bool {
        match (self, earlier) {
            (Self::Assessment(item), Self::Assessment(earlier)) => {
                let same_key = item.name == earlier.name && item.source == earlier.source;
                item.overrides == Some(earlier.id) || (item.supersede && same_key)
            }
            (Self::Trace(_), Self::Trace(_)) => waits,
            _ => false,
        }
    }
}

/// An id as `entry_refs` keeps it.
pub(crate) fn ref_text(reference: &TargetRef) -> String {
    format!("{}:{}", reference.field(), reference.value())
}

/// What an entry is about, for people.
pub(crate) fn subject(payload: &Payload) -> String {
    match payload {
        Payload::Assessment(item) => format!("{} for {}", item.name, item.target),
        Payload::Trace(info) => info.trace_id.to_string(),
        Payload::Tag(trace, TagChange::Set { key, .. }) => format!("{key} of {trace}"),
        Payload::Tag(trace, TagChange::Delete { key }) => format!("{key} of {trace}, removed"),
        Payload::Spans(batch) => {
            let traces = ingest::by_trace(&batch.groups);
            let spans: usize = traces.iter().map(|trace| trace.spans.len()).sum();
            match traces.as_slice() {
                [only] => format!("{spans} of {}", only.trace_id),
                several => format!("{spans} of {} traces", several.len()),
            }
        }
    }
}

/// The id of an assessment.
pub(crate) fn assessment_id(payload: &Payload) -> Option<AssessmentId> {
    payload.assessment().map(|item| item.id)
}

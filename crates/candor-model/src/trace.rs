use std::collections::BTreeMap;

use crate::{Assessment, ClientRequestId, DurationMs, ExperimentId, Span, TimestampMs, TraceId, keys};

/// A trace with its spans.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Everything but the spans.
    pub info: TraceInfo,
    /// Roots first, then by start time.
    pub spans: Vec<Span>,
}

/// What is known of a trace besides its spans.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceInfo {
    /// Unique in the store.
    pub trace_id: TraceId,
    /// The app's own id of the request.
    pub client_request_id: Option<ClientRequestId>,
    /// The experiment that holds the trace; MLflow calls it the trace's location.
    pub experiment_id: ExperimentId,
    /// When the request came.
    pub request_time: TimestampMs,
    /// How long it took; `None` while it runs.
    pub execution_duration: Option<DurationMs>,
    /// How it went.
    pub state: TraceState,
    /// What went in, shortened for lists.
    pub request_preview: Option<String>,
    /// What came out, shortened for lists.
    pub response_preview: Option<String>,
    /// Facts set when the trace was logged.
    pub metadata: BTreeMap<String, String>,
    /// Labels that may be changed later.
    pub tags: BTreeMap<String, String>,
    /// Verdicts and expectations, overridden ones too, oldest first.
    pub assessments: Vec<Assessment>,
}

impl TraceInfo {
    /// A trace with nothing but its id, place and time.
    pub fn new(trace_id: TraceId, experiment_id: ExperimentId, request_time: TimestampMs) -> Self {
        Self {
            trace_id,
            client_request_id: None,
            experiment_id,
            request_time,
            execution_duration: None,
            state: TraceState::Unspecified,
            request_preview: None,
            response_preview: None,
            metadata: BTreeMap::new(),
            tags: BTreeMap::new(),
            assessments: Vec::new(),
        }
    }

    /// The trace's name, when it has one.
    pub fn name(&self) -> Option<&str> {
        self.tags.get(keys::TRACE_NAME).map(String::as_str)
    }

    /// The conversation that the trace belongs to.
    pub fn session(&self) -> Option<&str> {
        self.metadata.get(keys::SESSION).map(String::as_str)
    }

    /// When it ended; its start while the duration is unknown, as MLflow's filters count.
    pub fn end_time(&self) -> TimestampMs {
        self.request_time.plus(self.execution_duration.unwrap_or_default())
    }
}

/// How a trace went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum TraceState {
    /// Nobody said.
    #[default]
    Unspecified,
    /// It went well.
    Ok,
    /// It failed.
    Error,
    /// It has not ended.
    InProgress,
}

impl TraceState {
    /// MLflow's name of the state.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "STATE_UNSPECIFIED",
            Self::Ok => "OK",
            Self::Error => "ERROR",
            Self::InProgress => "IN_PROGRESS",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Unspecified, Self::Ok, Self::Error, Self::InProgress].into_iter().find(|state| state.as_str() == name)
    }
}

use candor_filter::{OrderBy, TraceFilter};
use candor_model::{Attributes, ExperimentId, Span, TagKey, TimestampMs, TraceId};

/// Spans as an OTLP request brings them, for one experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanBatch {
    /// Where traces go that are not known yet; known ones stay where they are.
    pub experiment_id: ExperimentId,
    /// The spans by the resource that made them.
    pub groups: Vec<SpanGroup>,
}

/// Spans made by one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanGroup {
    /// What is known of the resource, e.g. `service.name`.
    pub resource: Attributes,
    /// The spans, of one or many traces.
    pub spans: Vec<Span>,
}

/// Which traces, in which order.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceQuery {
    /// The experiments to look in; none finds nothing.
    pub experiments: Vec<ExperimentId>,
    /// What the traces must fulfil.
    pub filter: TraceFilter,
    /// The order; newest first when empty, which also breaks ties.
    pub order_by: Vec<OrderBy>,
    /// The longest page, in traces.
    pub max_results: usize,
    /// Where the page before ended.
    pub page_token: Option<String>,
}

/// A change of one tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagChange {
    /// Adds or replaces the tag.
    Set {
        /// The tag's key.
        key: TagKey,
        /// The tag's value.
        value: String,
    },
    /// Removes the tag; `NotFound` when there is none.
    Delete {
        /// The tag's key.
        key: String,
    },
}

/// Which traces of an experiment to delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceSelection {
    /// These; unknown ones and those of other experiments are passed over.
    Ids(Vec<TraceId>),
    /// All up to a request time, oldest first.
    Until {
        /// The last request time that is deleted.
        max_request_time: TimestampMs,
        /// How many at most.
        max_traces: Option<u32>,
    },
}

/// Something outside the store that a trace belongs to; not checked for existence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceLink {
    /// A run of MLflow.
    Run(String),
    /// A version of a prompt.
    PromptVersion {
        /// The prompt's name.
        name: String,
        /// The version, e.g. `3`.
        version: String,
    },
}

//! What callers ask, ready for the model: read by servers, written by clients.
//!
//! Both spellings of a field are read (snake_case and camelCase), both at once are an error; fields
//! that are not known are passed over, null means absent. Written are snake_case names, and only
//! what is set. Calls by GET have query strings of the same fields: [`decode_query`](crate::decode_query).

mod assessments;
mod experiments;
mod metrics;
mod search;
mod tags;
mod traces;

pub use assessments::{CreateAssessment, UpdateAssessment};
pub use experiments::{CreateExperiment, ExperimentById, ExperimentByName, RenameExperiment};
pub use metrics::{AggregationType, FilterCorrelation, MetricAggregation, MetricView, QueryTraceMetrics};
pub use search::{MAX_EXPERIMENTS, MAX_TRACES, SearchExperiments, SearchTraces, ViewType};
pub use tags::{DeleteExperimentTag, DeleteTraceTag, MAX_TAG_VALUE_CHARS, SetExperimentTag, SetTraceTag};
pub use traces::{
    BatchGetInfos, BatchGetTraces, DeleteTraces, GetTrace, LinkPrompts, LinkToRun, PromptVersion, StartTrace,
};

#[cfg(test)]
mod tests;

//! MLflow's search-filter language: parser, typed AST, printer and evaluator.

mod ast;
mod candidate;
mod error;
mod eval;
mod experiment;
mod like;
mod number;
mod order;
mod page;
mod parse;
mod pattern;
mod print;
mod span_text;
mod value_text;

pub use ast::{
    AssessmentTest, AttributeField, Clause, ContentTest, KeyTest, NumberField, SpanClause, SpanField, TextMatch,
    TextTest, TraceFilter, ValueKind,
};
pub use candidate::{Candidate, SpanView};
pub use error::FilterError;
pub use experiment::{
    ExperimentClause, ExperimentFilter, ExperimentOrderBy, ExperimentOrderKey, ExperimentTime,
    compare_experiment_values, compare_experiments, effective_experiment_order, experiment_sort_values,
};
pub use like::like;
pub use number::{CompareOp, Inequality, Number};
pub use order::{OrderBy, OrderKey, SortValue, compare, compare_values, effective_order, sort_values};
pub use page::{PageToken, PageTokenError, QueryId};
pub use pattern::Pattern;
pub use span_text::{MAX_SPAN_DEPTH, SpanColumns, SpanTextError, attribute_text, span_from_text, span_text};
pub use value_text::{ValueText, equal_json_texts};

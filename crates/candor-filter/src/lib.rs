//! MLflow's search-filter language: parser, typed AST, printer and evaluator.
//!
//! Depend on this crate wherever MLflow's filters (`feedback.correct = 'false' AND timestamp > 5`),
//! orders (`name DESC`) or page tokens are taken: to check and explain them, to evaluate them in
//! memory, or to compile them to another query language. [`TraceFilter::parse`] yields clauses that
//! cannot combine a field with a comparator or a literal it does not take; [`TraceFilter::matches`] is
//! the reference that a compiled filter must agree with, and [`like()`], [`equal_json_texts`] and
//! [`span_text()`] are its parts that a database may register or store.
//!
//! It does no I/O, has no async and knows no store. Filters that MLflow 3 takes mean the same here,
//! apart from what MLflow gets wrong: `feedback.name` is the feedback of that name, `= '5'` finds the
//! number 5, and `span.attributes.k = 'v'` compares the attribute. [`mlflow_misreads`] finds the
//! clauses to which that applies.
//!
//! ```
//! use candor_filter::{Candidate, TraceFilter};
//! use candor_model::{ExperimentId, TimestampMs, TraceId, TraceInfo};
//!
//! let error = TraceFilter::parse("timestamp > 5 AND prompt != 'qa/3'").unwrap_err();
//! assert_eq!(error.to_string(), "prompt has no comparator != at column 26; allowed: =");
//!
//! let filter = TraceFilter::parse("timestamp > 1700000000000 AND tags.`my env` = 'prod'")?;
//! let time = TimestampMs::from_millis(1_767_323_045_678);
//! let mut info = TraceInfo::new(TraceId::from_bytes([7; 16]), ExperimentId::DEFAULT, time);
//! assert!(!filter.matches(&Candidate::new(&info)));
//! info.tags.insert("my env".to_owned(), "prod".to_owned());
//! assert!(filter.matches(&Candidate::new(&info)));
//! # Ok::<(), candor_filter::FilterError>(())
//! ```

mod ast;
mod candidate;
mod error;
mod eval;
mod experiment;
mod like;
mod mlflow;
mod number;
mod order;
mod page;
mod parse;
mod pattern;
mod print;
mod scan;
mod span_text;
mod syntax;
mod value_text;

pub use ast::{
    AssessmentTest, AttributeField, Clause, ContentTest, KeyTest, NumberField, SpanClause, SpanField, TextMatch,
    TextTest, TraceFilter, ValueKind,
};
pub use candidate::{Candidate, SpanRow, SpanView};
pub use error::FilterError;
pub use experiment::{
    ExperimentClause, ExperimentFilter, ExperimentOrderBy, ExperimentOrderKey, ExperimentTime,
    compare_experiment_values, compare_experiments, effective_experiment_order, experiment_sort_values,
};
pub use like::like;
pub use mlflow::mlflow_misreads;
pub use number::{CompareOp, Inequality, Number};
pub use order::{OrderBy, OrderKey, SortValue, compare, compare_values, effective_order, sort_values};
pub use page::{PageToken, PageTokenError, QueryId};
pub use pattern::Pattern;
pub use span_text::{
    MAX_SPAN_DEPTH, SpanColumns, SpanTextError, attribute_in_text, attribute_text, span_from_text, span_text,
};
pub use value_text::{ValueText, equal_json_texts};

//! Random data and random questions about them, for proptest.
//!
//! The alphabets are small on purpose: values meet often, so that most filters split the traces into
//! some that match and some that do not, and ties are common. They hold what trips back ends up:
//! quotes, wildcards, non-ASCII, numbers in several spellings, absent and empty texts.

mod data;
mod filters;
mod writes;

use proptest::prelude::*;
use proptest::sample::select;

pub use data::{DataSet, Experiments, data_set};
pub use filters::{filter_text, order_items, trace_query};
pub use writes::{Write, writes};

/// Texts that values and tags have and filters ask for, frequent ones first; none holds both kinds of quotes.
const TEXTS: [&str; 18] = [
    "a",
    "é",
    "it's",
    "A",
    "ab",
    "",
    "b",
    "É",
    "a_b",
    "50%",
    "say \"x\"",
    "5",
    "5.0",
    "true",
    "null",
    "\\a",
    "😀 a",
    "a\nb",
];

/// Keys of tags, metadata and span attributes, frequent ones first.
const KEYS: [&str; 5] = ["k", "odd key-1", "K", "a.b", "é"];

/// Names of assessments, frequent ones first; some are words of the filter language.
const NAMES: [&str; 6] = ["user_feedback", "odd name-1", "a", "a.b", "name", "text"];

/// Ids of client requests, sessions, runs and issues.
const IDS: [&str; 4] = ["x-1", "x-2", "X-1", "é'1"];

/// One of the words, the first ones more often.
fn word(words: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    let frequent = words.len().div_ceil(4);
    prop_oneof![2 => select(&words[..frequent]), 1 => select(words)]
}

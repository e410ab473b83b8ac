//! The suite that every back end runs, and what only a file can break.

mod conformance;
mod support;

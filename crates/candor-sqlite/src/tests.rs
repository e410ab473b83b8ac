//! The suite that every back end runs, and what only a file can break.

mod conformance;
mod crashing;
mod limits;
mod migrating;
mod opening;
mod plans;
mod reading;
mod rollups;
mod rows;
mod support;
mod writing;

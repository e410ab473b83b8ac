mod admin;
mod conformance;
mod limits;
mod metrics;
mod outage;
mod refusals;
mod support;
mod waiting;

//! Metrics of the same random data agree with the real MLflow server.

mod costly;
mod queries;

use std::collections::BTreeSet;

use candor_tests::{Candor, Mlflow};
use serde_json::Value;

use super::data::Data;
use super::runner;
use super::server::Server;

const TRACES: u32 = 60;
const PATH: &str = "/api/3.0/mlflow/traces/metrics";

#[test]
fn metrics_are_those_of_mlflow() {
    let (mlflow, candor) = (Mlflow::start(), Candor::start());
    let servers = [Server::new("MLflow", mlflow.url()), Server::new("Candor", candor.url())];
    let mut data = Data::generate(TRACES, &mut runner());
    data.adapt_to_metrics();
    data.load(&servers);
    costly::load(&servers);

    let (mut compared, mut differing) = (0, Vec::new());
    let (mut asked, mut measured) = (BTreeSet::new(), BTreeSet::new());
    for query in queries::valid() {
        let [(status, theirs), (_, ours)] = servers.each_ref().map(|server| server.send("POST", PATH, &query));
        assert_eq!(status, 200, "{query} is no test, MLflow refuses it: {theirs}");
        compared += 1;
        let metric = format!("{} of {}", query["metric_name"], query["view_type"]);
        if theirs["data_points"].as_array().is_some_and(|points| points.len() > 1) {
            measured.insert(metric.clone());
        }
        asked.insert(metric);
        if !alike(&theirs, &ours) {
            differing.push(format!("{query}\n{}", difference(&theirs, &ours)));
        }
    }
    println!("compared {compared} queries about {} metrics", asked.len());
    assert!(differing.is_empty(), "{} of {compared} differ:\n{}", differing.len(), differing.join("\n\n"));
    assert_eq!(measured, asked, "a metric never had several points");
}

#[test]
fn refusals_of_metrics_are_those_of_mlflow() {
    let (mlflow, candor) = (Mlflow::start(), Candor::start());
    let servers = [Server::new("MLflow", mlflow.url()), Server::new("Candor", candor.url())];
    let mut differing = Vec::new();
    for query in queries::invalid() {
        let [theirs, ours] = servers.each_ref().map(|server| server.send("POST", PATH, &query));
        assert_eq!(theirs.0, 400, "{query} is no test: {theirs:?}");
        if theirs != ours {
            differing.push(format!("{query}\nMLflow: {theirs:?}\nCandor: {ours:?}"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n\n"));
    for query in queries::crashing() {
        let [theirs, ours] = servers.each_ref().map(|server| server.send("POST", PATH, &query).0);
        assert_eq!((theirs, ours), (500, 400), "{query}");
    }
}

/// The points that one answer has and the other lacks.
fn difference(theirs: &Value, ours: &Value) -> String {
    let [theirs, ours] = [theirs, ours].map(|answer| answer["data_points"].as_array().cloned().unwrap_or_default());
    let lacking = |name: &str, points: &[Value], others: &[Value]| -> String {
        let rest = points.iter().filter(|point| !others.iter().any(|other| alike(point, other)));
        rest.map(|point| format!("only {name}: {point}\n")).collect()
    };
    let text = lacking("MLflow", &theirs, &ours) + &lacking("Candor", &ours, &theirs);
    if text.is_empty() { format!("in another order:\nMLflow: {theirs:?}\nCandor: {ours:?}") } else { text }
}

/// Whether they are the same JSON; numbers may differ in their last digits, since SQLite adds up in the
/// order in which it finds the rows.
fn alike(theirs: &Value, ours: &Value) -> bool {
    match (theirs, ours) {
        (Value::Number(theirs), Value::Number(ours)) => {
            let (Some(theirs), Some(ours)) = (theirs.as_f64(), ours.as_f64()) else { return false };
            (theirs - ours).abs() <= 1e-12 * theirs.abs().max(ours.abs())
        }
        (Value::Array(theirs), Value::Array(ours)) => {
            theirs.len() == ours.len() && theirs.iter().zip(ours).all(|(theirs, ours)| alike(theirs, ours))
        }
        (Value::Object(theirs), Value::Object(ours)) => {
            theirs.len() == ours.len()
                && theirs.iter().all(|(key, theirs)| ours.get(key).is_some_and(|ours| alike(theirs, ours)))
        }
        (theirs, ours) => theirs == ours,
    }
}

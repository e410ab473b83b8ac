//! The random data, and how it gets to a server.

use std::collections::BTreeSet;
use std::fmt::Write;

use candor_model::{AssessmentBody, AssessmentId, Attributes, TraceId, Value, keys};
use candor_store::conformance::arbitrary::{DataSet, data_set};
use candor_store::{NewAssessment, TargetRef, TraceLink};
use candor_wire::AssessmentInput;
use candor_wire::otlp::{OtlpResource, encode_protobuf};
use candor_wire::requests::{CreateAssessment, LinkPrompts, LinkToRun, PromptVersion};
use candor_wire::responses::TraceInfoEnvelope;
use proptest::test_runner::TestRunner;
use serde::Serialize;
use serde_json::json;

use super::sample;
use super::server::Server;

/// The number of the first trace.
pub(super) const FIRST: u32 = 1;

pub(super) struct Data(DataSet);

impl Data {
    pub(super) fn generate(traces: u32, runner: &mut TestRunner) -> Self {
        let mut data = Self(sample(data_set(FIRST, traces), runner));
        data.adapt();
        data
    }

    pub(super) fn trace_ids(&self) -> Vec<TraceId> {
        self.0.trace_ids()
    }

    /// Takes out what a server of MLflow's is not meant to treat alike.
    fn adapt(&mut self) {
        let started: BTreeSet<_> = self.0.infos.iter().map(|info| info.trace_id).collect();
        for span in self.0.spans.iter_mut().filter(|span| !started.contains(&span.trace_id)) {
            // MLflow takes the end of a running span for the year 1970, and derives the trace's duration from it.
            span.end = span.end.or(Some(span.start));
        }
        for item in &mut self.0.assessments {
            // Only Candor knows of verdicts that are withdrawn.
            item.metadata.remove(keys::RETRACTED);
            // MLflow drops the overrides of what is not feedback, Candor keeps them.
            if !matches!(item.body, AssessmentBody::Feedback(_)) {
                item.overrides = None;
            }
        }
    }

    /// Takes out what the servers measure otherwise.
    pub(super) fn adapt_to_metrics(&mut self) {
        for span in &mut self.0.spans {
            // MLflow measures running spans as if they had ended in 1970, Candor does not measure them.
            span.end = span.end.or(Some(span.start));
        }
        // MLflow keeps the keys of an object in the order in which they came, Candor sorts them.
        let has_one_order = |value: &Value| value.json_text().matches("\": ").count() < 2;
        self.0.assessments.retain(|item| item.body.value().is_none_or(has_one_order));
    }

    /// Sends everything to all of the servers, which must take it alike.
    pub(super) fn load(&self, servers: &[Server]) {
        let data = &self.0;
        for number in [1, 2] {
            let name = json!({"name": format!("random {number}")});
            for server in servers {
                let (_, answer) = server.send("POST", "/api/2.0/mlflow/experiments/create", &name);
                assert_eq!(answer["experiment_id"], number.to_string(), "on {}", server.name);
            }
        }
        self.send_spans(servers);
        self.send_names(servers);
        for info in &data.infos {
            all(servers, "POST", "/api/3.0/mlflow/traces", &TraceInfoEnvelope(info));
        }
        for item in &data.assessments {
            let path = format!("/api/3.0/mlflow/traces/{}/assessments", trace_of(item));
            all(servers, "POST", &path, &CreateAssessment { assessment: input(item) });
        }
        for (trace_id, link) in &data.links {
            match link.clone() {
                TraceLink::Run(run_id) => {
                    let body = LinkToRun { trace_ids: vec![*trace_id], run_id };
                    all(servers, "POST", "/api/2.0/mlflow/traces/link-to-run", &body);
                }
                TraceLink::PromptVersion { name, version } => {
                    let prompt_versions = vec![PromptVersion { name, version }];
                    let body = LinkPrompts { trace_id: (*trace_id).to_string().parse().unwrap(), prompt_versions };
                    all(servers, "POST", "/api/2.0/mlflow/traces/link-prompts", &body);
                }
            }
        }
        for (trace, assessment) in &data.deleted {
            all(servers, "DELETE", &assessment_path(*trace, *assessment), &json!({}));
        }
    }

    /// Spans of the same id go in different batches: MLflow never answers a batch in which the copies
    /// of a span make it its own ancestor.
    fn send_spans(&self, servers: &[Server]) {
        let mut rest = self.0.spans.clone();
        while !rest.is_empty() {
            let mut seen = BTreeSet::new();
            let (batch, later) = rest.into_iter().partition(|span| seen.insert((span.trace_id, span.span_id)));
            rest = later;
            let body = encode_protobuf(&[OtlpResource { attributes: Attributes::default(), spans: batch }]);
            for server in servers {
                let request = server.request("POST", "/v1/traces").header("x-mlflow-experiment-id", "1");
                let request = request.header("Content-Type", "application/x-protobuf").body(body.clone());
                request.send().unwrap().error_for_status().unwrap();
            }
        }
    }

    /// Candor names a trace after its root span unless told otherwise, MLflow leaves it without a name.
    fn send_names(&self, servers: &[Server]) {
        for root in self.0.spans.iter().filter(|span| span.parent_id.is_none()) {
            let path = format!("/api/3.0/mlflow/traces/{}/tags", root.trace_id);
            all(servers, "PATCH", &path, &json!({"key": keys::TRACE_NAME, "value": root.name}));
        }
    }

    /// What was sent about the trace.
    pub(super) fn describe(&self, id: &str) -> String {
        let data = &self.0;
        let trace: TraceId = id.parse().unwrap();
        let mut text = format!("--- {id}\n");
        for span in data.spans.iter().filter(|span| span.trace_id == trace) {
            writeln!(text, "{span:?}").unwrap();
        }
        for info in data.infos.iter().filter(|info| info.trace_id == trace) {
            writeln!(text, "{info:?}").unwrap();
        }
        for item in data.assessments.iter().filter(|item| trace_of(item) == trace) {
            writeln!(text, "{item:?}").unwrap();
        }
        for link in data.links.iter().filter(|(linked, _)| *linked == trace) {
            writeln!(text, "{link:?}").unwrap();
        }
        text
    }
}

/// All servers must take it, or all must refuse it: among the data are expectations of null and links
/// of traces that are not there.
fn all(servers: &[Server], method: &str, path: &str, body: &impl Serialize) {
    let answers: Vec<_> = servers.iter().map(|server| server.send(method, path, body)).collect();
    let alike = [200, 400, 404].iter().any(|expected| answers.iter().all(|(status, _)| status == expected));
    assert!(alike, "{method} {path} {}: {answers:#?}", serde_json::to_string(body).unwrap());
}

fn input(item: &NewAssessment) -> AssessmentInput {
    AssessmentInput {
        assessment_id: Some(item.id),
        name: item.name.clone(),
        span_id: item.span_id,
        source: item.source.clone(),
        create_time: Some(item.create_time),
        last_update_time: Some(item.last_update_time),
        body: item.body.clone(),
        rationale: item.rationale.clone(),
        metadata: item.metadata.clone(),
        overrides: item.overrides.map(Into::into),
    }
}

fn trace_of(item: &NewAssessment) -> TraceId {
    match item.target.refs.as_slice() {
        [TargetRef::Trace(id)] => *id,
        other => panic!("{other:?} is not one trace"),
    }
}

fn assessment_path(trace: TraceId, assessment: AssessmentId) -> String {
    format!("/api/3.0/mlflow/traces/{trace}/assessments/{assessment}")
}

//! What systems are asked to do.

use serde_json::json;

use crate::data::{Data, request_id, root_span_id, trace_id};
use crate::load::{Call, get, json, request};
use crate::systems::Kind;

/// Makes the calls of a workload: the n-th call of the load.
pub(crate) type Calls = Box<dyn Fn(usize) -> Call + Send + Sync>;

const SEARCH: &str = "/api/3.0/mlflow/traces/search";
const OTLP: &str = "content-type: application/x-protobuf\r\nx-mlflow-experiment-id: 0\r\n";

/// One durable verdict per call, on traces all over the data; `first` numbers the persons.
pub(crate) fn feedback(kind: Kind, data: Data, first: usize) -> Calls {
    Box::new(move |n| {
        let number = first + n;
        let trace = crate::data::mixed(number as u64) % data.traces;
        let body = data.new_verdict(trace, number);
        vec![match kind {
            Kind::Phoenix => {
                let annotation = json!({"data": [{
                    "span_id": root_span_id(trace), "name": "user_feedback", "annotator_kind": "HUMAN",
                    "identifier": format!("person-{number}"),
                    "result": {"label": "good", "score": 1, "explanation": "as I see it"},
                }]});
                json("POST", "/v1/span_annotations?sync=true", &annotation)
            }
            Kind::BareHttp => json("POST", "/echo", &body),
            _ => json("POST", &format!("/api/3.0/mlflow/traces/{}/assessments", trace_id(trace)), &body),
        }]
    })
}

/// The same through Candor's own feedback API, which also replaces the person's last verdict.
pub(crate) fn own_feedback(data: Data, first: usize) -> Calls {
    Box::new(move |n| {
        let number = first + n;
        let trace = crate::data::mixed(number as u64) % data.traces;
        let path = format!("/feedback?trace_id={}&user_id=person-{number}", trace_id(trace));
        vec![json("POST", &path, &json!({"is_correct": true, "comment": "as I see it"}))]
    })
}

/// A verdict by the app's own id of the request: what MLflow's guide does in two calls.
pub(crate) fn look_up(data: Data, first: usize) -> Calls {
    Box::new(move |n| {
        let number = first + n;
        let trace = crate::data::mixed(number as u64) % data.traces;
        let filter = format!("trace.client_request_id = '{}'", request_id(trace));
        let create = format!("/api/3.0/mlflow/traces/{}/assessments", trace_id(trace));
        vec![search(&filter, 1), json("POST", &create, &data.new_verdict(trace, number))]
    })
}

/// The same in the one call of Candor's feedback API.
pub(crate) fn own_look_up(data: Data, first: usize) -> Calls {
    Box::new(move |n| {
        let number = first + n;
        let trace = crate::data::mixed(number as u64) % data.traces;
        let path = format!("/feedback?client_request_id={}&user_id=person-{number}", request_id(trace));
        vec![json("POST", &path, &json!({"is_correct": true, "comment": "as I see it"}))]
    })
}

/// One new trace of so many spans per call.
pub(crate) fn ingest(data: Data, first: usize, spans: u64) -> Calls {
    Box::new(move |n| vec![request("POST", "/v1/traces", OTLP, &data.otlp((first + n) as u64, 1, spans))])
}

/// A whole trace with its spans.
pub(crate) fn read(data: Data) -> Calls {
    Box::new(move |n| {
        let trace = crate::data::mixed(n as u64) % data.traces;
        vec![get(&format!("/api/3.0/mlflow/traces/get?trace_id={}&allow_partial=true", trace_id(trace)))]
    })
}

/// One page.
pub(crate) fn search_page(filter: &'static str, max_results: usize) -> Calls {
    Box::new(move |_| vec![search(filter, max_results)])
}

fn search(filter: &str, max_results: usize) -> Vec<u8> {
    json("POST", SEARCH, &search_body(filter, max_results, None))
}

/// The body of a search.
pub(crate) fn search_body(filter: &str, max_results: usize, page_token: Option<&str>) -> serde_json::Value {
    let mut body = json!({
        "locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}],
        "filter": filter,
        "max_results": max_results,
        "order_by": ["timestamp_ms DESC"],
    });
    if let Some(token) = page_token {
        body["page_token"] = token.into();
    }
    body
}

/// One page of a walk.
pub(crate) fn walk_page(filter: &str, max_results: usize, page_token: Option<&str>) -> Vec<u8> {
    json("POST", SEARCH, &search_body(filter, max_results, page_token))
}

/// The requests that fill a system, in the order of their kinds: traces, spans, verdicts.
pub(crate) struct Filling {
    pub(crate) data: Data,
    pub(crate) kind: Kind,
}

/// Traces in one request of spans.
const TRACES_PER_REQUEST: u64 = 33;

impl Filling {
    pub(crate) fn infos(&self) -> (usize, Calls) {
        let data = self.data;
        let count = if self.kind.speaks_mlflow() { data.traces } else { 0 };
        (count as usize, Box::new(move |n| vec![json("POST", "/api/3.0/mlflow/traces", &data.trace_info(n as u64))]))
    }

    pub(crate) fn spans(&self) -> (usize, Calls) {
        let data = self.data;
        let call = move |n: usize| {
            let first = n as u64 * TRACES_PER_REQUEST;
            let traces = TRACES_PER_REQUEST.min(data.traces - first);
            vec![request("POST", "/v1/traces", OTLP, &data.otlp(first, traces, 3))]
        };
        (data.traces.div_ceil(TRACES_PER_REQUEST) as usize, Box::new(call))
    }

    pub(crate) fn verdicts(&self) -> (usize, Calls) {
        let data = self.data;
        let count = if self.kind.speaks_mlflow() { data.traces * 3 / 5 } else { 0 };
        let call = move |n: usize| {
            // Three of five traces are judged.
            let trace = n as u64 / 3 * 5 + n as u64 % 3;
            let path = format!("/api/3.0/mlflow/traces/{}/assessments", trace_id(trace));
            vec![json("POST", &path, &data.verdict(trace))]
        };
        (count as usize, Box::new(call))
    }
}

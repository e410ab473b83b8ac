//! Requests that many tests send.

use serde_json::{Value, json};

/// The id of the n-th trace.
pub fn trace_id(n: u64) -> String {
    format!("tr-{n:032x}")
}

/// The app's own id of the n-th trace's request.
pub fn client_request_id(n: u64) -> String {
    format!("req-{n:08x}")
}

/// A start-trace request for the n-th trace, in the default experiment.
pub fn start_trace(n: u64) -> Value {
    json!({"trace": {"trace_info": {
        "trace_id": trace_id(n),
        "client_request_id": client_request_id(n),
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
        "request_time": "2026-01-02T03:04:05.678Z",
        "execution_duration": "1.500s",
        "state": "OK",
        "tags": {"mlflow.traceName": format!("trace-{n}")},
    }}})
}

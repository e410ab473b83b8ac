use std::time::Duration;

use candor_model::{Trace, TraceId, keys};

use crate::ApiState;
use crate::mlflow::error::MlflowError;

/// How long to wait for spans that are under way, and how long once more.
const WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// The trace as soon as its spans are there; `None` when there is no such trace.
///
/// Clients upload info and spans at the same time and may ask before both have arrived.
pub(super) async fn wait_for_spans(state: &ApiState, id: TraceId) -> Result<Option<Trace>, MlflowError> {
    for wait in WAITS {
        match state.store.get_traces(&[id], true).await?.pop() {
            Some(trace) if !is_complete(&trace) => tokio::time::sleep(wait).await,
            trace => return Ok(trace),
        }
    }
    match state.store.get_traces(&[id], true).await?.pop() {
        Some(trace) if !is_complete(&trace) => {
            Err(MlflowError::absent(format!("Trace with ID {id} is not fully exported yet, please try again later.")))
        }
        trace => Ok(trace),
    }
}

/// Whether as many spans are stored as the trace's info announces; it need not announce any.
pub(super) fn is_complete(trace: &Trace) -> bool {
    trace.spans.len() as u64 >= announced(trace)
}

fn announced(trace: &Trace) -> u64 {
    let stats = trace.info.metadata.get(keys::SIZE_STATS);
    let stats = stats.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    stats.and_then(|stats| stats.get("num_spans")?.as_u64()).unwrap_or(0)
}

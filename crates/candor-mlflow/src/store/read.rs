//! Reading traces by id.

use std::collections::{HashMap, HashSet};

use candor_model::{Span, Trace, TraceId, TraceInfo};
use candor_store::Result;

use super::keep;
use crate::MlflowError;
use crate::MlflowStore;

impl MlflowStore {
    /// What is known of the trace besides its spans.
    pub(super) async fn info(&self, id: TraceId) -> Result<Option<TraceInfo>> {
        match self.get_info(id).await {
            Ok(mut info) => {
                keep::restore(&mut info);
                Ok(Some(info))
            }
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error.during("read a trace")),
        }
    }

    /// The same of several traces, in the order asked for, those that exist.
    pub(super) async fn infos(&self, ids: &[TraceId]) -> Result<Vec<TraceInfo>> {
        let mut infos = self.raw_infos(ids).await?;
        infos.iter_mut().for_each(keep::restore);
        Ok(infos)
    }

    /// The same as the server has it.
    pub(super) async fn raw_infos(&self, ids: &[TraceId]) -> Result<Vec<TraceInfo>> {
        let ids = last_occurrences(ids);
        let mut found: HashMap<TraceId, TraceInfo> = HashMap::with_capacity(ids.len());
        for chunk in ids.chunks(INFOS_AT_ONCE) {
            found.extend(self.batch_infos(chunk).await?.into_iter().map(|info| (info.trace_id, info)));
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// Every trace that exists is answered, also those that MLflow's own batch leaves out or fails on.
    pub(super) async fn read_traces(&self, ids: &[TraceId], with_spans: bool) -> Result<Vec<Trace>> {
        let infos = self.infos(ids).await?;
        let mut spans: HashMap<TraceId, Vec<Span>> = HashMap::new();
        if with_spans {
            let ids: Vec<TraceId> = infos.iter().map(|info| info.trace_id).collect();
            for chunk in ids.chunks(TRACES_AT_ONCE) {
                self.read_spans(chunk, &mut spans).await?;
            }
        }
        let traces = infos.into_iter().map(|info| {
            let mut spans = spans.remove(&info.trace_id).unwrap_or_default();
            spans.sort_by_key(|span| (!span.is_root(), span.start, span.span_id));
            Trace { info, spans }
        });
        Ok(traces.collect())
    }

    /// Spans of complete traces come together, those of the others one trace at a time.
    async fn read_spans(&self, ids: &[TraceId], spans: &mut HashMap<TraceId, Vec<Span>>) -> Result<()> {
        match self.batch_traces(ids).await {
            Ok(traces) => spans.extend(traces.into_iter().map(|trace| (trace.info.trace_id, trace.spans))),
            // One trace that the server cannot read fails the whole batch.
            Err(error) if error.is_failure_of_the_server() => {}
            Err(error) => return Err(error.during("read traces")),
        }
        for id in ids {
            if !spans.contains_key(id) {
                spans.insert(*id, self.spans_of(*id).await.map_err(|error| error.during("read a trace's spans"))?);
            }
        }
        Ok(())
    }

    /// The spans of one trace, of which some or all may be missing.
    async fn spans_of(&self, id: TraceId) -> Result<Vec<Span>, MlflowError> {
        match self.get_trace(id).await {
            Ok(trace) => Ok(trace.spans),
            // Deleted by now, or not in the server's database: nothing is known of its spans.
            Err(error) if error.is_missing() => Ok(Vec::new()),
            // An assessment that the server cannot write hides the spans; its web pages' route has them.
            Err(error) if error.is_failure_of_the_server() => match self.get_spans_file(id).await {
                Ok(spans) => Ok(spans),
                Err(_) if error.says("not stored in tracking store") => Ok(Vec::new()),
                Err(_) => Err(error),
            },
            Err(error) => Err(error),
        }
    }
}

/// How many traces' infos are asked for at once.
const INFOS_AT_ONCE: usize = 500;
/// How many traces are asked for at once, ids in the URL.
const TRACES_AT_ONCE: usize = 50;

/// Each id once, at its last place.
fn last_occurrences(ids: &[TraceId]) -> Vec<TraceId> {
    let mut seen = HashSet::new();
    let mut ids: Vec<TraceId> = ids.iter().rev().filter(|id| seen.insert(**id)).copied().collect();
    ids.reverse();
    ids
}

//! Sending spans, and putting right what MLflow makes of their traces.

use std::collections::{BTreeMap, HashSet};

use candor_model::{ExperimentId, Span, SpanId, TagKey, TraceId, TraceInfo, keys};
use candor_store::ingest::{MAX_SESSION_CHARS, complete_span};
use candor_store::{ExperimentKey, Missing, Result, SpanBatch, StoreError};
use candor_wire::otlp::{OtlpResource, encode_protobuf};
use candor_wire::requests::SetTraceTag;

use crate::MlflowStore;

impl MlflowStore {
    /// Sends the batch in one request, which the server takes or refuses as a whole.
    ///
    /// Two things of the traces are put right then. MLflow leaves a trace without a name unless a
    /// client starts it. And spans that come after a trace's start move its times, save where they
    /// carry a session, tokens or costs.
    pub(super) async fn send_spans(&self, batch: SpanBatch) -> Result<()> {
        let experiment = batch.experiment_id;
        let groups = prepared(batch)?;
        self.check_known(experiment).await?;
        let touched = touched(&groups);
        if touched.is_empty() {
            return Ok(());
        }
        let at_risk: Vec<TraceId> = touched.iter().filter(|(_, batch)| batch.moves_times).map(|(id, _)| *id).collect();
        let before = self.raw_infos(&at_risk).await?;
        let sent = self.client.export_spans(experiment, encode_protobuf(&groups)).await;
        sent.map_err(|error| error.during("log spans"))?;

        let ids: Vec<TraceId> = touched.keys().copied().collect();
        let after = self.raw_infos(&ids).await?;
        self.restore_times(before, &after).await?;
        self.name_traces(&touched, &after).await
    }

    /// The server takes spans of traces that it knows for whatever experiment.
    async fn check_known(&self, id: ExperimentId) -> Result<()> {
        if self.experiments.contains(id) {
            return Ok(());
        }
        let found = self.experiment(&ExperimentKey::Id(id)).await?;
        found.ok_or(StoreError::NotFound(Missing::Experiment(id)))?;
        self.experiments.insert(id); // deleted ones stay
        Ok(())
    }

    async fn restore_times(&self, before: Vec<TraceInfo>, after: &[TraceInfo]) -> Result<()> {
        for old in before.into_iter().filter(|info| info.metadata.contains_key(keys::INFO_FINALIZED)) {
            let Some(new) = after.iter().find(|info| info.trace_id == old.trace_id) else { continue };
            if (new.request_time, new.execution_duration) == (old.request_time, old.execution_duration) {
                continue;
            }
            // What a start does not name stays as it is, save for these.
            let mut start = TraceInfo::new(new.trace_id, new.experiment_id, old.request_time);
            start.execution_duration = old.execution_duration;
            start.state = new.state;
            start.client_request_id = new.client_request_id.clone();
            let sent = self.post_trace(&start, Vec::new()).await;
            sent.map_err(|error| error.during("restore the times of a trace"))?;
        }
        Ok(())
    }

    async fn name_traces(&self, touched: &BTreeMap<TraceId, Touched>, after: &[TraceInfo]) -> Result<()> {
        let Ok(key) = TagKey::new(keys::TRACE_NAME) else { return Ok(()) };
        for info in after.iter().filter(|info| info.name().is_none()) {
            if let Some(name) = touched.get(&info.trace_id).and_then(|batch| batch.root_name.clone()) {
                let sent = self.set_tag(info.trace_id, &SetTraceTag { key: key.clone(), value: name }).await;
                sent.map_err(|error| error.during("name a trace"))?;
            }
        }
        Ok(())
    }
}

/// What a batch brings for one trace.
struct Touched {
    /// The name of the first root, unless it is empty.
    root_name: Option<String>,
    /// Whether the server would move the times of a trace that was started.
    moves_times: bool,
}

fn touched(groups: &[OtlpResource]) -> BTreeMap<TraceId, Touched> {
    let mut touched = BTreeMap::new();
    for span in groups.iter().flat_map(|group| &group.spans) {
        let trace = touched.entry(span.trace_id).or_insert(Touched { root_name: None, moves_times: true });
        if span.is_root() && trace.root_name.is_none() && !span.name.is_empty() {
            trace.root_name = Some(span.name.clone());
        }
        if session_of(span).is_some_and(|session| !session.is_empty()) {
            trace.moves_times = false;
        }
    }
    touched
}

/// The spans as they are sent, each id once: copies that make a span its own ancestor would keep
/// MLflow's server busy for ever.
fn prepared(batch: SpanBatch) -> Result<Vec<OtlpResource>> {
    let mut seen: HashSet<(TraceId, SpanId)> = HashSet::new();
    let mut groups = Vec::with_capacity(batch.groups.len());
    for group in batch.groups.into_iter().rev() {
        let mut spans: Vec<Span> = Vec::with_capacity(group.spans.len());
        for mut span in group.spans.into_iter().rev() {
            check_session(&span)?;
            if seen.insert((span.trace_id, span.span_id)) {
                complete_span(&mut span); // MLflow's filters do not see what it adds itself
                spans.push(span);
            }
        }
        spans.reverse();
        groups.push(OtlpResource { attributes: group.resource, spans });
    }
    groups.reverse();
    Ok(groups)
}

/// The server would tell of it too, but as an error of no kind.
fn check_session(span: &Span) -> Result<()> {
    match session_of(span) {
        Some(session) if session.chars().count() > MAX_SESSION_CHARS => Err(StoreError::Invalid {
            field: "Session ID",
            reason: format!("'Session ID' exceeds the maximum length of {MAX_SESSION_CHARS} characters"),
        }),
        _ => Ok(()),
    }
}

fn session_of(span: &Span) -> Option<&str> {
    span.attributes.get_str("session.id").or_else(|| span.attributes.get_str("gen_ai.conversation.id"))
}

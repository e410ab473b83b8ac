use std::collections::{BTreeMap, HashSet};

use candor_model::{ExperimentId, Span, SpanId, TagKey, TraceId, keys};
use candor_store::ExperimentKey;
use candor_store::ingest::MAX_SESSION_CHARS;
use candor_store::{Missing, Result, SpanBatch, StoreError};
use candor_wire::otlp::{OtlpResource, encode_protobuf};
use candor_wire::requests::SetTraceTag;

use crate::MlflowStore;

impl MlflowStore {
    /// Sends the batch in one request, which the server takes or refuses as a whole, and names the
    /// traces that have no name yet after their root spans.
    pub(super) async fn send_spans(&self, batch: SpanBatch) -> Result<()> {
        let experiment = batch.experiment_id;
        let names = root_names(&batch);
        let groups = prepared(batch)?;
        if groups.iter().all(|group| group.spans.is_empty()) {
            return self.check_there(experiment).await;
        }
        if let Err(error) = self.client.export_spans(experiment, encode_protobuf(&groups)).await {
            if error.is_missing() {
                self.check_there(experiment).await?;
            }
            return Err(error.during("log spans"));
        }
        self.name_traces(names).await
    }

    async fn check_there(&self, id: ExperimentId) -> Result<()> {
        let found = self.experiment(&ExperimentKey::Id(id)).await?;
        found.map(drop).ok_or(StoreError::NotFound(Missing::Experiment(id)))
    }

    /// MLflow leaves a trace without a name unless a client starts it.
    async fn name_traces(&self, names: BTreeMap<TraceId, String>) -> Result<()> {
        let ids: Vec<TraceId> = names.keys().copied().collect();
        let Ok(key) = TagKey::new(keys::TRACE_NAME) else { return Ok(()) };
        for info in self.infos(&ids).await? {
            if let Some(name) = names.get(&info.trace_id).filter(|_| info.name().is_none()) {
                let sent = SetTraceTag { key: key.clone(), value: name.clone() };
                self.set_tag(info.trace_id, &sent).await.map_err(|error| error.during("name a trace"))?;
            }
        }
        Ok(())
    }
}

/// The name of the first root of each trace.
fn root_names(batch: &SpanBatch) -> BTreeMap<TraceId, String> {
    let mut names = BTreeMap::new();
    for root in batch.groups.iter().flat_map(|group| &group.spans).filter(|span| span.is_root()) {
        names.entry(root.trace_id).or_insert_with(|| root.name.clone());
    }
    names.retain(|_, name| !name.is_empty());
    names
}

/// The spans as they are sent, each id once: copies that make a span its own ancestor would keep
/// MLflow's server busy for ever.
fn prepared(batch: SpanBatch) -> Result<Vec<OtlpResource>> {
    let mut seen: HashSet<(TraceId, SpanId)> = HashSet::new();
    let mut groups = Vec::with_capacity(batch.groups.len());
    for group in batch.groups.into_iter().rev() {
        let mut spans: Vec<Span> = Vec::with_capacity(group.spans.len());
        for span in group.spans.into_iter().rev() {
            check_session(&span)?;
            if seen.insert((span.trace_id, span.span_id)) {
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
    let session = span.attributes.get_str("session.id").or_else(|| span.attributes.get_str("gen_ai.conversation.id"));
    match session {
        Some(session) if session.chars().count() > MAX_SESSION_CHARS => Err(StoreError::Invalid {
            field: "Session ID",
            reason: format!("'Session ID' exceeds the maximum length of {MAX_SESSION_CHARS} characters"),
        }),
        _ => Ok(()),
    }
}

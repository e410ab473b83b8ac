use std::collections::{BTreeMap, HashSet};

use candor_model::{ExperimentId, LifecycleStage, Span, SpanId, Trace, TraceId, TraceInfo};

use super::state::State;
use crate::ingest::{SpanUsage, by_trace, complete_span, merge_spans, merge_started};
use crate::target::ids_of;
use crate::{Missing, Result, SpanBatch, StoreError, TagChange, TraceLink, TraceSelection};

impl State {
    pub(crate) fn start_trace(&mut self, mut incoming: TraceInfo) -> Result<TraceInfo> {
        let id = incoming.trace_id;
        let experiment = self.experiment(incoming.experiment_id)?;
        if experiment.lifecycle_stage == LifecycleStage::Deleted {
            return Err(StoreError::ExperimentDeleted { id: experiment.id });
        }
        let embedded = std::mem::take(&mut incoming.assessments);
        if let Some(taken) = embedded.iter().find(|new| self.assessments.get(&new.id).is_some_and(|on| *on != id)) {
            return Err(super::assessments::already_exists(taken.id));
        }
        let existing = self.traces.get(&id).map(|record| record.info.clone());
        let moved = existing.as_ref().is_some_and(|old| old.experiment_id != incoming.experiment_id);
        let info = merge_started(existing, incoming, experiment)?;

        self.put(info, []);
        for assessment in embedded {
            self.add_embedded(id, assessment)?;
        }
        let record = self.record(id)?;
        let landed = if moved { ids_of(&record.info, record.spans.values()) } else { ids_of(&record.info, []) };
        self.attach_pending(&landed);
        Ok(self.record(id)?.info.clone())
    }

    pub(crate) fn log_spans(&mut self, mut batch: SpanBatch) -> Result<()> {
        let named = self.experiment(batch.experiment_id)?;
        for span in batch.groups.iter_mut().flat_map(|group| &mut group.spans) {
            complete_span(span);
        }
        let mut merged: Vec<(TraceInfo, BTreeMap<SpanId, Span>)> = Vec::new();
        for trace in by_trace(&batch.groups) {
            let record = self.traces.get(&trace.trace_id);
            let spans: BTreeMap<SpanId, Span> =
                trace.spans.iter().map(|(_, span)| (span.span_id, (*span).clone())).collect();
            let kept = record.into_iter().flat_map(|record| record.spans.values());
            let kept = kept.filter(|span| !spans.contains_key(&span.span_id));
            let mut usage: Vec<SpanUsage> = kept.chain(spans.values()).map(SpanUsage::of).collect();
            usage.sort_by_key(|span| span.span_id);
            let experiment = match record {
                Some(record) => self.experiment(record.info.experiment_id)?,
                None => named,
            };
            let info = merge_spans(record.map(|record| record.info.clone()), &trace, &usage, experiment)?;
            merged.push((info, spans));
        }
        // Nothing fails from here on: the batch is written as a whole.
        let landed: Vec<_> = merged.iter().flat_map(|(info, spans)| ids_of(info, spans.values())).collect();
        for (info, spans) in merged {
            self.put(info, spans.into_values());
        }
        self.attach_pending(&landed);
        Ok(())
    }

    pub(super) fn get_traces(&self, ids: &[TraceId], with_spans: bool) -> Vec<Trace> {
        let mut seen = HashSet::new();
        let mut traces: Vec<Trace> = ids
            .iter()
            .rev() // the last place of a repeated id counts
            .filter(|id| seen.insert(**id))
            .filter_map(|id| self.traces.get(id))
            .map(|record| Trace {
                info: record.info.clone(),
                spans: if with_spans { record.ordered_spans() } else { Vec::new() },
            })
            .collect();
        traces.reverse();
        traces
    }

    pub(super) fn update_trace_tag(&mut self, id: TraceId, change: TagChange) -> Result<()> {
        let tags = &mut self.record_mut(id)?.info.tags;
        match change {
            TagChange::Set { key, value } => {
                tags.insert(key.as_str().to_owned(), value);
            }
            TagChange::Delete { key } => {
                if tags.remove(&key).is_none() {
                    return Err(StoreError::NotFound(Missing::TraceTag { key, trace: id }));
                }
            }
        }
        Ok(())
    }

    pub(super) fn delete_traces(&mut self, experiment: ExperimentId, selection: TraceSelection) -> u64 {
        let inside = self.traces.values().map(|record| &record.info).filter(|info| info.experiment_id == experiment);
        let doomed: Vec<TraceId> = match selection {
            TraceSelection::Ids(ids) => {
                let wanted: HashSet<TraceId> = ids.into_iter().collect();
                inside.map(|info| info.trace_id).filter(|id| wanted.contains(id)).collect()
            }
            TraceSelection::Until { max_request_time, max_traces } => {
                let old = inside.filter(|info| info.request_time <= max_request_time);
                let mut old: Vec<_> = old.map(|info| (info.request_time, info.trace_id)).collect();
                old.sort();
                old.truncate(max_traces.map_or(usize::MAX, |max| max as usize));
                old.into_iter().map(|(_, id)| id).collect()
            }
        };
        doomed.into_iter().filter(|id| self.remove(*id)).count() as u64
    }

    pub(super) fn link_traces(&mut self, ids: &[TraceId], link: &TraceLink) {
        for id in ids {
            let Some(record) = self.traces.get_mut(id) else { continue };
            match link.clone() {
                TraceLink::Run(run) => record.runs.insert(run),
                TraceLink::PromptVersion { name, version } => record.prompts.insert((name, version)),
            };
        }
    }
}

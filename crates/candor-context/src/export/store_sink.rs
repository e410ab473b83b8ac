use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use candor_model::{
    AnyValue, Attributes, DurationMs, ExperimentId, Span, StatusCode, TimestampMs, TraceId, TraceInfo, TraceState, keys,
};
use candor_store::decorators::{RetryPolicy, Retrying};
use candor_store::evaluation::evaluations;
use candor_store::{
    Clock, NewAssessment, PendingQuery, Result, SpanBatch, SpanGroup, StoreError, SystemClock, TagChange, TargetRef,
    TrackingStore,
};
use opentelemetry_sdk::Resource;

use super::convert::{any_value, model_span};
use super::{Judged, Ready, Sink};
use crate::TraceUpdate;

/// Brings batches to a store: the spans first, then what is to be said of the traces.
#[derive(Debug)]
pub(crate) struct StoreSink {
    store: Retrying<dyn TrackingStore>,
    experiment: ExperimentId,
    resource: Attributes,
    /// Up to when verdicts on hold have been read.
    judged_until: AtomicI64,
}

impl StoreSink {
    pub(crate) fn new(
        store: Arc<dyn TrackingStore>,
        experiment: ExperimentId,
        resource: &Resource,
        policy: RetryPolicy,
    ) -> Self {
        let store = Retrying::new(store, policy);
        let resource = resource.iter().map(|(key, value)| (key.as_str(), any_value(value))).collect();
        // Verdicts may have come before this process did.
        let judged_until = AtomicI64::new(SystemClock.now().as_millis().saturating_sub(HOUR_MS));
        Self { store, experiment, resource, judged_until }
    }

    /// Logs spans; if the store refuses them, trace by trace, so that one cannot take others along.
    async fn log_spans(&self, spans: Vec<Span>) -> Lost {
        let mut lost = Lost::default();
        let Err(error) = self.try_log_spans(&spans).await else { return lost };
        let mut traces: BTreeMap<TraceId, Vec<Span>> = BTreeMap::new();
        for span in spans {
            traces.entry(span.trace_id).or_default().push(span);
        }
        if error.is_retryable() || traces.len() == 1 {
            traces.iter().for_each(|(trace_id, spans)| lost.add(*trace_id, spans.len()));
            report_loss(&error, lost.spans);
            return lost;
        }
        for (trace_id, spans) in traces {
            if let Err(error) = self.try_log_spans(&spans).await {
                lost.add(trace_id, spans.len());
                report_loss(&error, spans.len() as u64);
            }
        }
        lost
    }

    async fn try_log_spans(&self, spans: &[Span]) -> Result<()> {
        let group = SpanGroup { resource: self.resource.clone(), spans: spans.to_vec() };
        self.store.log_spans(SpanBatch { experiment_id: self.experiment, groups: vec![group] }).await
    }

    async fn start_traces(&self, infos: Vec<TraceInfo>) {
        let errors = match self.store.start_traces(infos).await {
            Ok(answers) => answers.into_iter().filter_map(Result::err).collect(),
            Err(error) => vec![error],
        };
        for error in errors {
            tracing::warn!(error = &error as &dyn std::error::Error, "what was said of a trace is lost");
        }
    }

    async fn log_evaluations(&self, verdicts: Vec<NewAssessment>) {
        let errors = match self.store.log_assessments(verdicts).await {
            Ok(answers) => answers.into_iter().filter_map(Result::err).collect(),
            Err(error) => vec![error],
        };
        for error in errors {
            tracing::warn!(error = &error as &dyn std::error::Error, "an evaluation is lost");
        }
    }

    /// What is known of a trace that began and ended here.
    fn info(&self, root: &Span, update: TraceUpdate) -> TraceInfo {
        let start = root.start.to_millis();
        let mut info = TraceInfo::new(root.trace_id, self.experiment, start);
        info.client_request_id = update.client_request_id;
        info.execution_duration = root.end.map(|end| DurationMs::between(start, end.to_millis()));
        info.state = if root.status.code == StatusCode::Error { TraceState::Error } else { TraceState::Ok };
        info.request_preview = update.request_preview;
        info.response_preview = update.response_preview;
        info.metadata = update.metadata;
        info.tags = update.tags.into_iter().map(|(key, value)| (key.to_string(), value)).collect();
        for (key, value) in [(keys::SESSION, update.session), (keys::USER, update.user)] {
            if let Some(value) = value {
                info.metadata.insert(key.to_owned(), value);
            }
        }
        info
    }

    /// The targets of verdicts that the store has put on hold since the last call.
    async fn targets_on_hold(&self) -> Result<Vec<TargetRef>> {
        let since = self.judged_until.load(Ordering::Relaxed);
        let mut until = since;
        let received_from = Some(TimestampMs::from_millis(since));
        let mut query = PendingQuery { received_from, ..PendingQuery::all(PAGE) };
        let mut refs = Vec::new();
        loop {
            let page = self.store.pending_feedback(&query).await?;
            for pending in page.items {
                until = until.max(pending.received_at.as_millis());
                refs.extend(pending.item.target.refs);
            }
            query.page_token = page.next_page_token;
            if query.page_token.is_none() {
                self.judged_until.store(until, Ordering::Relaxed); // not before: a page may fail
                return Ok(refs);
            }
        }
    }

    async fn known(&self, ids: &[TraceId]) -> Result<Vec<TraceId>> {
        let mut known = Vec::new();
        for ids in ids.chunks(PAGE) {
            known.extend(self.store.get_traces(ids, false).await?.into_iter().map(|trace| trace.info.trace_id));
        }
        Ok(known)
    }
}

#[async_trait]
impl Sink for StoreSink {
    async fn export(&self, batch: Vec<Ready>) -> u64 {
        let mut infos = Vec::new();
        let mut tags = Vec::new();
        let mut spans = Vec::with_capacity(batch.len());
        for mut ready in batch {
            let mut span = model_span(&ready.span);
            if let Some(update) = &ready.update {
                say_in_attributes(&mut span, update);
            }
            if span.is_root() {
                infos.push(self.info(&span, *ready.update.take().unwrap_or_default()));
            } else if let Some(update) = ready.update {
                tags.push((span.trace_id, update.tags));
            }
            spans.push(span);
        }
        let evaluations = evaluations(&spans);
        let lost = self.log_spans(spans).await;
        infos.retain(|info| !lost.traces.contains(&info.trace_id));
        tags.retain(|(trace_id, _)| !lost.traces.contains(trace_id));
        if !infos.is_empty() {
            self.start_traces(infos).await;
        }
        if !evaluations.is_empty() {
            self.log_evaluations(evaluations).await;
        }
        for (trace_id, tags) in tags {
            for (key, value) in tags {
                let change = TagChange::Set { key, value };
                if let Err(error) = self.store.update_trace_tag(trace_id, change).await {
                    tracing::warn!(error = &error as &dyn std::error::Error, %trace_id, "a tag is lost");
                }
            }
        }
        lost.spans
    }

    async fn judged(&self, ids: Vec<TraceId>) -> Option<Judged> {
        let known = self.known(&ids).await.inspect_err(report_question).ok()?;
        let refs = self.targets_on_hold().await.inspect_err(report_question).ok()?;
        Some(Judged { refs, known })
    }
}

/// What the store did not take.
#[derive(Debug, Default)]
struct Lost {
    spans: u64,
    traces: BTreeSet<TraceId>,
}

impl Lost {
    fn add(&mut self, trace_id: TraceId, spans: usize) {
        self.spans += spans as u64;
        self.traces.insert(trace_id);
    }
}

fn report_loss(error: &StoreError, spans: u64) {
    tracing::warn!(error = error as &dyn std::error::Error, spans, "spans are lost");
}

/// How many traces or verdicts are asked for at once.
const PAGE: usize = 500;

const HOUR_MS: i64 = 3_600_000;

fn report_question(error: &StoreError) {
    tracing::debug!(error = error as &dyn std::error::Error, "the store cannot say which traces were judged");
}

/// Says on the span what stores read there, for traces whose info another service sends.
fn say_in_attributes(span: &mut Span, update: &TraceUpdate) {
    for (key, value) in update.span_attributes() {
        span.attributes.insert(key, AnyValue::from(value));
    }
}

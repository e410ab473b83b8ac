use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable};
use candor_model::{
    AnyValue, Attributes, DurationMs, ExperimentId, Span, StatusCode, TagKey, TraceId, TraceInfo, TraceState, keys,
};
use candor_store::{Result, SpanBatch, SpanGroup, StoreError, TagChange, TrackingStore};
use opentelemetry_sdk::Resource;

use super::convert::{any_value, model_span};
use super::{Ready, Sink};
use crate::TraceUpdate;

/// Brings batches to a store: the spans first, then what is to be said of the traces.
#[derive(Debug)]
pub(crate) struct StoreSink {
    store: Arc<dyn TrackingStore>,
    experiment: ExperimentId,
    resource: Attributes,
    retry_for: Duration,
}

impl StoreSink {
    pub(crate) fn new(
        store: Arc<dyn TrackingStore>,
        experiment: ExperimentId,
        resource: &Resource,
        retry_for: Duration,
    ) -> Self {
        let resource = resource.iter().map(|(key, value)| (key.as_str(), any_value(value))).collect();
        Self { store, experiment, resource, retry_for }
    }

    /// Logs spans; if the store refuses them, trace by trace, so that one cannot take others along.
    async fn log_spans(&self, spans: Vec<Span>) -> u64 {
        let Err(error) = self.try_log_spans(&spans).await else { return 0 };
        if error.is_retryable() || spans.iter().all(|span| span.trace_id == spans[0].trace_id) {
            tracing::warn!(error = &error as &dyn std::error::Error, spans = spans.len(), "spans are lost");
            return spans.len() as u64;
        }
        let mut traces: Vec<(TraceId, Vec<Span>)> = Vec::new();
        for span in spans {
            match traces.iter_mut().find(|(id, _)| *id == span.trace_id) {
                Some((_, spans)) => spans.push(span),
                None => traces.push((span.trace_id, vec![span])),
            }
        }
        let mut lost = 0;
        for (_, spans) in traces {
            if let Err(error) = self.try_log_spans(&spans).await {
                tracing::warn!(error = &error as &dyn std::error::Error, spans = spans.len(), "spans are lost");
                lost += spans.len() as u64;
            }
        }
        lost
    }

    async fn try_log_spans(&self, spans: &[Span]) -> Result<()> {
        self.retrying(|| {
            let group = SpanGroup { resource: self.resource.clone(), spans: spans.to_vec() };
            self.store.log_spans(SpanBatch { experiment_id: self.experiment, groups: vec![group] })
        })
        .await
    }

    async fn start_traces(&self, infos: Vec<TraceInfo>) {
        let answers = self.retrying(|| self.store.start_traces(infos.clone())).await;
        let errors = match answers {
            Ok(answers) => answers.into_iter().filter_map(Result::err).collect(),
            Err(error) => vec![error],
        };
        for error in errors {
            tracing::warn!(error = &error as &dyn std::error::Error, "what was said of a trace is lost");
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
        info.tags = update.tags;
        for (key, value) in [(keys::SESSION, update.session), (keys::USER, update.user)] {
            if let Some(value) = value {
                info.metadata.insert(key.to_owned(), value);
            }
        }
        info
    }

    async fn retrying<T, F: Future<Output = Result<T>>>(&self, call: impl FnMut() -> F) -> Result<T> {
        let backoff = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(100))
            .with_max_delay(Duration::from_secs(5))
            .with_jitter()
            .without_max_times()
            .with_total_delay(Some(self.retry_for));
        call.retry(backoff).when(StoreError::is_retryable).await
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
        let lost = self.log_spans(spans).await;
        if !infos.is_empty() {
            self.start_traces(infos).await;
        }
        for (trace_id, tags) in tags {
            for (key, value) in tags {
                let Ok(key) = TagKey::new(key) else { continue };
                let change = TagChange::Set { key, value };
                if let Err(error) = self.store.update_trace_tag(trace_id, change).await {
                    tracing::warn!(error = &error as &dyn std::error::Error, %trace_id, "a tag is lost");
                }
            }
        }
        lost
    }
}

/// Says on the span what stores read there, for traces whose info another service sends.
fn say_in_attributes(span: &mut Span, update: &TraceUpdate) {
    for (key, value) in [("session.id", &update.session), ("user.id", &update.user)] {
        if let Some(value) = value {
            span.attributes.insert(key, AnyValue::String(value.clone()));
        }
    }
}

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use candor_model::{ExperimentId, TraceId, keys};
use candor_store::decorators::RetryPolicy;
use opentelemetry::KeyValue;
use opentelemetry_otlp::{Protocol, SpanExporter as OtlpExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use super::{Judged, Ready, Sink};
use crate::{ContextError, Result, TraceUpdate};

/// Brings batches to an OTLP endpoint; what is to be said of traces is said by attributes of spans.
#[derive(Debug)]
pub(crate) struct OtlpSink {
    exporter: OtlpExporter,
}

/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

impl OtlpSink {
    pub(crate) fn new(
        endpoint: &str,
        experiment: ExperimentId,
        resource: &Resource,
        policy: RetryPolicy,
    ) -> Result<Self> {
        let fail = |source| ContextError::Otlp { endpoint: endpoint.to_owned(), source };
        let client = reqwest::Client::builder().timeout(REQUEST_TIMEOUT).build().map_err(|error| fail(error.into()))?;
        let retries = opentelemetry_otlp::RetryPolicy::recommended()
            .with_max_retries(policy.repetitions)
            .with_initial_delay(policy.first_pause)
            .with_max_delay(policy.longest_pause);
        let repetitions = u32::try_from(policy.repetitions).unwrap_or(u32::MAX);
        let mut exporter = OtlpExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .with_headers(HashMap::from([("x-mlflow-experiment-id".to_owned(), experiment.to_string())]))
            .with_retry_policy(retries)
            .with_timeout(REQUEST_TIMEOUT.saturating_add(policy.longest_pause.saturating_mul(repetitions)))
            .build()
            .map_err(|error| fail(error.into()))?;
        exporter.set_resource(resource);
        Ok(Self { exporter })
    }
}

#[async_trait]
impl Sink for OtlpSink {
    async fn export(&self, batch: Vec<Ready>) -> u64 {
        let number = batch.len() as u64;
        let spans = batch.into_iter().map(|ready| with_attributes(ready.span, ready.update.as_deref())).collect();
        match self.exporter.export(spans).await {
            Ok(()) => 0,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, spans = number, "spans are lost");
                number
            }
        }
    }

    /// OTLP has no way to ask.
    async fn judged(&self, _ids: Vec<TraceId>) -> Option<Judged> {
        Some(Judged::default())
    }
}

fn with_attributes(mut span: SpanData, update: Option<&TraceUpdate>) -> SpanData {
    if let Some(update) = update {
        let said = update.span_attributes().map(|(key, value)| KeyValue::new(key, value.to_owned()));
        span.attributes.extend(said);
        let tags = update.tags.iter();
        let tags =
            tags.map(|(key, value)| KeyValue::new(format!("{}{key}", keys::SPAN_TRACE_TAG_PREFIX), value.clone()));
        span.attributes.extend(tags);
    }
    span
}

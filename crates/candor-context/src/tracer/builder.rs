use std::sync::Arc;
use std::time::Duration;

use candor_model::ExperimentId;
use candor_store::TrackingStore;
use candor_store::decorators::RetryPolicy;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;

use super::Tracer;
#[cfg(feature = "otlp")]
use crate::export::OtlpSink;
use crate::export::{ExportOptions, Pipeline, Sink, StoreSink};
use crate::sampling::Decider;
use crate::{ContextError, Result, Sampling};

/// Settings of a [`Tracer`].
#[derive(Debug)]
#[must_use]
pub struct TracerBuilder {
    destination: Destination,
    experiment: ExperimentId,
    service_name: Option<String>,
    sampling: Sampling,
    retry: RetryPolicy,
    options: ExportOptions,
}

#[derive(Debug)]
enum Destination {
    Store(Arc<dyn TrackingStore>),
    #[cfg(feature = "otlp")]
    Otlp(String),
}

impl TracerBuilder {
    pub(super) fn new(store: Arc<dyn TrackingStore>) -> Self {
        Self::to(Destination::Store(store))
    }

    #[cfg(feature = "otlp")]
    pub(super) fn for_otlp(endpoint: String) -> Self {
        Self::to(Destination::Otlp(endpoint))
    }

    fn to(destination: Destination) -> Self {
        let mut retry = RetryPolicy::default();
        retry.longest_pause = Duration::from_secs(5);
        retry.repetitions = 10;
        Self {
            destination,
            experiment: ExperimentId::DEFAULT,
            service_name: None,
            sampling: Sampling::default(),
            retry,
            options: ExportOptions::default(),
        }
    }

    /// The experiment that the traces go to; the one named `Default` otherwise.
    pub fn experiment(mut self, id: ExperimentId) -> Self {
        self.experiment = id;
        self
    }

    /// The service's name, which becomes the tag `service.name` of its traces.
    pub fn service_name(mut self, name: impl Into<String>) -> Self {
        self.service_name = Some(name.into());
        self
    }

    /// Which traces are kept, all unless set.
    pub fn sampling(mut self, sampling: Sampling) -> Self {
        self.sampling = sampling;
        self
    }

    /// How long a trace that was not chosen waits for a verdict, 10 minutes unless set.
    ///
    /// Only with [`Sampling::FeedbackAware`].
    pub fn hold_for(mut self, time: Duration) -> Self {
        self.options.hold_for = time;
        self
    }

    /// How much may wait for a verdict, in bytes, 64 MiB unless set; the oldest traces go first.
    pub fn hold_bytes(mut self, bytes: usize) -> Self {
        self.options.hold_bytes = bytes;
        self
    }

    /// How many ended spans may wait for the exporter, 8192 unless set; the newest is dropped beyond.
    ///
    /// As many again may wait for the store while it does not answer.
    pub fn queue_spans(mut self, spans: usize) -> Self {
        self.options.queue_spans = spans;
        self
    }

    /// How many spans one call of the store brings at most, 512 unless set.
    pub fn batch_spans(mut self, spans: usize) -> Self {
        self.options.batch_spans = spans;
        self
    }

    /// How long an ended span waits for others to share a batch with, 200 ms unless set.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.options.interval = interval;
        self
    }

    /// How calls of the store are repeated that failed for a moment.
    ///
    /// For about 40 seconds unless set; then the batch is lost, and counted.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Starts the exporter's thread.
    ///
    /// # Errors
    /// [`ContextError::Setting`] for a number that is out of range, [`ContextError::Thread`].
    pub fn build(self) -> Result<Tracer> {
        let options = self.options;
        for (field, number) in [("queue_spans", options.queue_spans), ("batch_spans", options.batch_spans)] {
            if number == 0 {
                return Err(ContextError::Setting { field, reason: "must be at least 1" });
            }
        }
        self.sampling.check()?;
        let resource = Resource::builder_empty();
        let resource = match self.service_name {
            Some(name) => resource.with_service_name(name),
            None => resource,
        };
        let resource = resource.build();
        let sink: Box<dyn Sink> = match self.destination {
            Destination::Store(store) => Box::new(StoreSink::new(store, self.experiment, &resource, self.retry)),
            #[cfg(feature = "otlp")]
            Destination::Otlp(endpoint) => Box::new(OtlpSink::new(&endpoint, self.experiment, &resource, self.retry)?),
        };
        let pipeline = Pipeline::start(sink, options)?;
        let provider = SdkTracerProvider::builder()
            .with_span_processor(pipeline.processor())
            .with_sampler(Decider(self.sampling))
            .with_resource(resource)
            .build();
        Ok(Tracer::from_parts(provider, pipeline))
    }
}

use std::sync::Arc;
use std::time::Duration;

use candor_model::ExperimentId;
use candor_store::TrackingStore;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;

use super::Tracer;
use crate::export::{ExportOptions, Pipeline, Sink, StoreSink};
use crate::{ContextError, Result};

/// Settings of a [`Tracer`].
#[derive(Debug)]
#[must_use]
pub struct TracerBuilder {
    destination: Destination,
    experiment: ExperimentId,
    service_name: Option<String>,
    options: ExportOptions,
}

#[derive(Debug)]
enum Destination {
    Store(Arc<dyn TrackingStore>),
}

impl TracerBuilder {
    pub(super) fn new(store: Arc<dyn TrackingStore>) -> Self {
        Self {
            destination: Destination::Store(store),
            experiment: ExperimentId::DEFAULT,
            service_name: None,
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

    /// How long a batch is tried again while the store is out of reach, 30 s unless set.
    pub fn retry_for(mut self, time: Duration) -> Self {
        self.options.retry_for = time;
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
        let resource = Resource::builder_empty();
        let resource = match self.service_name {
            Some(name) => resource.with_service_name(name),
            None => resource,
        };
        let resource = resource.build();
        let sink: Box<dyn Sink> = match self.destination {
            Destination::Store(store) => Box::new(StoreSink::new(store, self.experiment, &resource, options.retry_for)),
        };
        let pipeline = Pipeline::start(sink, options)?;
        let provider =
            SdkTracerProvider::builder().with_span_processor(pipeline.processor()).with_resource(resource).build();
        Ok(Tracer::from_parts(provider, pipeline))
    }
}

use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry::Context;
use opentelemetry::trace::Status;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};

use super::inbox::{Inbox, Item};
use crate::tracer::SCOPE;

/// The exporter as OpenTelemetry's SDK sees it.
#[derive(Debug)]
pub(crate) struct Processor {
    inbox: Arc<Inbox>,
}

impl Processor {
    pub(super) fn new(inbox: Arc<Inbox>) -> Self {
        Self { inbox }
    }

    fn wait(&self, stop: bool, timeout: Duration) -> OTelSdkResult {
        let mut done = self.inbox.ask(stop);
        let deadline = Instant::now() + timeout;
        loop {
            match done.try_recv() {
                Ok(()) => return Ok(()),
                Err(tokio::sync::oneshot::error::TryRecvError::Closed) => return Err(OTelSdkError::AlreadyShutdown),
                Err(_) if Instant::now() >= deadline => return Err(OTelSdkError::Timeout(timeout)),
                // The caller may be a thread of a runtime, where a blocking receive would panic.
                Err(_) => std::thread::sleep(Duration::from_millis(2)),
            }
        }
    }
}

impl SpanProcessor for Processor {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, mut span: SpanData) {
        // MLflow's spans say that they went well; those of other libraries say what they said.
        if span.status == Status::Unset && span.instrumentation_scope.name() == SCOPE {
            span.status = Status::Ok;
        }
        self.inbox.push(Item::Ended(span));
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.wait(false, Duration::from_secs(5))
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        match self.wait(true, timeout) {
            Err(OTelSdkError::AlreadyShutdown) => Ok(()),
            result => result,
        }
    }
}

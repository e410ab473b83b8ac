use std::sync::Arc;
use std::time::Instant;

use super::{Operation, around_every_call};
use crate::{Result, StoreError, TrackingStore};

/// The names of the metrics; times are in seconds, as Prometheus and OpenTelemetry have them.
pub mod names {
    /// Histogram: how long calls take, in seconds, by `backend` and `operation`. Its count is the
    /// number of calls.
    pub const DURATION: &str = "candor_store_operation_duration_seconds";
    /// Counter: calls that failed and items of a batch that were refused, by `backend`, `operation`
    /// and `error_type`, which is [`StoreError::kind`](crate::StoreError::kind).
    pub const ERRORS: &str = "candor_store_operation_errors_total";
}

/// Counts and times every call, through the `metrics` facade.
///
/// | metric | kind | labels |
/// |---|---|---|
/// | `candor_store_operation_duration_seconds` | histogram | `backend`, `operation` |
/// | `candor_store_operation_errors_total` | counter | `backend`, `operation`, `error_type` |
///
/// Nothing is recorded until the application installs a recorder. [`close`](TrackingStore::close)
/// is not counted.
#[derive(Debug)]
pub struct Metered<S: ?Sized> {
    inner: Arc<S>,
}

impl<S: TrackingStore + ?Sized> Metered<S> {
    /// Meters the calls to `inner`; describes the metrics to the recorder that is installed.
    pub fn new(inner: Arc<S>) -> Self {
        metrics::describe_histogram!(names::DURATION, metrics::Unit::Seconds, "How long calls to the store take.");
        metrics::describe_counter!(names::ERRORS, "Calls to the store that failed, and items of batches refused.");
        Self { inner }
    }

    async fn call<T>(&self, operation: Operation, call: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let backend = self.inner.capabilities().backend;
        let start = Instant::now();
        let answer = call.await;
        metrics::histogram!(names::DURATION, "backend" => backend, "operation" => operation.as_str())
            .record(start.elapsed());
        if let Err(error) = &answer {
            count(backend, operation, error);
        }
        answer
    }

    async fn batch<T: Send>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<Vec<Result<T>>>> + Send,
    ) -> Result<Vec<Result<T>>> {
        let answers = self.call(operation, call).await?;
        let backend = self.inner.capabilities().backend;
        answers.iter().filter_map(|answer| answer.as_ref().err()).for_each(|error| count(backend, operation, error));
        Ok(answers)
    }
}

fn count(backend: &'static str, operation: Operation, error: &StoreError) {
    let operation = operation.as_str();
    metrics::counter!(names::ERRORS, "backend" => backend, "operation" => operation, "error_type" => error.kind())
        .increment(1);
}

around_every_call!(Metered);

//! When a call is made again.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};

use super::Repeat;
use crate::MlflowError;

/// The longest pause, also when the server asks for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How often, and after which pauses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    backoff: ExponentialBuilder,
    jitter: Duration,
}

impl Policy {
    /// Each pause is about twice as long as the one before. What is added by chance is up to
    /// `jitter`, or up to the pause itself.
    pub(super) fn new(repetitions: usize, first_pause: Duration, jitter: Option<Duration>) -> Self {
        let backoff = ExponentialBuilder::new()
            .with_min_delay(first_pause)
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(repetitions);
        match jitter {
            Some(jitter) => Self { backoff, jitter },
            None => Self { backoff: backoff.with_jitter(), jitter: Duration::ZERO },
        }
    }

    /// Makes the call until it succeeds, fails for good, or has been repeated often enough.
    pub(super) async fn run<T, F>(&self, repeat: Repeat, call: impl FnMut() -> F) -> Result<T, MlflowError>
    where
        F: Future<Output = Result<T, MlflowError>>,
    {
        call.retry(self.backoff)
            .sleep(tokio::time::sleep)
            .when(|error| match repeat {
                Repeat::Always => error.is_transient(),
                Repeat::UnlessItFails => error.is_transient() && !error.is_failure_of_the_server(),
                Repeat::Unprocessed => error.is_unprocessed(),
            })
            .adjust(|error, pause| {
                // `None` means that no repetitions are left.
                let asked = error.retry_after().unwrap_or_default();
                let chance = self.jitter.mul_f32(fastrand::f32());
                pause.map(|pause| pause.max(asked).saturating_add(chance).min(LONGEST_PAUSE))
            })
            .notify(|error, pause| {
                tracing::debug!(%error, pause_ms = pause.as_millis() as u64, "calling MLflow again");
            })
            .await
    }
}

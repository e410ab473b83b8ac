use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Operation, around_every_call};
use crate::{Result, StoreError, TrackingStore};

/// Fails on purpose, so that tests can see how callers bear it.
///
/// A failure is [`StoreError::Unavailable`]. [`close`](TrackingStore::close) never fails.
///
/// ```
/// use std::sync::Arc;
/// use candor_store::decorators::{Fault, Faulty, Operation};
/// use candor_store::{ExperimentKey, MemoryStore, TrackingStore};
/// use candor_model::ExperimentId;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let store = Faulty::new(Arc::new(MemoryStore::new()));
/// store.inject(Fault::on_call(2).of(Operation::GetExperiment));
/// let key = ExperimentKey::Id(ExperimentId::DEFAULT);
/// assert!(store.get_experiment(&key).await.is_ok());
/// assert!(store.get_experiment(&key).await.is_err());
/// assert!(store.get_experiment(&key).await.is_ok());
/// # }
/// ```
#[derive(Debug)]
pub struct Faulty<S: ?Sized> {
    outage: AtomicBool,
    faults: Mutex<Vec<Fault>>,
    inner: Arc<S>,
}

/// When a call fails, and how.
#[derive(Clone, Debug)]
pub struct Fault {
    operations: Vec<Operation>,
    when: When,
    effect: Effect,
}

#[derive(Clone, Debug)]
enum When {
    /// Calls to go until the one that fails.
    In(u64),
    /// A share of the calls, drawn.
    Share(f64, fastrand::Rng),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    FailBefore,
    FailAfter,
    Delay(Duration),
}

impl Fault {
    /// Fails the n-th call from now on, counted from 1, before it reaches the store.
    pub fn on_call(n: u64) -> Self {
        Self { operations: Vec::new(), when: When::In(n), effect: Effect::FailBefore }
    }

    /// Fails a share of the calls, a fraction in `0..=1`, before they reach the store; which ones,
    /// the seed says.
    pub fn with_probability(share: f64, seed: u64) -> Self {
        let when = When::Share(share, fastrand::Rng::with_seed(seed));
        Self { operations: Vec::new(), when, effect: Effect::FailBefore }
    }

    /// Only calls of this method; of several, when called several times. Of all without.
    #[must_use]
    pub fn of(mut self, operation: Operation) -> Self {
        self.operations.push(operation);
        self
    }

    /// Lets the store do its work and then loses the answer.
    #[must_use]
    pub fn losing_the_answer(mut self) -> Self {
        self.effect = Effect::FailAfter;
        self
    }

    /// Delays the call instead of failing it.
    #[must_use]
    pub fn delaying(mut self, by: Duration) -> Self {
        self.effect = Effect::Delay(by);
        self
    }

    /// What becomes of one more call.
    fn strikes(&mut self, operation: Operation) -> Option<Effect> {
        if !self.operations.is_empty() && !self.operations.contains(&operation) {
            return None;
        }
        let strikes = match &mut self.when {
            When::In(calls) => {
                *calls = calls.wrapping_sub(1);
                *calls == 0
            }
            When::Share(share, random) => random.f64() < *share,
        };
        strikes.then_some(self.effect)
    }
}

impl<S: TrackingStore + ?Sized> Faulty<S> {
    /// Faultless until told otherwise.
    pub fn new(inner: Arc<S>) -> Self {
        Self { outage: AtomicBool::new(false), faults: Mutex::default(), inner }
    }

    /// Adds a fault to those there are.
    pub fn inject(&self, fault: Fault) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    /// Forgets all faults; an outage goes on.
    pub fn heal(&self) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Begins or ends an outage, in which every call fails at once.
    pub fn set_outage(&self, outage: bool) {
        self.outage.store(outage, Ordering::SeqCst);
    }

    async fn call<T>(&self, operation: Operation, call: impl Future<Output = Result<T>> + Send) -> Result<T> {
        if self.outage.load(Ordering::SeqCst) {
            return Err(self.failure("an outage"));
        }
        let effects: Vec<Effect> = {
            let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
            faults.iter_mut().filter_map(|fault| fault.strikes(operation)).collect()
        };
        for effect in &effects {
            if let Effect::Delay(by) = effect {
                tokio::time::sleep(*by).await;
            }
        }
        if effects.contains(&Effect::FailBefore) {
            return Err(self.failure("a fault"));
        }
        let answer = call.await;
        if effects.contains(&Effect::FailAfter) || self.outage.load(Ordering::SeqCst) {
            return Err(self.failure("a lost answer"));
        }
        answer
    }

    async fn batch<T: Send>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<Vec<Result<T>>>> + Send,
    ) -> Result<Vec<Result<T>>> {
        self.call(operation, call).await
    }

    fn failure(&self, what: &str) -> StoreError {
        let source = format!("{what} that a test asked for").into();
        StoreError::Unavailable { backend: self.inner.capabilities().backend, source }
    }
}

around_every_call!(Faulty);

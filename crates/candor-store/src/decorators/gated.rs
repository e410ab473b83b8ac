use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::{Operation, around_every_call};
use crate::{Result, TrackingStore};

/// What must hold before a store may be used, e.g. that its server is of a version that works.
#[async_trait]
pub trait Gate: fmt::Debug + Send + Sync + 'static {
    /// Whether it holds; asked again with every call until it does, and never again then.
    ///
    /// # Errors
    /// Why not: the answer to the call that asked.
    async fn check(&self) -> Result<()>;
}

/// Lets calls through once a check has passed, for back ends that may come up later.
///
/// [`close`](TrackingStore::close) needs no check.
#[derive(Debug)]
pub struct Gated<S: ?Sized> {
    gate: Box<dyn Gate>,
    passed: OnceCell<()>,
    inner: Arc<S>,
}

impl<S: TrackingStore + ?Sized> Gated<S> {
    /// Asks `gate` before the first call to `inner`.
    pub fn new(inner: Arc<S>, gate: impl Gate) -> Self {
        Self { gate: Box::new(gate), passed: OnceCell::new(), inner }
    }

    /// Asks now, unless the check has passed already.
    ///
    /// # Errors
    /// The gate's.
    pub async fn check(&self) -> Result<()> {
        self.passed.get_or_try_init(|| self.gate.check()).await.map(drop)
    }

    async fn call<T>(&self, _operation: Operation, call: impl Future<Output = Result<T>> + Send) -> Result<T> {
        self.check().await?;
        call.await
    }

    async fn batch<T: Send>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<Vec<Result<T>>>> + Send,
    ) -> Result<Vec<Result<T>>> {
        self.call(operation, call).await
    }
}

around_every_call!(Gated);

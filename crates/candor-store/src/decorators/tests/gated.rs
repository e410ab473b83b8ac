use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::*;
use crate::Result;

/// Opens at the third time.
#[derive(Clone, Debug, Default)]
struct Third(Arc<AtomicUsize>);

#[async_trait]
impl Gate for Third {
    async fn check(&self) -> Result<()> {
        match self.0.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Err(StoreError::Unavailable { backend: "memory", source: "not yet".into() }),
            _ => Ok(()),
        }
    }
}

#[derive(Debug)]
struct Open;

#[async_trait]
impl Gate for Open {
    async fn check(&self) -> Result<()> {
        Ok(())
    }
}

async fn open() -> Arc<Gated<MemoryStore>> {
    Arc::new(Gated::new(Arc::new(MemoryStore::new()), Open))
}

mod conformance {
    crate::tracking_store_conformance!(super::open);
}

#[tokio::test]
async fn nothing_reaches_the_store_before_the_check_has_passed_once() {
    let gate = Third::default();
    let inner = Arc::new(MemoryStore::new());
    let store = Gated::new(inner.clone(), gate.clone());
    let info = TraceInfo::new(trace(), ExperimentId::DEFAULT, TimestampMs::from_millis(1));
    for _ in 0..2 {
        assert!(store.start_trace(info.clone()).await.is_err());
        assert!(inner.trace_info(trace()).await.unwrap().is_none());
    }
    for _ in 0..2 {
        store.start_trace(info.clone()).await.unwrap();
    }
    assert_eq!(gate.0.load(Ordering::SeqCst), 3);
}

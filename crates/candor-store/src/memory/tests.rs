#[cfg(feature = "conformance")]
mod conformance {
    use std::sync::Arc;

    use crate::MemoryStore;

    async fn open() -> Arc<MemoryStore> {
        Arc::new(MemoryStore::new())
    }

    crate::tracking_store_conformance!(open);
}

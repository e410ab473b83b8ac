use std::sync::Arc;
use std::time::Duration;

use candor_context::{Tracer, TracerBuilder};
use candor_filter::TraceFilter;
use candor_model::{ExperimentId, Span, Trace, TraceId};
use candor_store::{MemoryStore, TraceQuery, TrackingStore};

/// Long enough for a slow machine; nothing waits for it to pass.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A tracer and the store that it exports to.
pub(crate) struct Service {
    pub(crate) tracer: Tracer,
    pub(crate) store: Arc<MemoryStore>,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(settings: impl FnOnce(TracerBuilder) -> TracerBuilder) -> Self {
        let store = Arc::new(MemoryStore::new());
        let tracer = settings(Tracer::builder(store.clone())).build().unwrap();
        Self { tracer, store }
    }

    pub(crate) async fn trace(&self, id: TraceId) -> Trace {
        self.find(id).await.unwrap()
    }

    pub(crate) async fn find(&self, id: TraceId) -> Option<Trace> {
        self.tracer.flush(DEADLINE).await.unwrap();
        self.store.get_traces(&[id], true).await.unwrap().pop()
    }

    pub(crate) async fn traces(&self) -> Vec<Trace> {
        self.tracer.flush(DEADLINE).await.unwrap();
        all_traces(&*self.store).await
    }
}

pub(crate) async fn all_traces(store: &dyn TrackingStore) -> Vec<Trace> {
    let query = TraceQuery {
        experiments: vec![ExperimentId::DEFAULT],
        filter: TraceFilter::parse("").unwrap(),
        order_by: Vec::new(),
        max_results: 100_000,
        page_token: None,
    };
    let ids: Vec<TraceId> =
        store.search_traces(&query).await.unwrap().items.into_iter().map(|info| info.trace_id).collect();
    store.get_traces(&ids, true).await.unwrap()
}

/// The span of that name, of which there is one.
pub(crate) fn named<'a>(trace: &'a Trace, name: &str) -> &'a Span {
    let found: Vec<&Span> = trace.spans.iter().filter(|span| span.name == name).collect();
    assert_eq!(found.len(), 1, "{name} among {:?}", trace.spans);
    found[0]
}

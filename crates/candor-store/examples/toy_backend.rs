//! A back end in one file: a journal of every write, and a store in memory that is made of it.
//!
//! `cargo run -p candor-store --example toy_backend --features conformance` runs the conformance
//! suite on it, and opens every store a second time from its journal to see that nothing is lost.
//!
//! The journal works because the contract keeps clocks and randomness out of stores: the same calls
//! in the same order make the same contents. A real back end would write it to a disk.

use std::fmt;
use std::sync::Arc;

use candor_model::{Assessment, AssessmentId, Experiment, ExperimentId, TimestampMs, Trace, TraceId, TraceInfo};
use candor_store::conformance::{self, block_on};
use candor_store::target::Resolved;
use candor_store::{
    AssessmentUpdate, Capabilities, DynTrackingStore, ExperimentChange, ExperimentKey, ExperimentQuery, Gaps, Logged,
    MemoryStore, Missing, NewAssessment, NewExperiment, Page, PendingFeedback, PendingQuery, Result, SpanBatch,
    StoreError, TagChange, Target, TraceLink, TraceQuery, TraceSelection, TrackingStore, WhenMissing, async_trait,
};
use tokio::sync::Mutex;

/// One write, as it was asked for.
#[derive(Clone)]
enum Entry {
    CreateExperiment(NewExperiment),
    UpdateExperiment(ExperimentId, ExperimentChange, TimestampMs),
    StartTraces(Vec<TraceInfo>),
    LogSpans(SpanBatch),
    UpdateTraceTag(TraceId, TagChange),
    DeleteTraces(ExperimentId, TraceSelection),
    LinkTraces(Vec<TraceId>, TraceLink),
    LogAssessments(Vec<NewAssessment>),
    UpdateAssessment(TraceId, AssessmentId, AssessmentUpdate, TimestampMs),
    DeleteAssessment(TraceId, AssessmentId),
}

struct ToyStore {
    /// What readers see: the journal's entries, applied.
    view: MemoryStore,
    /// Locked through each write, so that its order is the order in which the view changed.
    journal: Mutex<Vec<Entry>>,
}

impl ToyStore {
    /// A store that holds what the journal says.
    async fn open(journal: Vec<Entry>) -> Result<Self> {
        let store = Self { view: MemoryStore::new(), journal: Mutex::new(Vec::new()) };
        for entry in journal {
            store.replay(entry).await?;
        }
        Ok(store)
    }

    async fn replay(&self, entry: Entry) -> Result<()> {
        match entry {
            Entry::CreateExperiment(new) => self.create_experiment(new).await.map(drop),
            Entry::UpdateExperiment(id, change, at) => self.update_experiment(id, change, at).await,
            Entry::StartTraces(infos) => self.start_traces(infos).await.map(drop),
            Entry::LogSpans(batch) => self.log_spans(batch).await,
            Entry::UpdateTraceTag(id, change) => self.update_trace_tag(id, change).await,
            Entry::DeleteTraces(experiment, selection) => self.delete_traces(experiment, selection).await.map(drop),
            Entry::LinkTraces(ids, link) => self.link_traces(&ids, link).await,
            Entry::LogAssessments(items) => self.log_assessments(items).await.map(drop),
            Entry::UpdateAssessment(trace, id, update, at) => {
                self.update_assessment(trace, id, update, at).await.map(drop)
            }
            Entry::DeleteAssessment(trace, id) => self.delete_assessment(trace, id).await.map(drop),
        }
    }

    /// Applies a write and, if it was accepted, remembers it; what is refused has changed nothing.
    async fn write<T>(&self, entry: Entry, apply: impl Future<Output = Result<T>>) -> Result<T> {
        let mut journal = self.journal.lock().await;
        let answer = apply.await?;
        journal.push(entry);
        Ok(answer)
    }
}

/// The methods without a default; counts are taken by the default, page by page.
#[async_trait]
impl TrackingStore for ToyStore {
    fn capabilities(&self) -> Capabilities {
        // Gaps are declared, and refused where they are asked for: see `log_assessments`.
        Capabilities { backend: "toy", durable: false, holds_feedback: false, gaps: Gaps::default() }
    }

    async fn create_experiment(&self, new: NewExperiment) -> Result<ExperimentId> {
        self.write(Entry::CreateExperiment(new.clone()), self.view.create_experiment(new)).await
    }

    async fn get_experiment(&self, key: &ExperimentKey) -> Result<Option<Experiment>> {
        self.view.get_experiment(key).await
    }

    async fn search_experiments(&self, query: &ExperimentQuery) -> Result<Page<Experiment>> {
        self.view.search_experiments(query).await
    }

    async fn update_experiment(&self, id: ExperimentId, change: ExperimentChange, at: TimestampMs) -> Result<()> {
        let entry = Entry::UpdateExperiment(id, change.clone(), at);
        self.write(entry, self.view.update_experiment(id, change, at)).await
    }

    async fn start_traces(&self, infos: Vec<TraceInfo>) -> Result<Vec<Result<TraceInfo>>> {
        self.write(Entry::StartTraces(infos.clone()), self.view.start_traces(infos)).await
    }

    async fn log_spans(&self, batch: SpanBatch) -> Result<()> {
        self.write(Entry::LogSpans(batch.clone()), self.view.log_spans(batch)).await
    }

    async fn get_traces(&self, ids: &[TraceId], with_spans: bool) -> Result<Vec<Trace>> {
        self.view.get_traces(ids, with_spans).await
    }

    async fn search_traces(&self, query: &TraceQuery) -> Result<Page<TraceInfo>> {
        self.view.search_traces(query).await
    }

    async fn update_trace_tag(&self, id: TraceId, change: TagChange) -> Result<()> {
        self.write(Entry::UpdateTraceTag(id, change.clone()), self.view.update_trace_tag(id, change)).await
    }

    async fn delete_traces(&self, experiment: ExperimentId, selection: TraceSelection) -> Result<u64> {
        let entry = Entry::DeleteTraces(experiment, selection.clone());
        self.write(entry, self.view.delete_traces(experiment, selection)).await
    }

    async fn link_traces(&self, ids: &[TraceId], link: TraceLink) -> Result<()> {
        self.write(Entry::LinkTraces(ids.to_vec(), link.clone()), self.view.link_traces(ids, link)).await
    }

    async fn resolve_target(&self, target: &Target) -> Result<Option<Resolved>> {
        self.view.resolve_target(target).await
    }

    async fn log_assessments(&self, mut items: Vec<NewAssessment>) -> Result<Vec<Result<Logged>>> {
        let holds: Vec<bool> = items.iter().map(|item| item.when_missing == WhenMissing::Hold).collect();
        for item in &mut items {
            item.when_missing = WhenMissing::Fail;
        }
        let entry = Entry::LogAssessments(items.clone());
        let answers = self.write(entry, self.view.log_assessments(items)).await?;
        let declared = |(answer, hold): (Result<Logged>, bool)| match answer {
            Err(StoreError::NotFound(Missing::Trace(_) | Missing::Target(_))) if hold => {
                Err(StoreError::Unsupported { backend: "toy", operation: "hold feedback" })
            }
            answer => answer,
        };
        Ok(answers.into_iter().zip(holds).map(declared).collect())
    }

    async fn update_assessment(
        &self,
        trace: TraceId,
        id: AssessmentId,
        update: AssessmentUpdate,
        at: TimestampMs,
    ) -> Result<Assessment> {
        let entry = Entry::UpdateAssessment(trace, id, update.clone(), at);
        self.write(entry, self.view.update_assessment(trace, id, update, at)).await
    }

    async fn delete_assessment(&self, trace: TraceId, id: AssessmentId) -> Result<bool> {
        self.write(Entry::DeleteAssessment(trace, id), self.view.delete_assessment(trace, id)).await
    }

    async fn pending_feedback(&self, query: &PendingQuery) -> Result<Page<PendingFeedback>> {
        self.view.pending_feedback(query).await
    }
}

impl fmt::Debug for ToyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToyStore").field("view", &self.view).finish_non_exhaustive()
    }
}

/// Every trace of the store, with spans.
async fn contents(store: &DynTrackingStore) -> Result<Vec<Trace>> {
    let all = (0..100).filter_map(ExperimentId::new).collect();
    let query = TraceQuery {
        experiments: all,
        filter: Default::default(),
        order_by: Vec::new(),
        max_results: usize::MAX,
        page_token: None,
    };
    let ids: Vec<TraceId> = store.search_traces(&query).await?.items.iter().map(|info| info.trace_id).collect();
    store.get_traces(&ids, true).await
}

fn main() -> Result<()> {
    for case in conformance::cases() {
        block_on(async {
            let store = Arc::new(ToyStore::open(Vec::new()).await?);
            (case.run)(&*store).await; // panics when a promise is broken
            let journal = store.journal.lock().await.clone();
            let reopened = ToyStore::open(journal).await?;
            assert_eq!(
                contents(&*store).await?,
                contents(&reopened).await?,
                "{}: the journal lost something",
                case.name
            );
            println!("passed: {}", case.name);
            Ok::<(), StoreError>(())
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn open() -> Arc<ToyStore> {
        Arc::new(ToyStore::open(Vec::new()).await.unwrap())
    }

    candor_store::tracking_store_conformance!(open);
}

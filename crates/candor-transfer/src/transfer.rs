use std::collections::HashMap;

use candor_filter::{OrderBy, OrderKey, TraceFilter};
use candor_model::{Experiment, ExperimentName, Trace, TraceId};
use candor_store::{DynTrackingStore, Page, Result, StatsQuery, TimeAxis, TimeRange, TraceQuery};

use crate::TransferError;
use crate::experiments::named;

/// The traces that are read, compared and written together.
pub(crate) const PAGE: usize = 100;

/// A source, a target, and what is to be moved from one to the other.
#[derive(Clone, Debug)]
pub struct Transfer<'a> {
    pub(crate) from: &'a DynTrackingStore,
    pub(crate) to: &'a DynTrackingStore,
    experiments: Vec<ExperimentName>,
}

impl<'a> Transfer<'a> {
    /// Everything that `from` has is to be in `to`.
    pub fn new(from: &'a DynTrackingStore, to: &'a DynTrackingStore) -> Self {
        Self { from, to, experiments: Vec::new() }
    }

    /// Leaves out all experiments but these; none means all, the deleted ones too.
    #[must_use]
    pub fn only(mut self, experiments: Vec<ExperimentName>) -> Self {
        self.experiments = experiments;
        self
    }

    /// The experiments to be moved, oldest first.
    pub(crate) async fn sources(&self) -> Result<Vec<Experiment>, TransferError> {
        named(self.from, &self.experiments).await
    }

    /// The traces with all that either side knows of them, the target's by id.
    pub(crate) async fn both_sides(
        &self,
        ids: &[TraceId],
    ) -> Result<(Vec<Trace>, HashMap<TraceId, Trace>), TransferError> {
        let sources = whole(self.from, ids).await.map_err(TransferError::Source)?;
        let targets = whole(self.to, ids).await.map_err(TransferError::Target)?;
        Ok((sources, targets.into_iter().map(|trace| (trace.info.trace_id, trace)).collect()))
    }

    /// Whether the choice of experiments leaves nothing out.
    pub(crate) fn is_everything(&self) -> bool {
        self.experiments.is_empty()
    }

    /// The number of traces in the experiments.
    pub(crate) async fn count(&self, experiments: &[Experiment]) -> Result<u64, TransferError> {
        let query = StatsQuery {
            experiments: Some(experiments.iter().map(|experiment| experiment.id).collect()),
            range: TimeRange::default(),
            axis: TimeAxis::Trace,
            source_types: Vec::new(),
        };
        Ok(self.from.feedback_stats(&query).await.map_err(TransferError::Source)?.traces)
    }
}

/// One page of an experiment's traces, oldest first, so that those that come meanwhile are met at the end.
pub(crate) async fn page_of_ids(
    store: &DynTrackingStore,
    experiment: &Experiment,
    page_token: Option<String>,
) -> Result<Page<TraceId>> {
    let query = TraceQuery {
        experiments: vec![experiment.id],
        filter: TraceFilter::default(),
        order_by: vec![OrderBy { key: OrderKey::TimestampMs, descending: false }],
        max_results: PAGE,
        page_token,
    };
    let page = store.search_traces(&query).await?;
    let items = page.items.into_iter().map(|info| info.trace_id).collect();
    Ok(Page { items, next_page_token: page.next_page_token })
}

async fn whole(store: &DynTrackingStore, ids: &[TraceId]) -> Result<Vec<Trace>> {
    if ids.is_empty() { Ok(Vec::new()) } else { store.get_traces(ids, true).await }
}

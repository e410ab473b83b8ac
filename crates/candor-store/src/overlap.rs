use std::collections::HashSet;

use candor_filter::TraceFilter;
use candor_model::{ExperimentId, TraceId};

use crate::stats::paging::each_trace;
use crate::{Result, TrackingStore};

/// How far two filters find the same traces.
#[derive(Clone, Debug, PartialEq)]
pub struct OverlapQuery {
    /// The experiments.
    pub experiments: Vec<ExperimentId>,
    /// What the total is made of; every trace for the empty filter.
    pub universe: TraceFilter,
    /// One filter; what it finds should be in the universe.
    pub first: TraceFilter,
    /// The other.
    pub second: TraceFilter,
}

/// Numbers of traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Overlap {
    /// Those of the universe.
    pub total: u64,
    /// Those of the first filter.
    pub first: u64,
    /// Those of the second.
    pub second: u64,
    /// Those of both.
    pub both: u64,
}

/// Counts by finding all of them.
pub(crate) async fn by_paging<S: TrackingStore + ?Sized>(store: &S, query: &OverlapQuery) -> Result<Overlap> {
    let total = ids(store, query, &query.universe).await?;
    let first = ids(store, query, &query.first).await?;
    let second = ids(store, query, &query.second).await?;
    let both = first.intersection(&second).count() as u64;
    Ok(Overlap { total: total.len() as u64, first: first.len() as u64, second: second.len() as u64, both })
}

async fn ids<S: TrackingStore + ?Sized>(
    store: &S,
    query: &OverlapQuery,
    filter: &TraceFilter,
) -> Result<HashSet<TraceId>> {
    let mut ids = HashSet::new();
    let collect = |trace: &candor_model::Trace| ids.extend([trace.info.trace_id]);
    each_trace(store, query.experiments.clone(), filter.clone(), false, collect).await?;
    Ok(ids)
}

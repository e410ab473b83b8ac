//! Counting for back ends that cannot count: every trace that may matter is read, page by page.

use candor_filter::{ExperimentFilter, TraceFilter};
use candor_model::{ExperimentId, Trace};

use super::{FeedbackStats, SegmentKey, SegmentQuery, Segments, SeriesQuery, StatsQuery, TimeAxis, ValueCounts};
use crate::{ExperimentQuery, ExperimentView, Result, StoreError, TraceQuery, TrackingStore};

/// The longest page that MLflow's servers give.
const PAGE: usize = 500;

pub(crate) async fn stats<S: TrackingStore + ?Sized>(store: &S, query: &StatsQuery) -> Result<FeedbackStats> {
    let mut stats = FeedbackStats::default();
    for_each(store, query, false, |trace| stats.add(&trace.info, query)).await?;
    Ok(stats)
}

pub(crate) async fn series<S: TrackingStore + ?Sized>(store: &S, query: &SeriesQuery) -> Result<Vec<FeedbackStats>> {
    let mut series = query.empty();
    for_each(store, &query.whole(), false, |trace| query.add(&trace.info, &mut series)).await?;
    Ok(series)
}

pub(crate) async fn values<S: TrackingStore + ?Sized>(store: &S, query: &StatsQuery) -> Result<ValueCounts> {
    let mut values = ValueCounts::default();
    for_each(store, query, false, |trace| values.add(&trace.info, query)).await?;
    Ok(values)
}

pub(crate) async fn segments<S: TrackingStore + ?Sized>(store: &S, query: &SegmentQuery) -> Result<Segments> {
    if query.by == SegmentKey::Prompt {
        let backend = store.capabilities().backend;
        return Err(StoreError::Unsupported { backend, operation: "tell which prompt versions a trace is linked to" });
    }
    let mut segments = Segments::default();
    let with_spans = query.by == SegmentKey::Model;
    for_each(store, &query.stats, with_spans, |trace| segments.add(trace, [], query)).await?;
    Ok(segments)
}

/// Shows every trace whose feedback may count, with spans only if asked for.
pub(crate) async fn for_each<S: TrackingStore + ?Sized>(
    store: &S,
    query: &StatsQuery,
    with_spans: bool,
    visit: impl FnMut(&Trace) + Send,
) -> Result<()> {
    let filter = match query.axis {
        TimeAxis::Trace => TraceFilter::parse(&query.range.filter_text())?,
        TimeAxis::Feedback => TraceFilter::default(), // any trace may have been judged in the period
    };
    let experiments = match &query.experiments {
        Some(ids) => ids.clone(),
        None => all_experiments(store).await?,
    };
    each_trace(store, experiments, filter, with_spans, visit).await
}

/// Shows every trace of the experiments that fits, with spans only if asked for.
pub(crate) async fn each_trace<S: TrackingStore + ?Sized>(
    store: &S,
    experiments: Vec<ExperimentId>,
    filter: TraceFilter,
    with_spans: bool,
    mut visit: impl FnMut(&Trace) + Send,
) -> Result<()> {
    let mut query = TraceQuery { experiments, filter, order_by: Vec::new(), max_results: PAGE, page_token: None };
    loop {
        let page = store.search_traces(&query).await?;
        let traces = match with_spans {
            true => {
                let ids: Vec<_> = page.items.iter().map(|info| info.trace_id).collect();
                store.get_traces(&ids, true).await?
            }
            false => page.items.into_iter().map(|info| Trace { info, spans: Vec::new() }).collect(),
        };
        traces.iter().for_each(&mut visit);
        match page.next_page_token {
            Some(token) => query.page_token = Some(token),
            None => return Ok(()),
        }
    }
}

/// The ids of all experiments, deleted ones too.
pub(crate) async fn all_experiments<S: TrackingStore + ?Sized>(store: &S) -> Result<Vec<ExperimentId>> {
    let mut ids = Vec::new();
    let mut query = ExperimentQuery {
        view: ExperimentView::All,
        filter: ExperimentFilter::default(),
        order_by: Vec::new(),
        max_results: PAGE,
        page_token: None,
    };
    loop {
        let page = store.search_experiments(&query).await?;
        ids.extend(page.items.iter().map(|experiment| experiment.id));
        match page.next_page_token {
            Some(token) => query.page_token = Some(token),
            None => return Ok(ids),
        }
    }
}

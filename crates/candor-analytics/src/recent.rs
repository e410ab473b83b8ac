use candor_filter::TraceFilter;
use candor_model::{ExperimentId, ExperimentName, TimestampMs, TraceInfo};
use candor_store::{ExperimentKey, Page, StoreError, TraceQuery, TrackingStore};

use crate::AnalyticsError;
use crate::options::hours_before;

/// The traces of an experiment that started after a point in time, newest first, with their feedback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecentTraces {
    /// The experiment.
    pub experiment: ExperimentId,
    /// Traces of this very millisecond are not among them.
    pub after: TimestampMs,
}

impl RecentTraces {
    /// The experiment's traces of the `hours` hours before `now`, open to the future.
    pub fn of_last_hours(experiment: ExperimentId, hours: u32, now: TimestampMs) -> Self {
        Self { experiment, after: hours_before(hours, now) }
    }

    /// One page of them, `max_results` traces at most.
    ///
    /// # Errors
    /// Those of the store, [`StoreError::PageToken`] for a token of another query among them.
    pub async fn page<S: TrackingStore + ?Sized>(
        &self,
        store: &S,
        max_results: usize,
        page_token: Option<String>,
    ) -> Result<Page<TraceInfo>, StoreError> {
        let query = TraceQuery {
            experiments: vec![self.experiment],
            filter: TraceFilter::parse(&format!("trace.timestamp_ms > {}", self.after.as_millis()))?,
            order_by: Vec::new(),
            max_results,
            page_token,
        };
        store.search_traces(&query).await
    }

    /// All of them, however many pages they fill.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn all<S: TrackingStore + ?Sized>(&self, store: &S) -> Result<Vec<TraceInfo>, StoreError> {
        const PAGE: usize = 500;
        let mut traces = Vec::new();
        let mut token = None;
        loop {
            let page = self.page(store, PAGE, token).await?;
            traces.extend(page.items);
            token = page.next_page_token;
            if token.is_none() {
                return Ok(traces);
            }
        }
    }
}

/// All traces of the named experiment of the `hours` hours before `now`, newest first.
///
/// # Errors
/// [`AnalyticsError::UnknownExperiment`]; [`AnalyticsError::Store`] for those of the store.
pub async fn recent_traces<S: TrackingStore + ?Sized>(
    store: &S,
    experiment: &ExperimentName,
    hours: u32,
    now: TimestampMs,
) -> Result<Vec<TraceInfo>, AnalyticsError> {
    let experiment = experiment_named(store, experiment).await?;
    Ok(RecentTraces::of_last_hours(experiment, hours, now).all(store).await?)
}

/// The id of the experiment of that name.
///
/// # Errors
/// [`AnalyticsError::UnknownExperiment`]; [`AnalyticsError::Store`] for those of the store.
pub async fn experiment_named<S: TrackingStore + ?Sized>(
    store: &S,
    name: &ExperimentName,
) -> Result<ExperimentId, AnalyticsError> {
    let experiment = store.get_experiment(&ExperimentKey::Name(name.clone())).await?;
    experiment.map(|experiment| experiment.id).ok_or_else(|| AnalyticsError::UnknownExperiment(name.clone()))
}

//! Forgetting what is old, once an hour.

use std::sync::Weak;
use std::time::Duration;

use candor::filter::ExperimentFilter;
use candor::model::{DurationMs, TimestampMs};
use candor::postgres::PostgresStore;
use candor::store::{Clock, DynTrackingStore, ExperimentQuery, ExperimentView, Result, SystemClock, TraceSelection};

const PERIOD: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// How many traces are deleted in one write, so that others get their turn.
const LOT: u32 = 1000;

/// Prepares the months to come, and drops those that ended so many days ago.
pub(super) fn keep_months(store: Weak<PostgresStore>, days: Option<u32>) {
    tokio::spawn(async move {
        let mut hours = tokio::time::interval(PERIOD);
        loop {
            hours.tick().await;
            let Some(store) = store.upgrade() else { return };
            tell(store.prepare_partitions().await);
            if let Some(days) = days {
                tell(store.retain(DAY * days).await.map(drop));
            }
        }
    });
}

/// Deletes traces that are so many days old.
pub(super) fn keep_days(store: Weak<DynTrackingStore>, days: u32) {
    tokio::spawn(async move {
        let age = DurationMs::from_millis((DAY * days).as_millis() as i64);
        let mut hours = tokio::time::interval(PERIOD);
        loop {
            hours.tick().await;
            let Some(store) = store.upgrade() else { return };
            tell(delete_until(store.as_ref(), SystemClock.now().minus(age)).await);
        }
    });
}

fn tell(outcome: Result<()>) {
    if let Err(error) = outcome {
        tracing::warn!(error = &error as &dyn std::error::Error, "old traces are kept until the next attempt");
    }
}

async fn delete_until(store: &DynTrackingStore, max_request_time: TimestampMs) -> Result<()> {
    let mut query = ExperimentQuery {
        view: ExperimentView::All,
        filter: ExperimentFilter::default(),
        order_by: Vec::new(),
        max_results: 1000,
        page_token: None,
    };
    loop {
        let page = store.search_experiments(&query).await?;
        for experiment in page.items {
            let oldest = TraceSelection::Until { max_request_time, max_traces: Some(LOT) };
            while store.delete_traces(experiment.id, oldest.clone()).await? == u64::from(LOT) {}
        }
        match page.next_page_token {
            Some(token) => query.page_token = Some(token),
            None => return Ok(()),
        }
    }
}

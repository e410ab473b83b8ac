//! What the server counts, for Prometheus to fetch at `/metrics`.

use std::time::Duration;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusBuilder;

/// Bounds of the buckets that durations fall into, in seconds.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// How often what was measured is put into its buckets when nobody asks.
const UPKEEP: Duration = Duration::from_secs(5);

/// Begins to collect, and returns the route that shows what was collected.
///
/// What is opened before this is not described and not counted.
pub(super) fn install() -> anyhow::Result<Router> {
    let handle = PrometheusBuilder::new().set_buckets(&SECONDS)?.install_recorder()?;
    let upkeep = handle.clone();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(UPKEEP);
        loop {
            ticks.tick().await;
            upkeep.run_upkeep();
        }
    });
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    Ok(Router::new().route("/metrics", get(async move || ([(header::CONTENT_TYPE, content_type)], handle.render()))))
}

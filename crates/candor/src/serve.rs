mod chat;
mod metrics;
mod retention;
mod spool;
mod store;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use candor::analytics::experiment_named;
use candor::http::feedback::{Category, Dimension, FeedbackConfig};
use candor::http::{ApiState, server};
use candor::model::ExperimentId;
use candor::store::DynTrackingStore;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::cli::{LogFormat, ServeArguments};

/// How long requests under way may go on once the server was told to stop.
const GRACE: Duration = Duration::from_secs(20);

pub(crate) async fn run(arguments: ServeArguments) -> anyhow::Result<ExitCode> {
    start_logs(arguments.log_format);
    // The port first: a taken one must not create a database.
    let address = (arguments.host, arguments.port);
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {}:{}", arguments.host, arguments.port))?;
    let metrics = metrics::install().context("cannot collect metrics")?;
    let store = store::open(&arguments).await?;
    let state = ApiState::new(Arc::clone(&store));
    let closing = state.closing.clone();
    let chat = chat::open(&arguments, &store).await?;
    let more = chat
        .as_ref()
        .map(chat::Chat::router)
        .unwrap_or_default()
        .merge(metrics)
        .merge(spool::router(store::spool_file(&arguments)));
    let app = app(&arguments, state, more).await?;

    let greeting =
        format!("Candor listens on http://{}\nEverything is kept in {}\n", listener.local_addr()?, arguments.store.url);
    // Whoever started the server may have closed its output, which is no reason to stop.
    let _ = std::io::stdout().write_all(greeting.as_bytes());
    let stop = stop_signal()?;
    let stop = async move {
        stop.await;
        closing.begin();
    };
    server::serve(listener, app, stop, GRACE).await?;
    if let Some(chat) = chat {
        chat.close().await;
    }
    store.close().await.context("cannot close the store")?;
    Ok(ExitCode::SUCCESS)
}

async fn app(arguments: &ServeArguments, state: ApiState, more: axum::Router) -> anyhow::Result<axum::Router> {
    let limits = server::Limits {
        body_bytes: arguments.body_bytes(),
        request_timeout: arguments.timeout(),
        ..server::Limits::default()
    };
    let feedback = FeedbackConfig {
        experiment: match &arguments.experiment {
            Some(name) => Some(experiment_id(&state.store, name).await?),
            None => None,
        },
        strict: arguments.strict,
        dimensions: arguments
            .dimensions
            .iter()
            .map(|name| Dimension::new(name, 1, 5))
            .collect::<Result<_, _>>()
            .context("--dimensions")?,
        categories: arguments
            .categories
            .iter()
            .map(|text| Category::new(text))
            .collect::<Result<_, _>>()
            .context("--categories")?,
        orphan_after: Duration::from_secs(u64::from(arguments.orphan_hours) * 3600),
        ..FeedbackConfig::default()
    };
    Ok(server::app_with(state, feedback, limits, arguments.allowed_origins.clone(), more))
}

async fn experiment_id(store: &Arc<DynTrackingStore>, name: &str) -> anyhow::Result<ExperimentId> {
    let name = name.parse().context("--experiment")?;
    experiment_named(store.as_ref(), &name).await.context("--experiment")
}

fn start_logs(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => logs.init(),
        LogFormat::Json => logs.json().init(),
    }
}

/// Ends at Ctrl-C or `kill`.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping: finishing what was accepted");
    })
}

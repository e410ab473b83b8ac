//! The store that a server works on, with what stands around it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use candor::mlflow::ConnectError;
use candor::postgres::PostgresStore;
use candor::spool::{Spool, SpoolOptions};
use candor::store::DynTrackingStore;
use candor::store::decorators::Metered;
use candor::{StoreOptions, StoreUrl};

use super::retention;
use crate::cli::{DEFAULT_SPOOL, ServeArguments};

/// Opens the store, metered, and behind a spool if it is a remote one.
///
/// A server of a version that does not work is refused at once. One that is away is waited for if
/// there is a spool, since nothing is lost meanwhile.
pub(super) async fn open(arguments: &ServeArguments) -> anyhow::Result<Arc<DynTrackingStore>> {
    let url = &arguments.store.url;
    let cannot_open = || format!("cannot open {url}");
    let server = url.mlflow().with_context(cannot_open)?;
    let options = StoreOptions { queue: arguments.queue as usize, ..arguments.store.options() };
    let store = match url {
        StoreUrl::Postgres(database) => {
            let store = Arc::new(PostgresStore::connect(database.options(options)).await.with_context(cannot_open)?);
            retention::keep_months(Arc::downgrade(&store), arguments.retain_days);
            store
        }
        url => url.open(options).await.with_context(cannot_open)?,
    };
    let store: Arc<DynTrackingStore> = Arc::new(Metered::new(store));
    match (url, arguments.retain_days) {
        (StoreUrl::Sqlite(_) | StoreUrl::Memory, Some(days)) => retention::keep_days(Arc::downgrade(&store), days),
        (StoreUrl::Mlflow(_), Some(_)) => bail!("--retain-days is not for MLflow servers, which have their own rules"),
        _ => {}
    }
    let Some(server) = server else {
        if arguments.spool.is_some() {
            bail!("--spool is for remote stores; {url} is as durable as a spool");
        }
        return Ok(store);
    };
    match server.check_version().await {
        Ok(()) => {}
        Err(error @ ConnectError::Unreachable { .. }) if !arguments.no_spool => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the back end is down; writes are spooled");
        }
        Err(error) => return Err(error).with_context(cannot_open),
    }
    match spool_file(arguments) {
        None => Ok(store),
        Some(path) => spooled(arguments, &path, store),
    }
}

/// The spool's file, if the server uses one.
pub(super) fn spool_file(arguments: &ServeArguments) -> Option<PathBuf> {
    let is_remote = matches!(arguments.store.url, StoreUrl::Mlflow(_));
    let file = || arguments.spool.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_SPOOL));
    (is_remote && !arguments.no_spool).then(file)
}

fn spooled(
    arguments: &ServeArguments,
    path: &Path,
    store: Arc<DynTrackingStore>,
) -> anyhow::Result<Arc<DynTrackingStore>> {
    let mut options = SpoolOptions::default();
    options.max_entries = arguments.spool_entries;
    options.max_bytes = arguments.spool_mib.saturating_mul(1 << 20);
    options.trace_deadline = Duration::from_secs(u64::from(arguments.orphan_hours) * 3600);
    let spool =
        Spool::open(path, store, options).with_context(|| format!("cannot open the spool {}", path.display()))?;
    Ok(Arc::new(spool))
}

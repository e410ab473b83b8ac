//! Stores behind somebody else's server.

use std::sync::Arc;
use std::time::Duration;

use candor_mlflow::{MlflowOptions, MlflowStore, OptionsError};
use candor_store::decorators::{Gate, Gated};
use candor_store::{Result, StoreError, async_trait};

/// Shorter than a request to Candor may take; `MLFLOW_HTTP_REQUEST_TIMEOUT` says otherwise.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Outages are the spool's business, and it should learn of them soon; `MLFLOW_HTTP_REQUEST_MAX_RETRIES`
/// says otherwise.
const RETRIES: usize = 1;
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The server at `url`, with what MLflow's variables say of it; it is not asked anything yet.
pub(crate) fn server(url: &str) -> Result<MlflowStore, OptionsError> {
    let mut options = MlflowOptions::from_env_at(url)?;
    let is_unset = |name| std::env::var_os(name).is_none_or(|value| value.is_empty());
    if is_unset("MLFLOW_HTTP_REQUEST_TIMEOUT") {
        options = options.timeout(TIMEOUT);
    }
    if is_unset("MLFLOW_HTTP_REQUEST_MAX_RETRIES") {
        options = options.retries(RETRIES, FIRST_PAUSE);
    }
    MlflowStore::lazy(&options)
}

/// Asks for the version before the first call.
pub(crate) fn gated(server: MlflowStore) -> Gated<MlflowStore> {
    Gated::new(Arc::new(server.clone()), Version(server))
}

#[derive(Debug)]
struct Version(MlflowStore);

#[async_trait]
impl Gate for Version {
    async fn check(&self) -> Result<()> {
        let wrong = |error| StoreError::Unavailable { backend: "mlflow", source: Box::new(error) };
        self.0.check_version().await.map_err(wrong)
    }
}

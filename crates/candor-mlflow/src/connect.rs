use std::fmt;
use std::sync::Arc;

use crate::client::Client;
use crate::store::locks::{KnownExperiments, TraceLocks};
use crate::{ConnectError, MlflowOptions, OptionsError, version};

/// A tracking store that is an MLflow server.
///
/// Cloning it clones a handle: the connections are shared.
#[derive(Clone)]
pub struct MlflowStore {
    pub(crate) client: Client,
    pub(crate) locks: Arc<TraceLocks>,
    pub(crate) experiments: Arc<KnownExperiments>,
}

impl MlflowStore {
    /// Connects to a server and makes sure that it is one that works.
    ///
    /// # Errors
    /// [`ConnectError`] says what was found, what is needed, and what to do.
    pub async fn connect(options: MlflowOptions) -> Result<Self, ConnectError> {
        let store = Self::lazy(&options)?;
        if options.check_version {
            store.check_version().await?;
        }
        Ok(store)
    }

    /// A store that has not looked at its server yet, for services that start while it is down.
    ///
    /// # Errors
    /// [`OptionsError`] names the option that cannot be used.
    pub fn lazy(options: &MlflowOptions) -> Result<Self, OptionsError> {
        Ok(Self { client: Client::new(options)?, locks: Arc::default(), experiments: Arc::default() })
    }

    /// Asks the server which version it is, then whether it lets us in: it tells its version to anybody.
    ///
    /// # Errors
    /// [`ConnectError::Unreachable`], [`ConnectError::Denied`] and [`ConnectError::Version`].
    pub async fn check_version(&self) -> Result<(), ConnectError> {
        version::check(&self.client).await?;
        let answer = self.client.get_text("/api/2.0/mlflow/experiments/search?max_results=1").await;
        answer.map(drop).map_err(|error| ConnectError::asking(self.url(), error))
    }

    /// The server's address, without credentials.
    pub fn url(&self) -> &str {
        self.client.url()
    }
}

impl fmt::Debug for MlflowStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MlflowStore").field("url", &self.url()).finish_non_exhaustive()
    }
}

//! Connecting to real MLflow servers: who is let in, whom the client trusts, which versions work.

mod example;
mod signing_in;
mod tls;
mod versions;

use std::error::Error;

use candor_mlflow::{ConnectError, MlflowOptions, MlflowStore};
use candor_store::conformance::block_on;

fn connect(options: MlflowOptions) -> Result<MlflowStore, ConnectError> {
    block_on(MlflowStore::connect(options.retries(0, std::time::Duration::ZERO)))
}

/// The error with its causes, as a user sees it.
fn told(error: &ConnectError) -> String {
    let causes = std::iter::successors(Some(error as &(dyn Error + 'static)), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

//! The tracking store on a real MLflow 3 server, over its REST API.
//!
//! Depend on this crate to log traces and feedback from a service to an MLflow server that is there
//! already, through the same [`TrackingStore`](candor_store::TrackingStore) that every other part
//! of Candor works on. It keeps nothing itself: while the server is down its calls fail with
//! [`StoreError::Unavailable`](candor_store::StoreError::Unavailable); `candor-spool` holds them.
//!
//! # The light install
//! A service that only logs traces and feedback needs this crate, `candor-model` and `candor-store`.
//! That is 123 packages, five of them Candor's, and no SQL and no web server among them; a test of
//! the workspace keeps them out. To count them:
//!
//! ```text
//! cargo tree -p candor-mlflow -e normal --prefix none | sed 's/ (\*)$//' | sort -u | wc -l
//! ```
//!
//! It has no features. Most of the packages, and the longest of them to compile, come with HTTPS. A
//! debug build from nothing takes about a minute on two cores.
//!
//! # Which servers
//! MLflow 3.17 or later; [`MlflowStore::connect`] refuses others and says what to do.
//! `docs/mlflow-compatibility.md` has the evidence.
//!
//! # Environment
//! [`MlflowOptions::from_env`] reads the variables of MLflow's own client, with their meaning there:
//!
//! | variable | |
//! |---|---|
//! | `MLFLOW_TRACKING_URI` | `http://…`, `https://…`, or `databricks` |
//! | `MLFLOW_TRACKING_USERNAME`, `MLFLOW_TRACKING_PASSWORD` | basic authentication; goes first |
//! | `MLFLOW_TRACKING_TOKEN` | bearer authentication |
//! | `MLFLOW_TRACKING_INSECURE_TLS` | `true` checks no certificate |
//! | `MLFLOW_TRACKING_SERVER_CERT_PATH` | PEM file with the certificates to trust |
//! | `MLFLOW_TRACKING_CLIENT_CERT_PATH` | PEM file with a certificate and its key |
//! | `MLFLOW_HTTP_REQUEST_TIMEOUT` | seconds that a request may take; 120 |
//! | `MLFLOW_HTTP_REQUEST_MAX_RETRIES` | repetitions, at most 10; 5 |
//! | `MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR` | seconds before the first repetition; half a second |
//! | `MLFLOW_HTTP_REQUEST_BACKOFF_JITTER` | seconds that chance adds at most; as long as the pause |
//! | `MLFLOW_EXPERIMENT_NAME`, `MLFLOW_EXPERIMENT_ID` | see [`MlflowOptions::experiment`]; the name goes first |
//! | `DATABRICKS_HOST`, `DATABRICKS_TOKEN` | where and who, when the URI is `databricks`; its version is not asked for |
//! | `MLFLOW_TRACKING_AUTH`, `MLFLOW_TRACKING_AWS_SIGV4` | refused: these ways to sign in are not known here |
//!
//! Fewer repetitions and shorter pauses are the default here than there. `Retry-After` is always
//! respected, up to a minute. `~/.mlflow/credentials` is not read.
//!
//! # Example
//! ```no_run
//! use candor_mlflow::{MlflowOptions, MlflowStore};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = MlflowStore::connect(MlflowOptions::new("http://127.0.0.1:5000")).await?;
//! println!("connected to {}", store.url());
//! # Ok(())
//! # }
//! ```

mod client;
mod connect;
mod env;
mod error;
mod options;
mod store;
mod version;

pub use connect::MlflowStore;
pub use error::{ConnectError, MlflowError, OptionsError};
pub use options::{DefaultExperiment, MlflowOptions};

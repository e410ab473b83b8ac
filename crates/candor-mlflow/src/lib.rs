//! The tracking store on a real MLflow 3 server, over its REST API.
//!
//! Depend on this crate to log traces and feedback from a service to an MLflow server that is there
//! already, through the same [`TrackingStore`](candor_store::TrackingStore) that every other part
//! of Candor works on. It keeps nothing itself: while the server is down its calls fail with
//! [`StoreError::Unavailable`](candor_store::StoreError::Unavailable); `candor-spool` holds them.
//! No SQL, no web server.
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
//! | `MLFLOW_EXPERIMENT_ID`, `MLFLOW_EXPERIMENT_NAME` | see [`MlflowOptions::experiment`] |
//! | `DATABRICKS_HOST`, `DATABRICKS_TOKEN` | where and who, when the URI is `databricks` |
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

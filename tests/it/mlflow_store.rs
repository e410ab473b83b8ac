//! The store over MLflow's REST API, against the real server.

mod conformance;
mod odd_traces;
mod round_trip;

use std::path::PathBuf;

use candor_mlflow::{MlflowOptions, MlflowStore};
use candor_tests::{Mlflow, python};

/// `CANDOR_MLFLOW` is the program of another version than the usual one.
fn start() -> Mlflow {
    let program = std::env::var_os("CANDOR_MLFLOW").map_or_else(|| python::venv("mlflow"), PathBuf::from);
    Mlflow::start_from(&program)
}

async fn connect(mlflow: &Mlflow) -> MlflowStore {
    MlflowStore::connect(MlflowOptions::new(mlflow.url())).await.unwrap()
}

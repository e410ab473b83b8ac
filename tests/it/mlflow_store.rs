//! The store over MLflow's REST API, against the real server.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use candor_mlflow::{MlflowOptions, MlflowStore};
use candor_store::DynTrackingStore;
use candor_store::conformance::{self, block_on};
use candor_tests::{Mlflow, python};

/// One server serves all cases, since it takes ten seconds to start; it forgets in between.
///
/// `CANDOR_CONFORMANCE_CASES` names some of them, separated by commas.
#[test]
fn mlflow_keeps_the_promises_of_a_tracking_store() {
    let mlflow = Mlflow::start_from(&program());
    let wanted = std::env::var("CANDOR_CONFORMANCE_CASES").unwrap_or_default();
    let wanted: Vec<&str> = wanted.split(',').filter(|name| !name.is_empty()).collect();
    let mut broken = Vec::new();
    let cases = conformance::cases().into_iter();
    for case in cases.filter(|case| wanted.is_empty() || wanted.contains(&case.name)) {
        mlflow.reset();
        let begun = Instant::now();
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| {
            block_on(async {
                let store: Arc<DynTrackingStore> = Arc::new(connect(&mlflow).await);
                (case.run)(&*store).await;
            });
        }));
        let took = begun.elapsed().as_secs_f64();
        println!("{} {} in {took:.1} s", if outcome.is_ok() { "ok    " } else { "BROKEN" }, case.name);
        if outcome.is_err() {
            broken.push(case.name);
        }
    }
    assert!(broken.is_empty(), "{} promises are broken: {broken:#?}", broken.len());
}

/// `CANDOR_MLFLOW` is the program of another version.
fn program() -> PathBuf {
    std::env::var_os("CANDOR_MLFLOW").map_or_else(|| python::venv("mlflow"), PathBuf::from)
}

async fn connect(mlflow: &Mlflow) -> MlflowStore {
    MlflowStore::connect(MlflowOptions::new(mlflow.url())).await.unwrap()
}

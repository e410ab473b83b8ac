//! The stock Python client sees the same through Candor as through the real MLflow server.

use std::path::Path;
use std::thread;

use candor_tests::python::{script, succeed};
use candor_tests::{Candor, Mlflow};

#[test]
fn the_python_client_works_against_candor_as_against_mlflow() {
    let folder = tempfile::tempdir().unwrap();
    let [mlflow, candor] = ["mlflow.json", "candor.json"].map(|name| folder.path().join(name));
    thread::scope(|scope| {
        scope.spawn(|| record(Mlflow::start().url(), &mlflow));
        scope.spawn(|| record(Candor::start().url(), &candor));
    });
    let compared = succeed(script("compare.py").args([&mlflow, &candor]));
    println!("{}", String::from_utf8_lossy(&compared.stdout));
}

fn record(url: &str, results: &Path) {
    succeed(script("parity.py").args(["--uri", url, "--out"]).arg(results));
}

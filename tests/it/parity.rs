//! The stock Python client sees the same through Candor as through the real MLflow server, whatever
//! Candor keeps it in.

use std::path::Path;
use std::thread;

use candor_tests::python::{script, succeed};
use candor_tests::{Candor, Mlflow, Postgres};

#[test]
fn the_python_client_works_against_candor_as_against_mlflow() {
    let folder = tempfile::tempdir().unwrap();
    let [mlflow, sqlite, postgres] =
        ["mlflow.json", "sqlite.json", "postgres.json"].map(|name| folder.path().join(name));
    let database = Postgres::start();
    thread::scope(|scope| {
        scope.spawn(|| record(Mlflow::start().url(), &mlflow));
        scope.spawn(|| record(Candor::start().url(), &sqlite));
        scope.spawn(|| record(Candor::builder().store(&database.database()).start().url(), &postgres));
    });
    for candor in [sqlite, postgres] {
        let compared = succeed(script("compare.py").args([&mlflow, &candor]));
        println!("{}: {}", candor.display(), String::from_utf8_lossy(&compared.stdout));
    }
}

fn record(url: &str, results: &Path) {
    succeed(script("parity.py").args(["--uri", url, "--out"]).arg(results));
}

use candor_mlflow::{ConnectError, MlflowOptions};
use candor_tests::python::Release;
use candor_tests::{Candor, Mlflow};

use super::connect;

#[test]
fn mlflow_2_is_refused_with_what_to_do() {
    let mlflow = Mlflow::start_from(&Release::Two.program());
    let error = connect(MlflowOptions::new(mlflow.url())).unwrap_err();
    assert!(matches!(error, ConnectError::Version { .. }), "{error:?}");
    let url = mlflow.url();
    assert_eq!(
        error.to_string(),
        format!("{url} is MLflow 2.22.4; needed is MLflow 3.17 or later, and below 4: upgrade the server")
    );
}

#[test]
fn candor_itself_counts_as_an_mlflow_that_works() {
    let candor = Candor::start();
    let store = connect(MlflowOptions::new(candor.url())).unwrap();
    assert_eq!(store.url(), candor.url());
}

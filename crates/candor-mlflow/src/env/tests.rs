use std::collections::BTreeMap;
use std::time::Duration;

use super::read;
use crate::options::Auth;
use crate::{DefaultExperiment, MlflowOptions, OptionsError};

fn from(variables: &[(&str, &str)]) -> Result<MlflowOptions, OptionsError> {
    let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
    read(|name| variables.get(name).map(|value| (*value).to_owned()))
}

const URI: (&str, &str) = ("MLFLOW_TRACKING_URI", "https://mlflow.example.org");

#[track_caller]
fn refused(variables: &[(&str, &str)], variable: &str) {
    let error = from(variables).unwrap_err();
    assert_eq!(error.field(), variable, "{error}");
}

#[test]
fn a_server_alone_is_enough() {
    let options = from(&[URI]).unwrap();
    assert_eq!(options.url, URI.1);
    assert!(options.auth.is_none());
    assert_eq!(options.timeout, Duration::from_secs(120));
}

#[test]
fn user_name_and_password_go_before_the_token() {
    let user = ("MLFLOW_TRACKING_USERNAME", "ada");
    let password = ("MLFLOW_TRACKING_PASSWORD", "s3cret");
    let token = ("MLFLOW_TRACKING_TOKEN", "t0ken");
    let both = from(&[URI, user, password, token]).unwrap();
    assert!(matches!(both.auth, Some(Auth::Basic { username, .. }) if username == "ada"));
    // As in MLflow's client, a user name without a password is passed over.
    let token_alone = from(&[URI, user, token]).unwrap();
    assert!(matches!(token_alone.auth, Some(Auth::Bearer(token)) if token.expose() == "t0ken"));
    assert!(from(&[URI, user]).unwrap().auth.is_none());
}

#[test]
fn secrets_are_not_shown() {
    for secret in [("MLFLOW_TRACKING_PASSWORD", "s3cret"), ("MLFLOW_TRACKING_TOKEN", "s3cret")] {
        let options = from(&[URI, ("MLFLOW_TRACKING_USERNAME", "ada"), secret]).unwrap();
        assert!(options.auth.is_some());
        assert!(!format!("{options:?}").contains("s3cret"), "{options:?}");
    }
}

#[test]
fn limits_are_those_of_mlflows_client() {
    let options = from(&[
        URI,
        ("MLFLOW_HTTP_REQUEST_TIMEOUT", "7"),
        ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0"),
        ("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "3"),
        ("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0.5"),
    ]);
    let options = options.unwrap();
    assert_eq!(
        (options.timeout, options.retries, options.backoff, options.jitter),
        (Duration::from_secs(7), 0, Duration::from_secs(3), Some(Duration::from_millis(500)))
    );
    refused(&[URI, ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "11")], "MLFLOW_HTTP_REQUEST_MAX_RETRIES");
    refused(&[URI, ("MLFLOW_HTTP_REQUEST_TIMEOUT", "soon")], "MLFLOW_HTTP_REQUEST_TIMEOUT");
    refused(&[URI, ("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "-1")], "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER");
    refused(&[URI, ("MLFLOW_TRACKING_INSECURE_TLS", "maybe")], "MLFLOW_TRACKING_INSECURE_TLS");
}

#[test]
fn ways_to_sign_in_that_are_unknown_are_refused_and_not_passed_over() {
    refused(&[URI, ("MLFLOW_TRACKING_AUTH", "kubernetes")], "MLFLOW_TRACKING_AUTH");
    refused(&[URI, ("MLFLOW_TRACKING_AWS_SIGV4", "true")], "MLFLOW_TRACKING_AWS_SIGV4");
    assert!(from(&[URI, ("MLFLOW_TRACKING_AWS_SIGV4", "false")]).is_ok());
}

#[test]
fn the_experiments_name_goes_before_its_id() {
    let (id, name) = (("MLFLOW_EXPERIMENT_ID", "7"), ("MLFLOW_EXPERIMENT_NAME", "chat"));
    let experiment = |variables: &[(&str, &str)]| from(variables).unwrap().experiment().cloned();
    assert_eq!(experiment(&[URI, id, name]), Some(DefaultExperiment::Name("chat".parse().unwrap())));
    assert!(matches!(experiment(&[URI, id]), Some(DefaultExperiment::Id(id)) if id.get() == 7));
    refused(&[URI, ("MLFLOW_EXPERIMENT_ID", "chat")], "MLFLOW_EXPERIMENT_ID");
}

#[test]
fn databricks_needs_a_host_and_a_token() {
    let uri = ("MLFLOW_TRACKING_URI", "databricks");
    let host = ("DATABRICKS_HOST", "dbc-1.cloud.example.org");
    let options = from(&[uri, host, ("DATABRICKS_TOKEN", "t0ken")]).unwrap();
    assert_eq!(options.url, "https://dbc-1.cloud.example.org");
    assert!(matches!(&options.auth, Some(Auth::Bearer(token)) if token.expose() == "t0ken"));
    refused(&[uri], "DATABRICKS_HOST");
    refused(&[uri, host], "DATABRICKS_TOKEN");
}

#[test]
fn other_stores_are_refused_with_what_works() {
    for uri in ["sqlite:///mlflow.db", "./mlruns", "databricks://profile", "postgresql://x"] {
        let error = from(&[("MLFLOW_TRACKING_URI", uri)]).unwrap_err();
        assert!(error.to_string().contains("http://"), "{error}");
    }
    refused(&[], "MLFLOW_TRACKING_URI");
    refused(&[("MLFLOW_TRACKING_URI", "")], "MLFLOW_TRACKING_URI");
}

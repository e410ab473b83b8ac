//! MLflow's environment variables, with the meaning that the Python client gives them.

use std::time::Duration;

use candor_model::{ExperimentId, ExperimentName};

use crate::options::{Auth, DefaultExperiment, Secret};
use crate::{MlflowOptions, OptionsError};

/// The most repetitions that MLflow's client accepts.
const MAX_RETRIES: usize = 10;
/// The longest first pause that MLflow's client accepts, in seconds.
const MAX_BACKOFF_SECS: u64 = 120;
/// Ways to sign in that MLflow's client knows and this one does not.
const OTHER_AUTH: [&str; 2] = ["MLFLOW_TRACKING_AUTH", "MLFLOW_TRACKING_AWS_SIGV4"];

/// Reads the options with the help of `lookup`, which finds a variable; an empty one counts as unset.
pub(crate) fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<MlflowOptions, OptionsError> {
    let get = |name: &'static str| lookup(name).filter(|value| !value.is_empty());
    let uri = get("MLFLOW_TRACKING_URI").ok_or_else(|| OptionsError::new("MLFLOW_TRACKING_URI", "is not set"))?;
    let mut options = match uri.as_str() {
        "databricks" => databricks(&get)?,
        url if url.starts_with("http://") || url.starts_with("https://") => {
            MlflowOptions { auth: auth(&get)?, ..MlflowOptions::new(url) }
        }
        _ => {
            let reason = "must begin with http:// or https://, or be `databricks`";
            return Err(OptionsError::new("MLFLOW_TRACKING_URI", reason));
        }
    };
    options.tls.insecure = flag("MLFLOW_TRACKING_INSECURE_TLS", &get)?;
    options.tls.server_certificates = get("MLFLOW_TRACKING_SERVER_CERT_PATH").map(Into::into);
    options.tls.client_certificate = get("MLFLOW_TRACKING_CLIENT_CERT_PATH").map(Into::into);
    if let Some(seconds) = number("MLFLOW_HTTP_REQUEST_TIMEOUT", u64::MAX, &get)? {
        options.timeout = Duration::from_secs(seconds.max(1));
    }
    if let Some(retries) = number("MLFLOW_HTTP_REQUEST_MAX_RETRIES", MAX_RETRIES as u64, &get)? {
        options.retries = usize::try_from(retries).unwrap_or(MAX_RETRIES);
    }
    if let Some(seconds) = number("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", MAX_BACKOFF_SECS, &get)? {
        options.backoff = Duration::from_secs(seconds);
    }
    options.jitter = jitter(&get)?;
    options.experiment = experiment(&get)?;
    Ok(options)
}

/// User name and password go first, as in MLflow's client, whatever its docs say of the token.
fn auth(get: &impl Fn(&'static str) -> Option<String>) -> Result<Option<Auth>, OptionsError> {
    for name in OTHER_AUTH {
        if get(name).is_some_and(|value| !matches!(value.to_lowercase().as_str(), "false" | "0")) {
            let reason =
                "asks for a way to sign in that Candor does not know: use a token, or a user name and a password";
            return Err(OptionsError::new(name, reason));
        }
    }
    Ok(match (get("MLFLOW_TRACKING_USERNAME"), get("MLFLOW_TRACKING_PASSWORD")) {
        (Some(username), Some(password)) => Some(Auth::Basic { username, password: Secret::new(password) }),
        _ => get("MLFLOW_TRACKING_TOKEN").map(|token| Auth::Bearer(Secret::new(token))),
    })
}

fn databricks(get: &impl Fn(&'static str) -> Option<String>) -> Result<MlflowOptions, OptionsError> {
    let needed =
        |name| get(name).ok_or_else(|| OptionsError::new(name, "is not set, and the tracking URI is databricks"));
    let host = needed("DATABRICKS_HOST")?;
    let url = if host.contains("://") { host } else { format!("https://{host}") };
    let token = needed("DATABRICKS_TOKEN")?;
    // Databricks answers for its own version of MLflow and has no route that tells it.
    Ok(MlflowOptions { check_version: false, ..MlflowOptions::new(url).bearer_token(token) })
}

/// The name goes before the id, as in MLflow's client.
fn experiment(get: &impl Fn(&'static str) -> Option<String>) -> Result<Option<DefaultExperiment>, OptionsError> {
    if let Some(name) = get("MLFLOW_EXPERIMENT_NAME") {
        let name: ExperimentName =
            name.parse().map_err(|error| OptionsError::new("MLFLOW_EXPERIMENT_NAME", format!("{error}")))?;
        return Ok(Some(DefaultExperiment::Name(name)));
    }
    let Some(id) = get("MLFLOW_EXPERIMENT_ID") else { return Ok(None) };
    let id: ExperimentId = id.parse().map_err(|error| OptionsError::new("MLFLOW_EXPERIMENT_ID", format!("{error}")))?;
    Ok(Some(DefaultExperiment::Id(id)))
}

/// Seconds, and parts of one.
fn jitter(get: &impl Fn(&'static str) -> Option<String>) -> Result<Option<Duration>, OptionsError> {
    let name = "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER";
    let Some(text) = get(name) else { return Ok(None) };
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.map(Some).ok_or_else(|| OptionsError::new(name, "must be a number of seconds"))
}

fn flag(name: &'static str, get: &impl Fn(&'static str) -> Option<String>) -> Result<bool, OptionsError> {
    match get(name).map(|value| value.to_lowercase()).as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(OptionsError::new(name, "must be true, false, 1 or 0")),
    }
}

fn number(
    name: &'static str,
    max: u64,
    get: &impl Fn(&'static str) -> Option<String>,
) -> Result<Option<u64>, OptionsError> {
    let Some(text) = get(name) else { return Ok(None) };
    match text.parse::<u64>() {
        Ok(number) if number <= max => Ok(Some(number)),
        Ok(_) => Err(OptionsError::new(name, format!("must be at most {max}"))),
        Err(_) => Err(OptionsError::new(name, "must be a whole number")),
    }
}

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::OptionsError;

/// Which MLflow server, and how to talk to it.
///
/// ```
/// use std::time::Duration;
/// use candor_mlflow::MlflowOptions;
///
/// let options = MlflowOptions::new("https://mlflow.example.org")
///     .basic_auth("ada", "s3cret")
///     .timeout(Duration::from_secs(10));
/// assert!(!format!("{options:?}").contains("s3cret"));
/// ```
#[derive(Clone, Debug)]
pub struct MlflowOptions {
    pub(crate) url: String,
    pub(crate) auth: Option<Auth>,
    pub(crate) tls: Tls,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) retries: usize,
    pub(crate) backoff: Duration,
    pub(crate) jitter: Option<Duration>,
    pub(crate) experiment: Option<DefaultExperiment>,
    pub(crate) check_version: bool,
}

/// The experiment that `MLFLOW_EXPERIMENT_NAME` or `MLFLOW_EXPERIMENT_ID` names; the name goes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefaultExperiment {
    /// By id.
    Id(candor_model::ExperimentId),
    /// By name.
    Name(candor_model::ExperimentName),
}

/// How the client says who it is.
#[derive(Clone, Debug)]
pub(crate) enum Auth {
    Basic { username: String, password: Secret },
    Bearer(Secret),
}

impl Auth {
    /// What it is called in an error, without saying what it is.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Basic { .. } => "user name and password",
            Self::Bearer(_) => "the token",
        }
    }
}

/// Whom to trust, and with which certificate to be trusted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tls {
    pub(crate) insecure: bool,
    pub(crate) server_certificates: Option<PathBuf>,
    pub(crate) client_certificate: Option<PathBuf>,
}

/// A text that is never shown.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that sends it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl MlflowOptions {
    /// The server at `url`, e.g. `http://127.0.0.1:5000`, without credentials.
    ///
    /// Requests may take 120 s, connecting 10 s; five repetitions, the first after half a second.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            auth: None,
            tls: Tls::default(),
            timeout: Duration::from_secs(120),
            connect_timeout: Duration::from_secs(10),
            retries: 5,
            backoff: Duration::from_millis(500),
            jitter: None,
            experiment: None,
            check_version: true,
        }
    }

    /// What MLflow's own environment variables say; see the crate's docs for the list.
    ///
    /// # Errors
    /// [`OptionsError`] names the variable that is missing or cannot be used.
    pub fn from_env() -> Result<Self, OptionsError> {
        crate::env::read(|name| std::env::var(name).ok())
    }

    /// As [`from_env`](Self::from_env), but for the server at `url`, whatever `MLFLOW_TRACKING_URI` says.
    ///
    /// # Errors
    /// [`OptionsError`] names the variable that cannot be used.
    pub fn from_env_at(url: &str) -> Result<Self, OptionsError> {
        crate::env::read(|name| match name {
            "MLFLOW_TRACKING_URI" => Some(url.to_owned()),
            other => std::env::var(other).ok(),
        })
    }

    /// Signs in with a user name and a password.
    #[must_use]
    pub fn basic_auth(mut self, username: impl Into<String>, password: impl Into<String>) -> Self {
        self.auth = Some(Auth::Basic { username: username.into(), password: Secret::new(password) });
        self
    }

    /// Signs in with a token.
    #[must_use]
    pub fn bearer_token(mut self, token: impl Into<String>) -> Self {
        self.auth = Some(Auth::Bearer(Secret::new(token)));
        self
    }

    /// Trusts the certificates of a PEM file, and no others.
    #[must_use]
    pub fn server_certificates(mut self, pem: impl Into<PathBuf>) -> Self {
        self.tls.server_certificates = Some(pem.into());
        self
    }

    /// Shows a certificate to the server; the PEM file holds its key, too.
    #[must_use]
    pub fn client_certificate(mut self, pem: impl Into<PathBuf>) -> Self {
        self.tls.client_certificate = Some(pem.into());
        self
    }

    /// Trusts any certificate, which protects from nobody: for trying things out.
    #[must_use]
    pub fn insecure_tls(mut self) -> Self {
        self.tls.insecure = true;
        self
    }

    /// The longest that one request may take, its answer included.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How often a request is repeated that may be, and the pause before the first repetition;
    /// each further pause is about twice as long, a minute at most.
    ///
    /// What changes something is repeated only where that leads to the same.
    #[must_use]
    pub fn retries(mut self, repetitions: usize, first_pause: Duration) -> Self {
        self.retries = repetitions;
        self.backoff = first_pause;
        self
    }

    /// The experiment that the environment named, for applications that log to one.
    pub fn experiment(&self) -> Option<&DefaultExperiment> {
        self.experiment.as_ref()
    }
}

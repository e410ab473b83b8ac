//! Calls to an MLflow server: one connection pool, one way to read answers, one way to try again.

mod answer;
mod retry;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use candor_model::ExperimentId;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, RequestBuilder, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use crate::options::Auth;
use crate::{MlflowError, MlflowOptions, OptionsError};
use retry::Policy;

/// Whether a call may be made again when its answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Made twice it leads to the same: it may be.
    Always,
    /// The same, but a server that fails on it with 500 will do so again.
    UnlessItFails,
    /// Only when the server surely did nothing.
    Unprocessed,
}

/// A client of one server.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: Url,
    timeout: Duration,
    policy: Policy,
    /// Requests that may still be made at once.
    free: Arc<Semaphore>,
    /// What is sent to sign in, for errors.
    signed_in_with: &'static str,
}

impl Client {
    /// Makes the client; nothing is sent yet.
    pub(crate) fn new(options: &MlflowOptions) -> Result<Self, OptionsError> {
        let (url, from_url) = parse_url(&options.url)?;
        let auth = options.auth.clone().or(from_url);
        let mut headers = HeaderMap::new();
        if let Some(auth) = &auth {
            headers.insert(AUTHORIZATION, authorization(auth)?);
        }
        let http = reqwest::Client::builder()
            .user_agent(concat!("candor-mlflow/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .timeout(options.timeout)
            .connect_timeout(options.connect_timeout)
            .redirect(reqwest::redirect::Policy::none()); // a POST would arrive as a GET
        let http = tls::configure(http, &options.tls, url.scheme() == "https")?
            .build()
            .map_err(|error| OptionsError::new("the HTTP client", "cannot be made").because(error))?;
        Ok(Self {
            http,
            url,
            timeout: options.timeout,
            policy: Policy::new(options.retries, options.backoff, options.jitter),
            free: Arc::new(Semaphore::new(MAX_AT_ONCE)),
            signed_in_with: auth.as_ref().map_or("a request without credentials", Auth::kind),
        })
    }

    /// The server's address, without credentials.
    pub(crate) fn url(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// Reads something; `path` begins with a slash.
    pub(crate) async fn get<R: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<R, MlflowError> {
        let request = self.http.request(Method::GET, self.address(path)).query(query);
        self.json(request, Repeat::Always).await
    }

    /// Reads something that MLflow fails on for some data, so that the caller has another way.
    pub(crate) async fn get_fragile<R: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<R, MlflowError> {
        let request = self.http.request(Method::GET, self.address(path)).query(query);
        self.json(request, Repeat::UnlessItFails).await
    }

    /// Sends JSON and reads the answer.
    pub(crate) async fn send<R: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &(impl Serialize + Sync),
        repeat: Repeat,
    ) -> Result<R, MlflowError> {
        self.json(self.http.request(method, self.address(path)).json(body), repeat).await
    }

    /// Sends an OTLP `ExportTraceServiceRequest`; sending it again replaces the same spans.
    pub(crate) async fn export_spans(&self, experiment: ExperimentId, protobuf: Vec<u8>) -> Result<(), MlflowError> {
        let request = self
            .http
            .post(self.address("/v1/traces"))
            .header(CONTENT_TYPE, "application/x-protobuf")
            .header("x-mlflow-experiment-id", experiment.to_string())
            .body(protobuf);
        self.text(request, Repeat::Always).await.map(drop)
    }

    /// Reads a plain text.
    pub(crate) async fn get_text(&self, path: &str) -> Result<String, MlflowError> {
        let body = self.text(self.http.get(self.address(path)), Repeat::Always).await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    async fn json<R: DeserializeOwned>(&self, request: RequestBuilder, repeat: Repeat) -> Result<R, MlflowError> {
        answer::read_json(&self.text(request, repeat).await?)
    }

    /// The body of a success, trying again where that may help and cannot harm.
    async fn text(&self, request: RequestBuilder, repeat: Repeat) -> Result<Vec<u8>, MlflowError> {
        self.policy.run(repeat, || self.attempt(&request)).await
    }

    async fn attempt(&self, request: &RequestBuilder) -> Result<Vec<u8>, MlflowError> {
        let Some(request) = request.try_clone() else {
            unreachable!("requests of this client have no streams for bodies")
        };
        let _permit = self.free.acquire().await; // it is never closed
        let answer = request.send().await.map_err(|error| answer::not_sent(error, self.timeout))?;
        answer::read(answer, self.timeout, self.signed_in_with).await
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.url())
    }
}

/// How many requests are made at once, the others wait.
///
/// MLflow's servers have 15 connections to their database by default, and starting a trace takes two
/// of them; with more requests than that they wait for each other and fail after 30 s.
pub(crate) const MAX_AT_ONCE: usize = 7;

/// The address, and the credentials that stand in it.
fn parse_url(text: &str) -> Result<(Url, Option<Auth>), OptionsError> {
    let wrong = |reason: &str| OptionsError::new("the server's URL", reason);
    // The text may hold a password, so it is not repeated.
    let mut url = Url::parse(text).map_err(|error| wrong("cannot be read").because(error))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(wrong("must begin with http:// or https:// and name a host"));
    }
    let auth = url.password().map(|password| Auth::Basic {
        username: decoded(url.username()),
        password: crate::options::Secret::new(decoded(password)),
    });
    let cleared = url.set_username("").and_then(|()| url.set_password(None));
    cleared.map_err(|()| wrong("cannot hold credentials"))?;
    url.set_query(None);
    url.set_fragment(None);
    Ok((url, auth))
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn authorization(auth: &Auth) -> Result<HeaderValue, OptionsError> {
    use base64::Engine as _;
    let (field, text) = match auth {
        Auth::Basic { username, password } => {
            let pair = format!("{username}:{}", password.expose());
            let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
            ("the user name", format!("Basic {encoded}"))
        }
        Auth::Bearer(token) => ("the token", format!("Bearer {}", token.expose())),
    };
    let wrong = |error| OptionsError::new(field, "has characters that no header may have").because(error);
    let mut value = HeaderValue::from_str(&text).map_err(wrong)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests;

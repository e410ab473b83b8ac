//! A server that speaks MLflow's API, whichever it is.

use std::time::Duration;

use reqwest::blocking::{Client, RequestBuilder};
use serde::Serialize;
use serde_json::{Value, json};

pub(super) struct Server {
    pub(super) name: &'static str,
    url: String,
    client: Client,
}

/// The answer to a search.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// The ids of the traces, of all pages.
    Traces(Vec<String>),
    /// The error code of a refusal.
    Refused(String),
}

impl Found {
    pub(super) fn ids(&self) -> Option<&[String]> {
        match self {
            Self::Traces(ids) => Some(ids),
            Self::Refused(_) => None,
        }
    }
}

impl Server {
    pub(super) fn new(name: &'static str, url: &str) -> Self {
        let client = Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
        Self { name, url: url.to_owned(), client }
    }

    pub(super) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.client.request(method.parse().unwrap(), format!("{}{path}", self.url))
    }

    /// The status and the body of the answer.
    pub(super) fn send(&self, method: &str, path: &str, body: &impl Serialize) -> (u16, Value) {
        let answer = self.request(method, path).json(body).send();
        let answer = answer.unwrap_or_else(|error| panic!("{} does not answer {method} {path}: {error:?}", self.name));
        let status = answer.status().as_u16();
        let text = answer.text().unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Follows the page tokens to the end.
    pub(super) fn search(&self, mut request: Value) -> Found {
        let mut ids = Vec::new();
        loop {
            let (status, mut page) = self.send("POST", "/api/3.0/mlflow/traces/search", &request);
            match status {
                200 => {}
                400 => return Found::Refused(text(&page["error_code"])),
                _ => panic!("{} answers {status} to {request}: {page}", self.name),
            }
            let traces = page["traces"].as_array().map(Vec::as_slice).unwrap_or_default();
            ids.extend(traces.iter().map(|trace| text(&trace["trace_id"])));
            match page["next_page_token"].take() {
                Value::Null => return Found::Traces(ids),
                token => request["page_token"] = token,
            }
        }
    }

    pub(super) fn trace_info(&self, id: &str) -> Value {
        self.send("GET", &format!("/api/3.0/mlflow/traces/{id}"), &json!({})).1
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

mod answers;
mod credentials;
mod tls;

use std::time::Duration;

use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{Client, Repeat};
use crate::{MlflowError, MlflowOptions};

/// Options that give up soon: two repetitions, at once.
fn hasty(url: &str) -> MlflowOptions {
    MlflowOptions::new(url).timeout(Duration::from_millis(500)).retries(2, Duration::from_millis(1))
}

fn client(server: &MockServer) -> Client {
    Client::new(&hasty(&server.uri())).unwrap()
}

async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).and(path("/call")).respond_with(answer).mount(&server).await;
    server
}

async fn post(client: &Client, repeat: Repeat) -> Result<Value, MlflowError> {
    client.send(reqwest::Method::POST, "/call", &json!({}), repeat).await
}

async fn calls(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

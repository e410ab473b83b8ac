//! Servers that answer badly, late or not at all.

use std::time::Duration;

use candor_store::StoreError;
use candor_wire::ErrorCode;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::matchers::method;
use wiremock::{Mock, ResponseTemplate};

use super::{answering, calls, client, hasty, post};
use crate::client::{Client, Repeat};
use crate::{ConnectError, MlflowError, MlflowStore};

fn envelope(status: u16, code: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({"error_code": code, "message": "said the server"}))
}

#[tokio::test]
async fn mlflows_errors_keep_their_code_and_message() {
    let server = answering(envelope(404, "RESOURCE_DOES_NOT_EXIST")).await;
    let error = post(&client(&server), Repeat::Always).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::ResourceDoesNotExist));
    assert!(error.to_string().contains("said the server"), "{error}");
    assert_eq!(calls(&server).await, 1);
}

#[tokio::test]
async fn what_always_fails_is_not_asked_again() {
    let server = answering(envelope(500, "INTERNAL_ERROR")).await;
    let error = post(&client(&server), Repeat::Always).await.unwrap_err();
    assert!(matches!(error.during("test"), StoreError::Backend { .. }));
    assert_eq!(calls(&server).await, 1);
}

#[tokio::test]
async fn a_busy_server_is_asked_again_if_asking_twice_is_harmless() {
    let server = answering(envelope(503, "TEMPORARILY_UNAVAILABLE")).await;
    let error = post(&client(&server), Repeat::Always).await.unwrap_err();
    assert!(error.during("test").is_retryable());
    assert_eq!(calls(&server).await, 3);

    post(&client(&server), Repeat::Unprocessed).await.unwrap_err();
    assert_eq!(calls(&server).await, 4);
}

#[tokio::test]
async fn a_server_that_limits_the_rate_is_given_the_time_it_asks_for() {
    let server = answering(ResponseTemplate::new(200).set_body_json(json!({"done": true}))).await;
    let limited = envelope(429, "REQUEST_LIMIT_EXCEEDED").insert_header("Retry-After", "1");
    Mock::given(method("POST")).respond_with(limited).up_to_n_times(1).with_priority(1).mount(&server).await;
    let begin = std::time::Instant::now();
    let answer = post(&client(&server), Repeat::Unprocessed).await.unwrap();
    assert_eq!(answer, json!({"done": true}));
    assert_eq!(calls(&server).await, 2);
    assert!(begin.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_proxys_page_is_shown_as_what_it_is() {
    let page = ResponseTemplate::new(502).set_body_raw("<html>Bad Gateway</html>", "text/html");
    let server = answering(page).await;
    let error = post(&client(&server), Repeat::Always).await.unwrap_err();
    assert!(matches!(&error, MlflowError::Foreign { start, .. } if start.contains("Bad Gateway")), "{error}");
    assert_eq!(calls(&server).await, 3);
}

#[tokio::test]
async fn html_and_truncated_json_are_no_answers() {
    for body in ["<html>Sign in</html>", r#"{"trace": {"trace_in"#] {
        let server = answering(ResponseTemplate::new(200).set_body_string(body)).await;
        let error = post(&client(&server), Repeat::Always).await.unwrap_err();
        assert!(matches!(&error, MlflowError::Malformed { start, .. } if body.starts_with(start.as_str())), "{error}");
        assert_eq!(calls(&server).await, 1);
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let server = answering(ResponseTemplate::new(302).insert_header("Location", "/elsewhere")).await;
    let error = post(&client(&server), Repeat::Always).await.unwrap_err();
    assert!(matches!(error, MlflowError::Foreign { .. }), "{error}");
}

#[tokio::test]
async fn a_slow_answer_is_a_timeout() {
    let server = answering(ResponseTemplate::new(200).set_delay(Duration::from_secs(60))).await;
    let error = post(&client(&server), Repeat::Unprocessed).await.unwrap_err();
    assert!(matches!(error, MlflowError::Timeout { .. }), "{error}");
    assert!(error.to_string().contains("within 0.5 s"), "{error}");
    assert_eq!(calls(&server).await, 1);
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = post(&Client::new(&hasty(&url)).unwrap(), Repeat::Unprocessed).await.unwrap_err();
    assert!(matches!(error, MlflowError::Unreachable(_)), "{error}");
}

/// Answers every connection with `bytes`, then closes it, or keeps it open when there are none.
async fn raw_server(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            if bytes.is_empty() {
                open.push(stream);
            } else {
                let _ = stream.write_all(bytes).await;
            }
        }
    });
    url
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_interrupted() {
    let url = raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"trace\"").await;
    let error = post(&Client::new(&hasty(&url)).unwrap(), Repeat::Unprocessed).await.unwrap_err();
    assert!(matches!(error, MlflowError::Interrupted(_)), "{error}");
}

#[tokio::test]
async fn a_server_that_hangs_is_a_timeout() {
    let url = raw_server(b"").await;
    let error = MlflowStore::connect(hasty(&url)).await.unwrap_err();
    assert!(
        matches!(&error, ConnectError::Unreachable { source, .. } if matches!(**source, MlflowError::Timeout { .. })),
        "{error}: {:?}",
        std::error::Error::source(&error)
    );
}

#[tokio::test]
async fn what_is_no_mlflow_is_told_so() {
    let page = ResponseTemplate::new(200).set_body_raw("<!doctype html><title>Home</title>", "text/html");
    for (answer, expected) in [
        (page, "a server whose version reads \"<!doctype html>"),
        (ResponseTemplate::new(404).set_body_string("nothing here"), "a server without /version"),
        (ResponseTemplate::new(200).set_body_string("2.22.1"), "MLflow 2.22.1; needed is MLflow 3."),
        (ResponseTemplate::new(200).set_body_string("3.16.1"), "needed is MLflow 3.17 or later"),
        (ResponseTemplate::new(200).set_body_string("4.0.0"), "upgrade Candor"),
    ] {
        let server = wiremock::MockServer::start().await;
        Mock::given(method("GET")).respond_with(answer).mount(&server).await;
        let error = MlflowStore::connect(hasty(&server.uri())).await.unwrap_err();
        assert!(matches!(error, ConnectError::Version { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

//! Who we say we are, and to whom.

use serde_json::json;
use wiremock::matchers::header;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{answering, hasty, post};
use crate::MlflowOptions;
use crate::client::{Client, Repeat};

/// A server that lets in whoever sends that header.
async fn guarded(authorization: &str) -> MockServer {
    let server = answering(ResponseTemplate::new(401).set_body_string("who are you?")).await;
    let welcome = ResponseTemplate::new(200).set_body_json(json!({}));
    Mock::given(header("Authorization", authorization)).respond_with(welcome).with_priority(1).mount(&server).await;
    server
}

async fn is_let_in(options: &MlflowOptions) -> bool {
    post(&Client::new(options).unwrap(), Repeat::Always).await.is_ok()
}

#[tokio::test]
async fn user_name_and_password_are_sent() {
    let server = guarded("Basic YWRhOnMzY3JldA==").await;
    assert!(is_let_in(&hasty(&server.uri()).basic_auth("ada", "s3cret")).await);
    assert!(!is_let_in(&hasty(&server.uri()).basic_auth("ada", "wrong")).await);
}

#[tokio::test]
async fn a_token_is_sent() {
    let server = guarded("Bearer t0ken").await;
    assert!(is_let_in(&hasty(&server.uri()).bearer_token("t0ken")).await);
    assert!(!is_let_in(&hasty(&server.uri())).await);
}

#[tokio::test]
async fn credentials_in_the_url_are_sent_and_not_shown() {
    let server = guarded("Basic YWRhOnMzY3JldCE=").await;
    let url = server.uri().replace("http://", "http://ada:s3cret%21@");
    let client = Client::new(&hasty(&url)).unwrap();
    post(&client, Repeat::Always).await.unwrap();
    assert!(!format!("{client:?} {}", client.url()).contains("s3cret"));
}

#[tokio::test]
async fn errors_name_the_kind_of_credentials_and_never_the_secret() {
    let server = guarded("Bearer other").await;
    for (options, expected) in [
        (hasty(&server.uri()).basic_auth("ada", "s3cret"), "user name and password"),
        (hasty(&server.uri()).bearer_token("s3cret"), "the token"),
        (hasty(&server.uri()), "a request without credentials"),
    ] {
        let client = Client::new(&options).unwrap();
        let error = post(&client, Repeat::Always).await.unwrap_err();
        let text = format!("{error} {error:?} {client:?} {options:?}");
        assert!(text.contains(expected) && text.contains("401"), "{error}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[test]
fn a_password_is_not_repeated_when_the_url_is_wrong() {
    for url in ["ftp://ada:s3cret@host", "http://ada:s3cret@", "mlflow.example.org"] {
        let error = Client::new(&MlflowOptions::new(url)).unwrap_err();
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    }
    let control = Client::new(&MlflowOptions::new("http://host").bearer_token("a\nb")).unwrap_err();
    assert_eq!(control.field(), "the token");
}

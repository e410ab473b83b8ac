//! What stands around the routers: ids, limits, time-outs, origins, and the end of the service.

#![expect(clippy::unwrap_used, reason = "a helper that fails must stop its test")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use candor_http::feedback::FeedbackConfig;
use candor_http::{ApiState, mlflow, otlp, server};
use candor_store::{MemoryStore, MockTrackingStore, StoreError};
use common::{app, send};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

const JSON: (&str, &str) = ("content-type", "application/json");
const SEARCH: &str = "/api/3.0/mlflow/traces/search";

fn limited(limits: server::Limits) -> Router {
    server::app(ApiState::new(Arc::new(MemoryStore::new())), FeedbackConfig::default(), limits, Vec::new())
}

fn over(store: MockTrackingStore) -> Router {
    let limits = server::Limits::default();
    server::app(ApiState::new(Arc::new(store)), FeedbackConfig::default(), limits, Vec::new())
}

#[tokio::test]
async fn every_answer_names_its_request() {
    let app = app();
    let reply = send(&app, "GET", "/health", &[("x-request-id", "req-1")], Vec::new()).await;
    assert_eq!((&reply.headers["x-request-id"], reply.body.as_slice()), (&"req-1".parse().unwrap(), &b"OK"[..]));
    for headers in [&[][..], &[("x-request-id", "with space")], &[("x-request-id", "")]] {
        let reply = send(&app, "GET", "/nowhere", headers, Vec::new()).await;
        assert_eq!((reply.status.as_u16(), reply.headers["x-request-id"].len()), (404, 32));
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
        assert_eq!(reply.headers["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn long_bodies_are_refused_in_the_form_of_the_api() {
    let app = limited(server::Limits { body_bytes: 100, ..server::Limits::default() });
    let reply = send(&app, "POST", SEARCH, &[JSON], vec![b' '; 101]).await;
    assert_eq!((reply.status.as_u16(), &reply.json().unwrap()["error_code"]), (413, &json!("INVALID_PARAMETER_VALUE")));
    let reply = send(&app, "POST", "/v1/traces", &[JSON, ("x-mlflow-experiment-id", "0")], vec![b' '; 101]).await;
    assert_eq!((reply.status.as_u16(), reply.json().unwrap()["detail"].is_string()), (413, true));
    assert_eq!(send(&app, "POST", SEARCH, &[JSON], br#"{"locations": []}"#.to_vec()).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_answered() {
    let app = limited(server::Limits { request_timeout: Duration::from_millis(500), ..server::Limits::default() });
    let start = json!({"trace": {"trace_info": {
        "trace_id": "tr-00112233445566778899aabbccddeeff",
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
        "trace_metadata": {"mlflow.trace.sizeStats": "{\"num_spans\": 1}"},
    }}});
    let reply = send(&app, "POST", "/api/3.0/mlflow/traces", &[JSON], start.to_string().into_bytes()).await;
    assert_eq!(reply.status, 200);
    // Waits seconds for the span that was announced.
    let path = "/api/3.0/mlflow/traces/get?trace_id=tr-00112233445566778899aabbccddeeff";
    let reply = send(&app, "GET", path, &[], Vec::new()).await;
    assert_eq!((reply.status.as_u16(), &reply.json().unwrap()["error_code"]), (503, &json!("TEMPORARILY_UNAVAILABLE")));
    assert!(reply.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn a_panic_is_answered_and_the_next_request_works() {
    let mut store = MockTrackingStore::new();
    store.expect_search_traces().returning(|_| panic!("the store's secret"));
    let app = over(store);
    for _ in 0..2 {
        let reply = send(&app, "POST", SEARCH, &[JSON], br#"{"locations": []}"#.to_vec()).await;
        assert_eq!((reply.status.as_u16(), &reply.json().unwrap()["error_code"]), (500, &json!("INTERNAL_ERROR")));
        assert!(!String::from_utf8_lossy(&reply.body).contains("secret"));
        assert!(reply.headers.contains_key("x-request-id"));
    }
}

#[tokio::test]
async fn a_store_that_is_too_busy_says_when_to_come_back() {
    let mut store = MockTrackingStore::new();
    store.expect_log_spans().returning(|_| {
        Err(StoreError::Overloaded { backend: "mock", waiting: 9, retry_after: Duration::from_secs(3) })
    });
    store
        .expect_search_traces()
        .returning(|_| Err(StoreError::Unavailable { backend: "mock", source: "db-7.internal refused".into() }));
    let app = over(store);
    let span = json!({"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331"});
    let body = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).to_string().into_bytes();
    let reply = send(&app, "POST", "/v1/traces", &[JSON, ("x-mlflow-experiment-id", "0")], body).await;
    assert_eq!((reply.status.as_u16(), &reply.headers["retry-after"]), (503, &"3".parse().unwrap()));
    let reply = send(&app, "POST", SEARCH, &[JSON], br#"{"locations": []}"#.to_vec()).await;
    assert_eq!((reply.status.as_u16(), &reply.headers["retry-after"]), (503, &"1".parse().unwrap()));
    assert_eq!(reply.json().unwrap()["error_code"], "TEMPORARILY_UNAVAILABLE");
    assert!(!String::from_utf8_lossy(&reply.body).contains("db-7"));
}

#[tokio::test]
async fn pages_of_other_sites_change_nothing() {
    let state = ApiState::new(Arc::new(MemoryStore::new()));
    let allowed = vec!["https://app.example.com".to_owned()];
    let app = server::app(state, FeedbackConfig::default(), server::Limits::default(), allowed);
    let create = |origin: &'static str, name: &str| {
        let (app, body) = (app.clone(), json!({"name": name}).to_string().into_bytes());
        async move {
            let headers = [JSON, ("host", "candor.example.com"), ("origin", origin)];
            send(&app, "POST", "/api/2.0/mlflow/experiments/create", &headers, body).await
        }
    };
    let reply = create("https://evil.example", "one").await;
    assert_eq!((reply.status.as_u16(), &reply.json().unwrap()["error_code"]), (403, &json!("PERMISSION_DENIED")));
    assert_eq!(create("https://app.example.com", "one").await.status, 200);
    assert_eq!(create("https://candor.example.com", "two").await.status, 200);
    assert_eq!(create("http://localhost:5173", "three").await.status, 200);
    let reply = send(&app, "GET", "/health", &[("origin", "https://evil.example")], Vec::new()).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn pages_that_may_call_are_told_so_by_the_feedback_api() {
    let state = ApiState::new(Arc::new(MemoryStore::new()));
    let allowed = vec!["https://app.example.com".to_owned()];
    let app = server::app(state, FeedbackConfig::default(), server::Limits::default(), allowed);
    for (origin, may) in [("https://app.example.com", true), ("https://evil.example", false)] {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type, idempotency-key"),
        ];
        let reply = send(&app, "OPTIONS", "/feedback", &headers, Vec::new()).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.headers.get("access-control-allow-origin").is_some(), may, "{origin}");
    }
}

#[tokio::test]
async fn the_routers_leave_the_rest_of_an_app_alone() {
    let state = ApiState::new(Arc::new(MemoryStore::new()));
    let app = Router::new()
        .route("/api/own", get(async || "own"))
        .merge(mlflow::router(state.clone()))
        .merge(otlp::router(state))
        .fallback(async || "the app's own answer");
    for (path, body) in [("/api/own", "own"), ("/api/else", "the app's own answer"), ("/", "the app's own answer")] {
        assert_eq!(send(&app, "GET", path, &[], Vec::new()).await.body, body.as_bytes());
    }
    let reply = send(&app, "GET", "/api/3.0/mlflow/nope", &[], Vec::new()).await;
    assert_eq!(reply.json().unwrap()["error_code"], "ENDPOINT_NOT_FOUND");
}

struct Running {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

async fn running(limits: server::Limits, grace: Duration) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async move { drop(stopped.await) };
    let server = tokio::spawn(server::serve(listener, limited(limits), shutdown, grace));
    Running { address, stop, server }
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    drop(tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut text)).await.unwrap());
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn what_was_begun_is_finished_before_the_end() {
    let service = running(server::Limits::default(), Duration::from_secs(10)).await;
    let mut idle = TcpStream::connect(service.address).await.unwrap();
    idle.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut buffer = [0; 1024];
    assert!(idle.read(&mut buffer).await.unwrap() > 0);

    let mut busy = TcpStream::connect(service.address).await.unwrap();
    let head =
        format!("POST {SEARCH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 17\r\n\r\n");
    busy.write_all(head.as_bytes()).await.unwrap();
    busy.write_all(br#"{"locati"#).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    service.stop.send(()).unwrap();
    assert_eq!(rest(&mut idle).await, "", "an idle connection is closed at once");
    assert!(TcpStream::connect(service.address).await.is_err(), "nobody is let in any more");
    busy.write_all(br#"ons": []}"#).await.unwrap();
    assert!(rest(&mut busy).await.starts_with("HTTP/1.1 200"));
    service.server.await.unwrap().unwrap();
}

#[tokio::test]
async fn whoever_does_not_finish_is_cut_off_after_the_grace() {
    let service = running(server::Limits::default(), Duration::from_millis(200)).await;
    let mut slow = TcpStream::connect(service.address).await.unwrap();
    slow.write_all(b"POST /v1/traces HTTP/1.1\r\ncontent-length: 10\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    service.stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), service.server).await.unwrap().unwrap().unwrap();
    rest(&mut slow).await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let limits = server::Limits { body_timeout: Duration::from_millis(200), ..server::Limits::default() };
    let service = running(limits, Duration::from_secs(1)).await;
    let mut slow = TcpStream::connect(service.address).await.unwrap();
    let head =
        format!("POST {SEARCH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 17\r\n\r\n");
    slow.write_all(head.as_bytes()).await.unwrap();
    let answer = rest(&mut slow).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("INVALID_PARAMETER_VALUE"), "{answer}");
    drop(service.stop);
}

#[tokio::test]
async fn whoever_writes_before_reading_learns_why_it_was_refused() {
    let limits = server::Limits { body_bytes: 8 << 20, ..server::Limits::default() };
    let service = running(limits, Duration::from_secs(1)).await;
    let body = vec![b' '; 12 << 20];
    for (head, status) in [
        (format!("POST {SEARCH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json"), "413"),
        (format!("POST {SEARCH} HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain"), "400"),
        (format!("POST {SEARCH} HTTP/1.1\r\nhost: x\r\norigin: https://evil.example"), "403"),
        ("POST /nowhere HTTP/1.1\r\nhost: x".to_owned(), "404"),
    ] {
        let mut client = TcpStream::connect(service.address).await.unwrap();
        let head = format!("{head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
        client.write_all(head.as_bytes()).await.unwrap();
        client.write_all(&body).await.unwrap();
        let answer = rest(&mut client).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{head}{answer}");
    }
    drop(service.stop);
}

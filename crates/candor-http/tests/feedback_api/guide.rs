use candor_http::feedback::{FeedbackConfig, Limits};
use candor_model::SourceType;
use serde_json::json;

use crate::support::{App, trace_id};

#[tokio::test]
async fn a_thumb_by_trace_id_is_logged_as_the_user() {
    let app = App::with_trace().await;
    let path = format!("/feedback?trace_id={}&user_id=u-1", trace_id(1));
    let reply = app.post(&path, json!({"is_correct": true, "comment": "good"})).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body, json!({"status": "success", "trace_id": trace_id(1).to_string()}));

    let verdicts = app.verdicts(1).await;
    let [verdict] = verdicts.as_slice() else { panic!("{verdicts:?}") };
    assert_eq!(verdict.name.as_str(), "user_feedback");
    assert_eq!(verdict.source.source_type, SourceType::Human);
    assert_eq!(verdict.source.source_id.as_ref().unwrap().as_str(), "u-1");
    assert_eq!(verdict.rationale.as_deref(), Some("good"));
    assert_eq!(app.told(1).await, [("user_feedback".into(), "true".into(), true)]);
}

#[tokio::test]
async fn a_trace_id_may_be_bare_hex_in_any_case() {
    let app = App::new();
    app.land(0xab).await;
    let reply = app.post(&format!("/feedback?trace_id={}", "AB".repeat(16)), json!({"is_correct": false})).await;
    assert_eq!(reply.body, json!({"status": "success", "trace_id": trace_id(0xab).to_string()}));
}

#[tokio::test]
async fn a_thumb_by_client_request_id_takes_user_and_session_from_headers() {
    let app = App::with_trace().await;
    let headers = [("X-User-ID", "u-2"), ("X-Session-ID", "s-2")];
    let reply = app
        .post_with("/feedback?client_request_id=req-1", &headers, json!({"is_correct": false, "comment": null}))
        .await;
    assert_eq!(reply.status, 200);
    let expected = json!({"status": "success", "trace_id": trace_id(1).to_string(), "client_request_id": "req-1"});
    assert_eq!(reply.body, expected);
    let verdict = app.verdicts(1).await.remove(0);
    assert_eq!(verdict.source.source_id.unwrap().as_str(), "u-2");
    assert_eq!(verdict.metadata["candor.session_id"], "s-2");
    assert_eq!(verdict.rationale, None);
}

#[tokio::test]
async fn an_unknown_id_is_pending() {
    let app = App::new();
    let reply = app.post("/feedback?client_request_id=req-9", json!({"is_correct": true})).await;
    assert_eq!(reply.status, 202);
    assert_eq!(reply.body, json!({"status": "pending", "client_request_id": "req-9"}));
    let reply = app.post(&format!("/feedback?trace_id={}", trace_id(9)), json!({"is_correct": true})).await;
    assert_eq!(reply.status, 202);
    assert_eq!(reply.body, json!({"status": "pending", "trace_id": trace_id(9).to_string()}));
    assert_eq!(app.held().await, 2);
}

#[tokio::test]
async fn an_unknown_id_is_an_error_in_strict_mode() {
    let app = App::with(FeedbackConfig { strict: true, ..FeedbackConfig::default() });
    let reply = app.post("/feedback?client_request_id=req-9", json!({"is_correct": true})).await;
    assert_eq!(reply.status, 404);
    assert_eq!(reply.body["status"], "error");
    assert_eq!(reply.body["client_request_id"], "req-9");
    assert!(reply.body["message"].as_str().unwrap().contains("req-9"));
    assert_eq!(app.written().await, 0);
}

#[tokio::test]
async fn both_ids_must_agree() {
    let app = App::with_trace().await;
    app.land(2).await;
    let both = |request: &str| format!("/feedback?trace_id={}&client_request_id={request}&user_id=u", trace_id(1));
    let reply = app.post(&both("req-2"), json!({"is_correct": true})).await;
    reply.refused(409, "");
    assert_eq!(reply.body["code"], "ambiguous_target");
    assert_eq!(reply.body["candidates"], json!([trace_id(1).to_string()]));
    assert_eq!(app.written().await, 0);
    let reply = app.post(&both("req-1"), json!({"is_correct": true})).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn user_parameter_and_header_must_agree() {
    let app = App::with_trace().await;
    let body = json!({"is_correct": true});
    let path = "/feedback?client_request_id=req-1&user_id=u-1";
    app.post_with(path, &[("X-User-ID", "u-2")], body.clone()).await.refused(422, "user_id");
    assert_eq!(app.written().await, 0);
    assert_eq!(app.post_with(path, &[("X-User-ID", "u-1")], body).await.status, 200);
}

#[tokio::test]
async fn bad_input_is_refused_by_name_and_writes_nothing() {
    let app = App::with_trace().await;
    let ok = r#"{"is_correct": true}"#;
    let long_user = format!("/feedback?trace_id=TRACE&user_id={}", "u".repeat(251));
    for (path, body, status, field) in [
        ("/feedback", ok, 422, "trace_id"),
        ("/feedback?user_id=u", ok, 422, "trace_id"),
        ("/feedback?trace_id=nonsense", ok, 422, "trace_id"),
        ("/feedback?trace_id=", ok, 422, "trace_id"),
        ("/feedback?trace_id=TRACE&trace_id=TRACE", ok, 422, "trace_id"),
        ("/feedback?client_request_id=", ok, 422, "client_request_id"),
        ("/feedback?trace_id=TRACE&user_id=", ok, 422, "user_id"),
        (long_user.as_str(), ok, 422, "user_id"),
        ("/feedback?trace_id=TRACE&user=u", ok, 422, "user"),
        ("/feedback?trace_id=TRACE", "{}", 422, "is_correct"),
        ("/feedback?trace_id=TRACE", r#"{"is_correct": null}"#, 422, "is_correct"),
        ("/feedback?trace_id=TRACE", r#"{"is_correct": "yes"}"#, 422, "is_correct"),
        ("/feedback?trace_id=TRACE", r#"{"is_correct": 1}"#, 422, "is_correct"),
        ("/feedback?trace_id=TRACE", r#"{"is_correct": true, "comment": 5}"#, 422, "comment"),
        ("/feedback?trace_id=TRACE", r#"{"is_correct": true, "coment": "x"}"#, 422, "coment"),
        ("/feedback?trace_id=TRACE", r#"{"is_correct": "#, 400, ""),
        ("/feedback?trace_id=TRACE", "[true]", 400, ""),
        ("/feedback?trace_id=TRACE", "", 400, ""),
    ] {
        let path = path.replace("TRACE", &trace_id(1).to_string());
        let reply = app.send("POST", &path, &[("Content-Type", "application/json")], body).await;
        reply.refused(status, field);
        assert_eq!(app.written().await, 0, "{path} {body}");
    }
}

#[tokio::test]
async fn everything_wrong_is_told_at_once() {
    let app = App::new();
    let reply = app.post("/feedback?trace_id=x&user_id=", json!({"comment": 5})).await;
    let fields: Vec<_> = reply.body["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["trace_id", "user_id", "is_correct", "comment"]);
    assert_eq!(reply.body["field"], "trace_id");
}

#[tokio::test]
async fn a_body_must_be_declared_as_json_and_fit() {
    let limits = Limits { body_bytes: 300, text_bytes: 100, ..Limits::default() };
    let app = App::with(FeedbackConfig { limits, ..FeedbackConfig::default() });
    app.land(1).await;
    let path = "/feedback?client_request_id=req-1";
    for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let headers = [("Content-Type", content_type)];
        app.send("POST", path, &headers, r#"{"is_correct": true}"#).await.refused(415, "");
    }
    app.send("POST", path, &[], r#"{"is_correct": true}"#).await.refused(415, "");
    let comment = |bytes: usize| json!({"is_correct": true, "comment": "x".repeat(bytes)});
    app.post(path, comment(400)).await.refused(413, "");
    app.post(path, comment(101)).await.refused(422, "comment");
    assert_eq!(app.written().await, 0);
    let headers = [("Content-Type", "Application/JSON; charset=utf-8")];
    assert_eq!(app.send("POST", path, &headers, comment(100).to_string()).await.status, 200);
}

#[tokio::test]
async fn another_method_is_a_problem_too() {
    App::new().get("/feedback").await.refused(405, "");
}

#[tokio::test]
async fn a_problem_names_the_request() {
    let app = App::new();
    let reply = app.send("POST", "/feedback", &[("X-Request-Id", "r-7")], "").await;
    assert_eq!(reply.body["request_id"], "r-7");
}

#[tokio::test]
async fn a_client_that_sends_far_too_much_still_reads_the_refusal() {
    use std::io::{Read, Write};

    let app = App::with_trace().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, app.router).await });
    let answer = tokio::task::spawn_blocking(move || {
        let body = vec![b'x'; 20 << 20];
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let head = "POST /feedback?client_request_id=req-1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
        write!(stream, "{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len()).unwrap();
        stream.write_all(&body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    server.abort();
}

use super::*;

#[tokio::test]
async fn an_answer_comes_with_the_ids_that_a_verdict_needs() {
    let app = App::offline();
    let answer = json_of(app.ask("/chat", "Where does a verdict land?").await).await;
    assert!(answer["response"].as_str().unwrap().starts_with("A verdict lands on its trace."));
    assert!(answer["trace_id"].as_str().unwrap().starts_with("tr-"));
    let request = answer["client_request_id"].as_str().unwrap();
    assert!(request.starts_with("req-") && request.len() == 12, "{request}");
    assert_eq!(app.trace(&answer["trace_id"]).await.info.client_request_id.unwrap().as_str(), request);
}

#[tokio::test]
async fn the_trace_shows_what_was_found_and_what_was_said() {
    let app = App::offline();
    let answer = json_of(app.ask("/chat", "Where does a verdict land?").await).await;
    let trace = app.trace(&answer["trace_id"]).await;
    let [root, retriever, model] = ["CHAIN", "RETRIEVER", "LLM"].map(|kind| span(&trace, kind));
    assert!(root.is_root());
    assert_eq!((retriever.parent_id, model.parent_id), (Some(root.span_id), Some(root.span_id)));
    assert!(retriever.outputs().unwrap().json_text().contains("guide.md"));
    assert!(model.inputs().unwrap().json_text().contains("A verdict lands on its trace."));
    assert_eq!(trace.info.request_preview.as_deref(), Some("Where does a verdict land?"));
    assert!(trace.info.response_preview.as_ref().unwrap().contains("A verdict lands"));
    assert_eq!(model.attributes.get_str("gen_ai.request.model"), Some("offline-extractive"));
}

#[tokio::test]
async fn the_callers_ids_are_put_on_the_trace() {
    let app = App::offline();
    let headers = [("X-Client-Request-ID", "req-mine"), ("X-Session-ID", "chat-7"), ("X-User-ID", "ada")];
    let answer = json_of(app.post("/chat", &headers, r#"{"message": "verdict"}"#).await).await;
    assert_eq!(answer["client_request_id"], "req-mine");
    let info = app.trace(&answer["trace_id"]).await.info;
    assert_eq!(info.session(), Some("chat-7"));
    assert_eq!(info.metadata["mlflow.trace.user"], "ada");
}

#[tokio::test]
async fn the_callers_trace_is_continued() {
    let app = App::offline();
    let parent = [("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")];
    let answer = json_of(app.post("/chat", &parent, r#"{"message": "verdict"}"#).await).await;
    assert_eq!(answer["trace_id"], "tr-4bf92f3577b34da6a3ce929d0e0e4736");
    let broken = json_of(app.post("/chat", &[("traceparent", "00-zz")], r#"{"message": "verdict"}"#).await).await;
    assert_ne!(broken["trace_id"], answer["trace_id"]);
}

#[tokio::test]
async fn questions_that_are_none_are_refused_by_name() {
    let app = App::offline();
    let long = json!({"message": "x".repeat(8001)}).to_string();
    for (body, status, expected) in [
        ("{}", 422, "message: is required"),
        (r#"{"message": 5}"#, 422, "message: must be a string"),
        (r#"{"message": "  "}"#, 422, "message: must not be empty"),
        (r#"{"mesage": "hi"}"#, 422, "mesage: is unknown here"),
        (long.as_str(), 422, "message: must be at most 8000 characters long, got 8001"),
        ("{bad", 400, ""),
        ("[]", 400, ""),
    ] {
        for path in ["/chat", "/chat/stream"] {
            let response = app.post(path, &[], body).await;
            assert_eq!(response.headers()["content-type"], "application/problem+json");
            let problem = json_of(response).await;
            assert_eq!(problem["status"], status, "{body}: {problem}");
            assert!(problem["detail"].as_str().unwrap().contains(expected), "{body}: {problem}");
        }
    }
    let huge = json!({"message": "x".repeat(70_000)}).to_string();
    assert_eq!(app.post("/chat", &[], &huge).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let text = Request::post("/chat").body(Body::from("hi")).unwrap();
    assert_eq!(app.router.clone().oneshot(text).await.unwrap().status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

use candor_model::{StatusCode as SpanStatus, TraceState};
use wiremock::matchers::{header, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::fake_model::{Act, chunk, ending, start};
use super::*;
use crate::OpenAiResponder;

fn asking(url: &str) -> OpenAiResponder {
    OpenAiResponder::new(url, "tiny", Some("s3cret".into())).unwrap().timeout(Duration::from_millis(500))
}

fn complete() -> Vec<Act> {
    vec![Act::Bytes(chunk("On its ") + &chunk("trace 👍.") + &ending())]
}

#[tokio::test]
async fn the_model_is_asked_and_its_answer_read_byte_by_byte() {
    let (url, mut requests) = start(complete()).await;
    let app = App::with(asking(&url));
    let answer = json_of(app.ask("/chat", "Where does a verdict land?").await).await;
    assert_eq!(answer["response"], "On its trace 👍.");

    let request = requests.recv().await.unwrap();
    assert!(request.starts_with("POST /v1/chat/completions"), "{request}");
    assert!(request.to_lowercase().contains("authorization: bearer s3cret"), "{request}");
    let body: Value = serde_json::from_str(&request[request.find('{').unwrap()..]).unwrap();
    assert_eq!((&body["model"], &body["stream"]), (&json!("tiny"), &json!(true)));
    assert_eq!(body["messages"][1], json!({"role": "user", "content": "Where does a verdict land?"}));
    assert!(body["messages"][0]["content"].as_str().unwrap().contains("A verdict lands on its trace."));

    let trace = app.trace(&answer["trace_id"]).await;
    let model = span(&trace, "LLM");
    assert_eq!(model.attributes.get_str("gen_ai.response.id"), Some("chatcmpl-7"));
    assert!(trace.info.metadata["mlflow.trace.tokenUsage"].contains("\"input_tokens\": 11"));
}

#[tokio::test]
async fn failures_are_answered_recorded_and_can_be_judged() {
    let error = "data: {\"error\": {\"message\": \"out of memory\"}}\n\n";
    for (acts, expected) in [
        (vec![Act::Bytes(chunk("On its ") + error)], "the model failed: out of memory"),
        (vec![Act::Bytes(chunk("On its ")), Act::Break], "the model's answer broke off"),
        (vec![Act::Bytes(chunk("On its "))], "the model's answer is not complete"),
        (vec![Act::Bytes(chunk("On its ")), Act::Hang], "the model sent nothing for 0.5 s"),
        (vec![Act::Bytes("data: {not json\n\n".into())], "the model's answer cannot be read"),
    ] {
        let (url, _requests) = start(acts).await;
        let app = App::with(asking(&url));
        let response = app.ask("/chat", "Where?").await;
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
        let problem = json_of(response).await;
        assert_eq!(problem["detail"], expected);

        let trace = app.trace(&problem["trace_id"]).await;
        assert_eq!(trace.info.state, TraceState::Error, "{expected}");
        for kind in ["CHAIN", "LLM"] {
            let status = &span(&trace, kind).status;
            assert_eq!((status.code, status.message.as_str()), (SpanStatus::Error, expected));
        }
    }
}

#[tokio::test]
async fn a_stream_tells_the_failure_after_what_came_before() {
    let (url, _requests) = start(vec![Act::Bytes(chunk("On its ")), Act::Break]).await;
    let app = App::with(asking(&url));
    let events = events_of(&text_of(app.ask("/chat/stream", "Where?").await).await);
    assert_eq!(joined(&events), "On its ");
    assert_eq!(events.last().unwrap(), &json!({"type": "error", "error": "the model's answer broke off"}));
    let trace = app.trace(&events[0]["trace_id"]).await;
    assert_eq!(span(&trace, "LLM").outputs().unwrap().as_str(), Some("On its "));
}

#[tokio::test]
async fn a_refusal_says_why_and_never_the_key() {
    let server = MockServer::start().await;
    let refusal = json!({"error": {"message": "no such model: tiny", "code": "model_not_found"}});
    Mock::given(path("/v1/chat/completions"))
        .and(header("Authorization", "Bearer s3cret"))
        .respond_with(ResponseTemplate::new(404).set_body_json(refusal))
        .mount(&server)
        .await;
    let responder = asking(&format!("{}/v1/", server.uri()));
    assert!(!format!("{responder:?}").contains("s3cret"));
    let app = App::with(responder);
    let problem = json_of(app.ask("/chat", "Where?").await).await;
    assert_eq!(problem["detail"], "the model refuses the request with status 404: no such model: tiny");
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_said_to_be() {
    let app = App::with(asking("http://127.0.0.1:1/v1"));
    let problem = json_of(app.ask("/chat", "Where?").await).await;
    assert_eq!(problem["detail"], "the model cannot be reached");
    assert!(OpenAiResponder::new("not a url", "tiny", None).is_err());
}

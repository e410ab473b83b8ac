use candor_http::feedback::FeedbackConfig;
use serde_json::{Value as Json, json};

use crate::support::{App, trace_id};

const PATH: &str = "/api/v1/feedback";

#[tokio::test]
async fn a_verdict_comes_back_as_it_is_stored() {
    let app = App::with_trace().await;
    let trace = trace_id(1).to_string();
    let reply = app
        .post(
            PATH,
            json!({
                "trace_id": trace, "span_id": "b7ad6b7169203331", "name": "tags", "value": ["long", "rude", 3],
                "rationale": "see above", "source": {"type": "LLM_JUDGE", "id": "gpt"},
                "metadata": {"build": "17"}, "create_time": "2026-01-01T00:00:00Z",
            }),
        )
        .await;
    assert_eq!(reply.status, 201);
    let id = reply.id();
    assert_eq!(
        reply.body,
        json!({
            "assessment_id": id, "trace_id": trace, "span_id": "b7ad6b7169203331", "name": "tags",
            "value": ["long", "rude", 3.0], "error": null, "rationale": "see above",
            "source": {"type": "LLM_JUDGE", "id": "gpt"}, "metadata": {"build": "17"},
            "create_time": "2026-01-01T00:00:00Z", "last_update_time": "2026-01-02T03:04:05.678Z",
            "overrides": null, "valid": true, "retracted": false, "pending": false,
            "links": {
                "history": format!("/api/v1/feedback?trace_id={trace}"),
                "withdraw": format!("/api/v1/feedback/{id}?trace_id={trace}"),
            },
        })
    );
    let history = app.get(&format!("{PATH}?trace_id={trace}")).await;
    assert_eq!(history.status, 200);
    assert_eq!(history.body["client_request_id"], "req-1");
    assert_eq!(history.body["feedback"], json!([reply.body]));
}

#[tokio::test]
async fn every_kind_of_value_is_taken() {
    let app = App::with_trace().await;
    for value in [
        json!(true),
        json!(0.5),
        json!("too long"),
        json!(["a", 1.0, false]),
        json!([]),
        json!({"tone": 0.5, "tag": "x"}),
        json!(["list_value"]),
    ] {
        let reply = app.post(PATH, verdict("value", value.clone())).await;
        assert_eq!((reply.status.as_u16(), &reply.body["value"]), (201, &value), "{}", reply.body);
    }
    let mut failed = verdict("error", json!({"code": "RATE_LIMIT", "message": "try later"}));
    failed["source"] = json!({"type": "llm_judge"});
    let reply = app.post(PATH, failed).await;
    assert_eq!(reply.body["value"], Json::Null);
    assert_eq!(reply.body["error"], json!({"code": "RATE_LIMIT", "message": "try later", "stack_trace": null}));
    assert_eq!(reply.body["source"], json!({"type": "LLM_JUDGE", "id": null}));
}

#[tokio::test]
async fn bad_fields_are_refused_by_name_and_write_nothing() {
    let app = App::with_trace().await;
    let long = "x".repeat(100_001);
    let many = Json::Array(vec![json!(1); 101]);
    let crowd: Json = (0..51).map(|n| (n.to_string(), json!(""))).collect::<serde_json::Map<_, _>>().into();
    for (field, value, named) in [
        ("value", json!(null), "value"),
        ("value", json!([[1]]), "value"),
        ("value", json!([null]), "value"),
        ("value", json!({"a": {"b": 1}}), "value"),
        ("value", json!({"": 1}), "value"),
        ("value", json!(long), "value"),
        ("value", many, "value"),
        ("name", json!(null), "name"),
        ("name", json!(""), "name"),
        ("name", json!("n".repeat(251)), "name"),
        ("name", json!(5), "name"),
        ("error", json!({"code": "X"}), "error"),
        ("error", json!({"message": "no code"}), "error.code"),
        ("rationale", json!(long), "rationale"),
        ("rationale", json!(["x"]), "rationale"),
        ("source", json!("HUMAN"), "source"),
        ("source", json!({"type": "ROBOT"}), "source.type"),
        ("source", json!({"id": "u".repeat(251)}), "source.id"),
        ("source", json!({"ID": "u"}), "source.ID"),
        ("metadata", json!({"a": 5}), "metadata.a"),
        ("metadata", json!({"candor.retracted": "true"}), "metadata.candor.retracted"),
        ("metadata", json!({"a": "x".repeat(5_001)}), "metadata.a"),
        ("metadata", crowd, "metadata"),
        ("create_time", json!("yesterday"), "create_time"),
        ("create_time", json!("2027-01-01T00:00:00Z"), "create_time"),
        ("create_time", json!("1969-12-31T23:59:59Z"), "create_time"),
        ("strict", json!("yes"), "strict"),
        ("span_id", json!("b7ad"), "span_id"),
        ("client_request_id", json!("x".repeat(251)), "client_request_id"),
        ("session_id", json!(""), "session_id"),
        ("experiment_id", json!("abc"), "experiment_id"),
        ("vlaue", json!(true), "vlaue"),
    ] {
        let mut body = verdict("value", json!(true));
        body[field] = value;
        app.post(PATH, body).await.refused(422, named);
        assert_eq!(app.written().await, 0, "{field}");
    }
    app.post(PATH, json!({"name": "n", "value": true})).await.refused(422, "trace_id");
    app.post(&format!("{PATH}?name=x"), verdict("value", json!(true))).await.refused(422, "name");
}

#[tokio::test]
async fn numbers_that_json_cannot_hold_are_no_json() {
    let app = App::with_trace().await;
    for number in ["NaN", "Infinity", "1e999"] {
        let body = format!(r#"{{"client_request_id": "req-1", "name": "n", "value": {number}}}"#);
        app.send("POST", PATH, &[("Content-Type", "application/json")], body).await.refused(400, "");
    }
    assert_eq!(app.written().await, 0);
}

#[tokio::test]
async fn the_source_is_a_person_by_default() {
    let app = App::with_trace().await;
    let body = verdict("value", json!(true));
    let source = |reply: &crate::support::Reply| reply.body["source"].clone();
    let reply = app.post_with(PATH, &[("X-User-ID", "u-1"), ("X-Session-ID", "s-1")], body.clone()).await;
    assert_eq!(source(&reply), json!({"type": "HUMAN", "id": "u-1"}));
    let reply = app.post_with(PATH, &[("X-Session-ID", "s-1")], body.clone()).await;
    assert_eq!(source(&reply), json!({"type": "HUMAN", "id": "session:s-1"}));
    assert_eq!(reply.body["metadata"], json!({"candor.session_id": "s-1"}));
    let reply = app.post(PATH, body.clone()).await;
    assert_eq!(source(&reply), json!({"type": "HUMAN", "id": "anonymous"}));

    let mut other = body;
    other["source"] = json!({"id": "u-2"});
    app.post_with(PATH, &[("X-User-ID", "u-1")], other).await.refused(422, "source.id");
    let long = "s".repeat(243);
    app.post_with(PATH, &[("X-Session-ID", long.as_str())], verdict("value", json!(true)))
        .await
        .refused(422, "X-Session-ID");
    assert_eq!(app.written().await, 3);
}

#[tokio::test]
async fn a_request_may_refuse_to_wait() {
    let app = App::new();
    let mut body = verdict("value", json!(true));
    body["strict"] = json!(true);
    let reply = app.post(PATH, body).await;
    reply.refused(404, "");
    assert_eq!(reply.body["code"], "trace_not_found");
    assert_eq!(app.written().await, 0);
}

#[tokio::test]
async fn a_strict_deployment_waits_for_nobody() {
    let app = App::with(FeedbackConfig { strict: true, ..FeedbackConfig::default() });
    let mut body = verdict("value", json!(true));
    body["strict"] = json!(false);
    app.post(PATH, body).await.refused(404, "");
    assert_eq!(app.written().await, 0);
}

fn verdict(field: &str, value: Json) -> Json {
    json!({"client_request_id": "req-1", "name": "quality", field: value})
}

use candor_model::DurationMs;
use serde_json::{Value as Json, json};

use crate::support::{App, Reply};

const KEY: (&str, &str) = ("Idempotency-Key", "8e03978e-40d5");
const PATH: &str = "/api/v1/feedback";

fn body(user: &str, value: Json) -> Json {
    json!({"client_request_id": "req-1", "name": "user_feedback", "value": value, "source": {"id": user}})
}

async fn post(app: &App, body: Json) -> Reply {
    app.clock.advance(DurationMs::from_millis(5));
    app.post_with(PATH, &[KEY], body).await
}

#[tokio::test]
async fn a_retry_is_answered_as_before_and_counts_once() {
    let app = App::with_trace().await;
    let first = post(&app, body("u-1", json!(true))).await;
    assert_eq!((first.status.as_u16(), first.replayed()), (201, false));
    let retry = post(&app, body("u-1", json!(true))).await;
    assert_eq!((retry.status.as_u16(), retry.replayed()), (200, true));
    assert_eq!(retry.body, first.body);
    assert_eq!(app.verdicts(1).await.len(), 1);
}

#[tokio::test]
async fn a_late_retry_does_not_undo_a_change_of_mind() {
    let app = App::with_trace().await;
    post(&app, body("u-1", json!(true))).await;
    app.post(PATH, body("u-1", json!(false))).await;
    assert!(post(&app, body("u-1", json!(true))).await.replayed());
    let valid: Vec<_> = app.told(1).await.into_iter().filter(|(_, _, valid)| *valid).collect();
    assert_eq!(valid, [("user_feedback".to_owned(), "false".to_owned(), true)]);
}

#[tokio::test]
async fn a_key_is_for_one_verdict() {
    let app = App::with_trace().await;
    app.land(2).await;
    post(&app, body("u-1", json!(true))).await;
    for (field, value) in [
        ("value", json!(false)),
        ("name", json!("other")),
        ("source", json!({"id": "u-2"})),
        ("rationale", json!("because")),
        ("client_request_id", json!("req-2")),
        ("client_request_id", json!("req-9")),
        ("span_id", json!("b7ad6b7169203331")),
    ] {
        let mut changed = body("u-1", json!(true));
        changed[field] = value;
        let reply = post(&app, changed).await;
        reply.refused(422, "");
        assert_eq!(reply.body["code"], "idempotency_key_reused", "{field}");
        assert_eq!(app.written().await, 1, "{field}");
    }
}

#[tokio::test]
async fn keys_work_while_the_verdict_waits_and_after() {
    let app = App::new();
    let first = post(&app, body("u-1", json!(true))).await;
    assert_eq!((first.status.as_u16(), first.replayed()), (202, false));
    let retry = post(&app, body("u-1", json!(true))).await;
    assert_eq!((retry.status.as_u16(), retry.replayed(), &retry.body), (202, true, &first.body));
    post(&app, body("u-1", json!(false))).await.refused(422, "");
    app.land(1).await;
    let late = post(&app, body("u-1", json!(true))).await;
    assert_eq!((late.status.as_u16(), late.replayed(), late.id()), (200, true, first.id()));
    assert_eq!(app.written().await, 1);
}

#[tokio::test]
async fn the_guides_routes_take_keys_too() {
    let app = App::with_trace().await;
    for replayed in [false, true] {
        let reply = app.post_with("/feedback?client_request_id=req-1", &[KEY], json!({"is_correct": true})).await;
        assert_eq!((reply.status.as_u16(), reply.replayed()), (200, replayed));
    }
    let ratings = "/detailed-feedback?client_request_id=req-1&accuracy=4&helpfulness=5&relevance=3";
    for replayed in [false, true] {
        let reply = app.send("POST", ratings, &[KEY], "").await;
        assert_eq!((reply.status.as_u16(), reply.replayed()), (200, replayed));
    }
    assert_eq!(app.verdicts(1).await.len(), 4);
    let changed = ratings.replace("helpfulness=5", "helpfulness=1");
    app.send("POST", &changed, &[KEY], "").await.refused(422, "");
    assert_eq!(app.verdicts(1).await.len(), 4);
}

#[tokio::test]
async fn a_late_retry_of_a_withdrawal_spares_the_next_verdict() {
    let app = App::with_trace().await;
    let withdraw = "/api/v1/feedback?client_request_id=req-1&name=user_feedback&user_id=u-1";
    app.post(PATH, body("u-1", json!(true))).await;
    let first = app.send("DELETE", withdraw, &[KEY], "").await;
    app.clock.advance(DurationMs::from_millis(5));
    app.post(PATH, body("u-1", json!(false))).await;
    let retry = app.send("DELETE", withdraw, &[KEY], "").await;
    assert_eq!((retry.status.as_u16(), retry.replayed(), retry.id()), (200, true, first.id()));
    assert!(app.told(1).await.contains(&("user_feedback".into(), "false".into(), true)));
}

#[tokio::test]
async fn malformed_keys_are_refused() {
    let app = App::with_trace().await;
    let long = "x".repeat(256);
    for key in ["", "a b", long.as_str()] {
        let reply = app.post_with(PATH, &[("Idempotency-Key", key)], body("u-1", json!(true))).await;
        reply.refused(422, "Idempotency-Key");
    }
    let mut two = body("u-1", json!(true));
    two["idempotency_key"] = json!("another");
    post(&app, two).await.refused(422, "idempotency_key");
    assert_eq!(app.written().await, 0);
}

#[tokio::test]
async fn a_beacon_says_in_the_query_what_others_say_in_headers() {
    for (path, body) in [
        ("/feedback?client_request_id=req-1", json!({"is_correct": true})),
        ("/detailed-feedback?client_request_id=req-1&accuracy=4&helpfulness=5&relevance=3", json!({})),
    ] {
        let app = App::with_trace().await;
        let headers = [KEY, ("X-Session-ID", "tab-7")];
        let first = app.post_with(path, &headers, body.clone()).await;
        assert_eq!((first.status.as_u16(), first.replayed()), (200, false), "{path}");
        let beacon = format!("{path}&session_id=tab-7&idempotency_key={}", KEY.1);
        let again = app.post(&beacon, body.clone()).await;
        assert_eq!((again.status.as_u16(), again.replayed()), (200, true), "{path}");
        app.post_with(&beacon, &[("Idempotency-Key", "another")], body.clone()).await.refused(422, "idempotency_key");
        app.post_with(&beacon, &[("X-Session-ID", "tab-8")], body).await.refused(422, "session_id");
    }
}

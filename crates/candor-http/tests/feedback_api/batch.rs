use candor_http::feedback::{FeedbackConfig, Limits};
use candor_model::DurationMs;
use serde_json::{Value as Json, json};

use crate::support::App;

const PATH: &str = "/api/v1/feedback:batch";

fn item(request: &str, value: Json) -> Json {
    json!({"client_request_id": request, "name": "user_feedback", "value": value, "source": {"id": "u"}})
}

fn statuses(body: &Json) -> Vec<u64> {
    body["results"].as_array().unwrap().iter().map(|one| one["status"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn each_item_is_answered_for_itself() {
    let app = App::with_trace().await;
    app.land(2).await;
    let mut ambiguous = item("req-1", json!(true));
    ambiguous["session_id"] = json!("elsewhere");
    let mut strict = item("req-9", json!(true));
    strict["strict"] = json!(true);
    let items = json!({"items": [
        item("req-1", json!(true)), item("req-9", json!(true)), item("req-2", json!(null)), "nonsense", ambiguous, strict,
        item("req-1", json!(false)),
    ]});
    let reply = app.post(PATH, items).await;
    assert_eq!(reply.status, 200);
    assert_eq!(statuses(&reply.body), [201, 202, 422, 422, 409, 404, 201]);
    assert_eq!(
        (&reply.body["recorded"], &reply.body["pending"], &reply.body["refused"]),
        (&json!(2), &json!(1), &json!(4))
    );
    let results = reply.body["results"].as_array().unwrap();
    assert_eq!(results[2]["problem"]["field"], "value");
    assert_eq!(results[6]["index"], 6);
    assert_eq!(results[6]["feedback"]["overrides"], results[0]["feedback"]["assessment_id"]);
    assert_eq!(app.written().await, 3);
}

#[tokio::test]
async fn items_have_their_own_keys() {
    let app = App::with_trace().await;
    let keyed = |value: Json| {
        let mut item = item("req-1", value);
        item["idempotency_key"] = json!("k-1");
        item
    };
    let first = app.post(PATH, json!({"items": [keyed(json!(true)), keyed(json!(true)), keyed(json!(false))]})).await;
    assert_eq!(statuses(&first.body), [201, 200, 422]);
    assert_eq!(first.body["results"][1]["replayed"], true);
    assert_eq!(first.body["results"][2]["problem"]["code"], "idempotency_key_reused");
    app.clock.advance(DurationMs::from_millis(5));
    let retry = app.post(PATH, json!({"items": [keyed(json!(true))]})).await;
    assert_eq!(statuses(&retry.body), [200]);
    assert_eq!(app.written().await, 1);
    app.post_with(PATH, &[("Idempotency-Key", "k")], json!({"items": [item("req-1", json!(true))]}))
        .await
        .refused(422, "Idempotency-Key");
}

#[tokio::test]
async fn a_batch_has_a_size() {
    let limits = Limits { batch_items: 2, ..Limits::default() };
    let app = App::with(FeedbackConfig { limits, ..FeedbackConfig::default() });
    app.land(1).await;
    for items in [json!([]), json!({}), json!(null), Json::Array(vec![item("req-1", json!(true)); 3])] {
        app.post(PATH, json!({"items": items})).await.refused(422, "items");
    }
    app.post(PATH, json!({"items": [item("req-1", json!(true))], "itms": []})).await.refused(422, "itms");
    assert_eq!(app.written().await, 0);
}

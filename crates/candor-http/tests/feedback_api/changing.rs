use candor_model::DurationMs;
use serde_json::{Value as Json, json};

use crate::support::{App, trace_id};

const BY_USER: &str = "/feedback?client_request_id=req-1&user_id=u-1";
const WITHDRAW: &str = "/api/v1/feedback?client_request_id=req-1&name=user_feedback&user_id=u-1";
const TICK: DurationMs = DurationMs::from_millis(10);

#[tokio::test]
async fn a_changed_mind_counts_once_and_keeps_its_history() {
    let app = App::with_trace().await;
    for value in [true, false] {
        app.post(BY_USER, json!({"is_correct": value})).await;
        app.clock.advance(TICK);
    }
    assert_eq!(app.told(1).await, told(&[("true", false), ("false", true)]));
    let history = app.get("/api/v1/feedback?client_request_id=req-1").await.body;
    assert_eq!(history["feedback"][1]["overrides"], history["feedback"][0]["assessment_id"]);
}

#[tokio::test]
async fn a_double_click_counts_once() {
    let app = App::with_trace().await;
    for _ in 0..2 {
        assert_eq!(app.post(BY_USER, json!({"is_correct": true})).await.status, 200);
    }
    let valid = app.told(1).await.into_iter().filter(|(_, _, valid)| *valid).count();
    assert_eq!(valid, 1);
}

#[tokio::test]
async fn people_do_not_overwrite_each_other() {
    let app = App::with_trace().await;
    for user in ["u-1", "u-2"] {
        app.post(&format!("/feedback?client_request_id=req-1&user_id={user}"), json!({"is_correct": true})).await;
    }
    assert_eq!(app.told(1).await, told(&[("true", true), ("true", true)]));
}

#[tokio::test]
async fn spans_are_judged_apart_from_their_trace() {
    let app = App::with_trace().await;
    for span in [json!(null), json!("b7ad6b7169203331"), json!("00ad6b7169203331")] {
        let body = json!({
            "client_request_id": "req-1", "span_id": span, "name": "user_feedback", "value": true,
            "source": {"id": "u-1"},
        });
        assert_eq!(app.post("/api/v1/feedback", body).await.body["overrides"], Json::Null);
    }
    assert_eq!(app.told(1).await, told(&[("true", true); 3]));
    let history = app.get("/api/v1/feedback?client_request_id=req-1&span_id=b7ad6b7169203331").await.body;
    assert_eq!(history["feedback"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn somebody_known_only_by_session_may_change_their_mind_within_it() {
    let app = App::with_trace().await;
    for (session, value) in [("s-1", true), ("s-1", false), ("s-2", true)] {
        let headers = [("X-Session-ID", session)];
        app.post_with("/feedback?client_request_id=req-1", &headers, json!({"is_correct": value})).await;
    }
    assert_eq!(app.told(1).await, told(&[("true", false), ("false", true), ("true", true)]));
}

#[tokio::test]
async fn nobodys_verdicts_stand_alone() {
    let app = App::with_trace().await;
    for path in ["/feedback?client_request_id=req-1", "/feedback?client_request_id=req-1&user_id=anonymous"] {
        app.post(path, json!({"is_correct": true})).await;
    }
    assert_eq!(app.told(1).await, told(&[("true", true), ("true", true)]));
}

#[tokio::test]
async fn a_withdrawn_verdict_counts_no_more_and_stays_in_the_history() {
    let app = App::with_trace().await;
    app.post(BY_USER, json!({"is_correct": true})).await;
    app.clock.advance(TICK);
    let reply = app.delete(WITHDRAW).await;
    assert_eq!(reply.status, 200);
    let given = app.verdicts(1).await.remove(0);
    assert_eq!(reply.body["overrides"], given.id.to_string());
    assert_eq!(
        (&reply.body["retracted"], &reply.body["valid"], &reply.body["value"]),
        (&json!(true), &json!(false), &Json::Null)
    );
    assert_eq!(app.told(1).await, told(&[("true", false), ("null", false)]));

    let again = app.delete(WITHDRAW).await;
    assert_eq!((again.status.as_u16(), again.replayed(), again.id()), (200, true, reply.id()));
    assert_eq!(app.verdicts(1).await.len(), 2);

    app.clock.advance(TICK);
    app.post(BY_USER, json!({"is_correct": false})).await;
    assert_eq!(app.told(1).await, told(&[("true", false), ("null", false), ("false", true)]));
}

#[tokio::test]
async fn only_the_own_verdict_is_withdrawn() {
    let app = App::with_trace().await;
    app.post(BY_USER, json!({"is_correct": true})).await;
    let reply = app.delete("/api/v1/feedback?client_request_id=req-1&name=user_feedback&user_id=u-2").await;
    reply.refused(404, "");
    assert_eq!(reply.body["code"], "nothing_to_withdraw");
    for (query, field) in [
        ("client_request_id=req-1&user_id=u-1", "name"),
        ("name=user_feedback&user_id=u-1", "trace_id"),
        ("client_request_id=req-1&name=user_feedback", "user_id"),
        ("client_request_id=req-1&name=user_feedback&user_id=u-1&source_id=u-2", "user_id"),
        ("client_request_id=req-1&name=user_feedback&source_type=ROBOT", "source_type"),
    ] {
        app.delete(&format!("/api/v1/feedback?{query}")).await.refused(422, field);
    }
    assert_eq!(app.told(1).await, told(&[("true", true)]));
}

#[tokio::test]
async fn anonymous_verdicts_are_withdrawn_by_id() {
    let app = App::with_trace().await;
    for _ in 0..2 {
        app.post("/feedback?client_request_id=req-1", json!({"is_correct": true})).await;
    }
    let first = app.verdicts(1).await.remove(0).id;
    let path = format!("/api/v1/feedback/{first}?trace_id={}", trace_id(1));
    let reply = app.delete(&path).await;
    assert_eq!((reply.status.as_u16(), &reply.body["overrides"]), (200, &json!(first.to_string())));
    assert_eq!(app.told(1).await, told(&[("true", false), ("true", true), ("null", false)]));
    let again = app.delete(&path).await;
    assert_eq!((again.status.as_u16(), again.id()), (200, reply.id()));

    let of_withdrawal = format!("/api/v1/feedback/{}?trace_id={}", reply.id(), trace_id(1));
    app.delete(&of_withdrawal).await.refused(409, "");
}

#[tokio::test]
async fn a_replaced_verdict_is_withdrawn_no_more() {
    let app = App::with_trace().await;
    for value in [true, false] {
        app.post(BY_USER, json!({"is_correct": value})).await;
    }
    let verdicts = app.verdicts(1).await;
    let replaced = verdicts.iter().find(|one| !one.valid).unwrap().id;
    let reply = app.delete(&format!("/api/v1/feedback/{replaced}?client_request_id=req-1")).await;
    reply.refused(409, "");
    assert_eq!(reply.body["code"], "not_current");
    assert_eq!(app.verdicts(1).await.len(), 2);
}

#[tokio::test]
async fn withdrawing_by_id_needs_a_known_id() {
    let app = App::with_trace().await;
    let id = "a-00000000000000000000000000000001";
    app.delete("/api/v1/feedback/x?client_request_id=req-1").await.refused(422, "assessment_id");
    app.delete(&format!("/api/v1/feedback/{id}")).await.refused(422, "trace_id");
    let reply = app.delete(&format!("/api/v1/feedback/{id}?client_request_id=req-1")).await;
    reply.refused(404, "");
    assert_eq!(reply.body["code"], "assessment_not_found");
    let reply = app.delete(&format!("/api/v1/feedback/{id}?client_request_id=req-2")).await;
    assert_eq!(reply.body["code"], "trace_not_found");
}

fn told(verdicts: &[(&str, bool)]) -> Vec<(String, String, bool)> {
    verdicts.iter().map(|(value, valid)| ("user_feedback".to_owned(), (*value).to_owned(), *valid)).collect()
}

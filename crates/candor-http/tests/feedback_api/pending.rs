use std::time::Duration;

use candor_http::feedback::FeedbackConfig;
use candor_model::DurationMs;
use serde_json::{Value as Json, json};

use crate::support::{App, trace_id};

const PENDING: &str = "/api/v1/feedback/pending";

async fn hold(app: &App, n: u8, user: &str, value: bool) -> String {
    let body = json!({
        "client_request_id": format!("req-{n}"), "name": "user_feedback", "value": value, "source": {"id": user},
    });
    let reply = app.post("/api/v1/feedback", body).await;
    assert_eq!(reply.status, 202, "{}", reply.body);
    app.clock.advance(DurationMs::from_millis(1000));
    reply.id()
}

fn ids(page: &Json) -> Vec<String> {
    page["pending"].as_array().unwrap().iter().map(|one| one["assessment_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_held_verdict_is_readable_at_once_and_linked_when_its_trace_lands() {
    let app = App::new();
    let body = json!({"client_request_id": "req-1", "name": "user_feedback", "value": true, "source": {"id": "u"}});
    let reply = app.post("/api/v1/feedback", body).await;
    assert_eq!(reply.status, 202);
    assert_eq!(reply.body["pending"], true);
    assert_eq!(reply.body["state"], "pending");
    assert_eq!(reply.body["target"], json!({"client_request_id": "req-1"}));
    assert_eq!(reply.body["received_at"], "2026-01-02T03:04:05.678Z");
    let listed = app.get(reply.body["links"]["pending"].as_str().unwrap()).await;
    assert_eq!(listed.body, json!({"pending": [reply.body], "next_page_token": null}));

    app.land(1).await;
    assert_eq!(app.get(PENDING).await.body["pending"], json!([]));
    let history = app.get("/api/v1/feedback?client_request_id=req-1").await.body;
    assert_eq!(history["feedback"][0]["assessment_id"], reply.id());
    assert_eq!(history["feedback"][0]["valid"], true);
}

#[tokio::test]
async fn a_mind_changed_while_waiting_counts_once() {
    let app = App::new();
    hold(&app, 1, "u", true).await;
    hold(&app, 1, "u", false).await;
    app.land(1).await;
    let told = app.told(1).await;
    assert_eq!(
        told.iter().map(|(_, value, valid)| (value.as_str(), *valid)).collect::<Vec<_>>(),
        [("true", false), ("false", true)]
    );
}

#[tokio::test]
async fn what_waits_too_long_is_orphaned_and_kept() {
    let config = FeedbackConfig { orphan_after: Duration::from_secs(60), ..FeedbackConfig::default() };
    let app = App::with(config);
    let old = hold(&app, 1, "u", true).await;
    app.clock.advance(DurationMs::from_millis(60_000));
    let fresh = hold(&app, 2, "u", true).await;
    let state = |state: &str| format!("{PENDING}?state={state}");
    assert_eq!(ids(&app.get(&state("orphaned")).await.body), std::slice::from_ref(&old));
    assert_eq!(ids(&app.get(&state("pending")).await.body), std::slice::from_ref(&fresh));
    let all = app.get(&state("all")).await.body;
    assert_eq!(ids(&all), [old.clone(), fresh]);
    assert_eq!((&all["pending"][0]["state"], &all["pending"][1]["state"]), (&json!("orphaned"), &json!("pending")));
    app.land(1).await;
    assert_eq!(app.verdicts(1).await[0].id.to_string(), old);
}

#[tokio::test]
async fn pages_are_cut_alike_while_the_clock_moves_on() {
    let config = FeedbackConfig { orphan_after: Duration::from_secs(2), ..FeedbackConfig::default() };
    let app = App::with(config);
    let mut held = Vec::new();
    for n in 1..=5 {
        held.push(hold(&app, n, "u", true).await);
    }
    let mut listed = Vec::new();
    let mut path = format!("{PENDING}?state=orphaned&max_results=1");
    loop {
        let page = app.get(&path).await.body;
        listed.extend(ids(&page));
        app.clock.advance(DurationMs::from_millis(1000));
        let Some(token) = page["next_page_token"].as_str() else { break };
        path = format!("{PENDING}?state=orphaned&max_results=1&page_token={token}");
    }
    assert_eq!(listed, held[..3]);
}

#[tokio::test]
async fn bad_questions_are_refused() {
    let app = App::new();
    for (query, field) in [
        ("state=lost", "state"),
        ("max_results=0", "max_results"),
        ("max_results=501", "max_results"),
        ("page_token=x", "page_token"),
        ("page_token=1.x", "page_token"),
        ("assessment_id=x", "assessment_id"),
        ("limit=5", "limit"),
    ] {
        app.get(&format!("{PENDING}?{query}")).await.refused(422, field);
    }
}

#[tokio::test]
async fn a_waiting_verdict_can_be_withdrawn_as_it_was_given() {
    let app = App::new();
    let id = hold(&app, 1, "u", true).await;
    let withdraw = "/api/v1/feedback?client_request_id=req-1&name=user_feedback&user_id=u";
    let reply = app.delete(withdraw).await;
    assert_eq!((reply.status.as_u16(), &reply.body["overrides"]), (202, &json!(id)));
    assert_eq!(reply.body["retracted"], true);
    let again = app.delete(withdraw).await;
    assert_eq!((again.status.as_u16(), again.id()), (202, reply.id()));
    app.land(1).await;
    let told: Vec<_> = app.told(1).await.into_iter().map(|(_, value, valid)| (value, valid)).collect();
    assert_eq!(told, [("true".to_owned(), false), ("null".to_owned(), false)]);
    app.delete("/api/v1/feedback?client_request_id=req-9&name=user_feedback&user_id=u").await.refused(404, "");
}

#[tokio::test]
async fn a_waiting_verdict_of_nobody_can_be_withdrawn_by_id() {
    let app = App::new();
    let reply =
        app.post("/api/v1/feedback", json!({"trace_id": trace_id(1).to_string(), "name": "n", "value": 1})).await;
    let withdrawn = app.delete(reply.body["links"]["withdraw"].as_str().unwrap()).await;
    assert_eq!((withdrawn.status.as_u16(), &withdrawn.body["overrides"]), (202, &json!(reply.id())));
    app.land(1).await;
    assert_eq!(app.verdicts(1).await.iter().filter(|one| one.valid).count(), 0);
    assert_eq!(app.held().await, 0);
}

//! What MLflow's pages ask for and Candor does not keep: the answers are empty, not errors.

#![expect(clippy::unwrap_used, reason = "a helper that fails must stop its test")]

mod common;

use common::{app, send};
use serde_json::json;

#[tokio::test]
async fn lists_of_what_is_not_kept_are_empty() {
    let app = app();
    let json_body = [("content-type", "application/json")];
    for (method, path, expected) in [
        ("POST", "2.0/mlflow/runs/search", json!({})),
        ("POST", "2.0/mlflow/logged-models/search", json!({})),
        ("GET", "2.0/mlflow/registered-models/search?max_results=5", json!({})),
        ("POST", "3.0/mlflow/datasets/search", json!({})),
        ("GET", "3.0/mlflow/scorers/list?experiment_id=0", json!({})),
        ("POST", "3.0/mlflow/issues/search", json!({"next_page_token": ""})),
        ("GET", "3.0/mlflow/review-queues/list?experiment_id=0", json!({"next_page_token": ""})),
        ("GET", "3.0/mlflow/label-schemas/list?experiment_id=0", json!({"next_page_token": ""})),
    ] {
        for prefix in ["api", "ajax-api"] {
            let body = json!({"experiment_ids": ["0"]}).to_string().into_bytes();
            let reply = send(&app, method, &format!("/{prefix}/{path}"), &json_body, body).await;
            assert_eq!((reply.status.as_u16(), reply.json()), (200, Some(expected.clone())), "{method} {path}");
        }
    }
    // Only what reads: nothing pretends to have been made.
    let create = json!({"experiment_id": "0"}).to_string().into_bytes();
    let reply = send(&app, "POST", "/api/2.0/mlflow/runs/create", &json_body, create).await;
    assert_eq!(reply.status.as_u16(), 404);
}

#[tokio::test]
async fn pages_are_told_to_report_nothing() {
    let reply = send(&app(), "GET", "/ajax-api/3.0/mlflow/ui-telemetry", &[], Vec::new()).await;
    let telemetry = json!({"disable_ui_events": [], "disable_ui_telemetry": true, "ui_rollout_percentage": 0});
    assert_eq!((reply.status.as_u16(), reply.json()), (200, Some(telemetry)));
    assert_eq!(reply.headers["content-type"], "application/json");
}

use candor_http::feedback::{Dimension, FeedbackConfig};
use serde_json::json;

use crate::support::{App, trace_id};

#[tokio::test]
async fn scores_are_fractions_and_the_comment_goes_to_the_first() {
    let app = App::with_trace().await;
    let query = format!("trace_id={}&user_id=u-3&accuracy=4&helpfulness=5&relevance=3&comment=so%20so", trace_id(1));
    let reply = app.rate(&query).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.body,
        json!({
            "status": "success", "trace_id": trace_id(1).to_string(),
            "feedback_recorded": {"accuracy": 4, "helpfulness": 5, "relevance": 3},
        })
    );
    let told = [("user_accuracy", "0.8"), ("user_helpfulness", "1.0"), ("user_relevance", "0.6")];
    assert_eq!(app.told(1).await, told.map(|(name, value)| (name.to_owned(), value.to_owned(), true)));
    let rationales: Vec<_> = app.verdicts(1).await.into_iter().map(|one| one.rationale).collect();
    assert_eq!(rationales, [Some("so so".to_owned()), None, None]);
}

#[tokio::test]
async fn scores_find_their_trace_by_client_request_id_and_wait_for_it() {
    let app = App::new();
    let reply = app.rate("client_request_id=req-1&accuracy=1&helpfulness=1&relevance=1").await;
    assert_eq!(reply.status, 202);
    assert_eq!(reply.body["status"], "pending");
    assert_eq!(app.held().await, 3);
    app.land(1).await;
    assert_eq!((app.held().await, app.verdicts(1).await.len()), (0, 3));
}

#[tokio::test]
async fn one_bad_score_keeps_all_from_being_written() {
    let app = App::with_trace().await;
    for (scores, field) in [
        ("accuracy=6&helpfulness=5&relevance=3", "accuracy"),
        ("accuracy=0&helpfulness=5&relevance=3", "accuracy"),
        ("accuracy=4.5&helpfulness=5&relevance=3", "accuracy"),
        ("accuracy=&helpfulness=5&relevance=3", "accuracy"),
        ("accuracy=4&helpfulness=x&relevance=3", "helpfulness"),
        ("accuracy=4&helpfulness=5&relevance=-1", "relevance"),
        ("accuracy=4&helpfulness=5", "relevance"),
        ("accuracy=4&helpfulness=5&relevence=3", "relevence"),
        ("accuracy=4&helpfulness=5&relevance=3&tone=3", "tone"),
        ("accuracy=4&helpfulness=5&relevance=3&accuracy=5", "accuracy"),
    ] {
        app.rate(&format!("client_request_id=req-1&{scores}")).await.refused(422, field);
        assert_eq!(app.written().await, 0, "{scores}");
    }
    app.rate("accuracy=4&helpfulness=5&relevance=3").await.refused(422, "trace_id");
}

#[tokio::test]
async fn a_misspelt_dimension_is_told_what_was_meant() {
    let reply = App::new().rate("client_request_id=r&accuracy=4&helpfulness=5&relevence=3").await;
    let reason = reply.body["errors"][1]["reason"].as_str().unwrap();
    assert_eq!(reason, "is unknown here; is relevance meant?");
}

#[tokio::test]
async fn a_deployment_has_its_own_dimensions_and_scales() {
    let dimensions = vec![Dimension::new("tone", 0, 10).unwrap()];
    let app = App::with(FeedbackConfig { dimensions, ..FeedbackConfig::default() });
    app.land(1).await;
    let reply = app.rate("client_request_id=req-1&tone=7&comment=warm").await;
    assert_eq!(reply.body["feedback_recorded"], json!({"tone": 7}));
    assert_eq!(app.told(1).await, [("user_tone".into(), "0.7".into(), true)]);
    app.rate("client_request_id=req-1&tone=11").await.refused(422, "tone");
}

#[tokio::test]
async fn a_second_rating_of_the_same_user_replaces_the_first() {
    let app = App::with_trace().await;
    for accuracy in [2, 4] {
        let query = format!("client_request_id=req-1&user_id=u&accuracy={accuracy}&helpfulness=5&relevance=3");
        assert_eq!(app.rate(&query).await.status, 200);
    }
    let valid: Vec<_> = app.told(1).await.into_iter().filter(|(_, _, valid)| *valid).collect();
    assert_eq!(valid.len(), 3);
    assert!(valid.contains(&("user_accuracy".into(), "0.8".into(), true)));
}

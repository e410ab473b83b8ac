//! The three flows of MLflow's guide on collecting feedback, over plain HTTP.

use candor_tests::{Candor, samples};
use serde_json::{Value, json};

#[test]
fn a_verdict_by_trace_id_lands_on_its_trace() {
    let candor = candor_with_trace(1);
    let id = samples::trace_id(1);
    let answer =
        candor.post(&format!("/feedback?trace_id={id}&user_id=u-1"), &json!({"is_correct": true, "comment": "good"}));
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Value>().unwrap(), json!({"status": "success", "trace_id": id}));

    let verdicts = assessments(&candor, 1);
    assert_eq!(verdicts.len(), 1);
    assert_eq!(verdicts[0]["assessment_name"], "user_feedback");
    assert_eq!(verdicts[0]["feedback"]["value"], true);
    assert_eq!(verdicts[0]["rationale"], "good");
    assert_eq!(verdicts[0]["source"], json!({"source_type": "HUMAN", "source_id": "u-1"}));
}

#[test]
fn a_verdict_by_client_request_id_lands_on_its_trace() {
    let candor = candor_with_trace(2);
    let answer = candor
        .request("POST", "/feedback?client_request_id=req-00000002")
        .header("X-User-ID", "u-2")
        .header("X-Session-ID", "s-2")
        .json(&json!({"is_correct": false, "comment": null}))
        .send()
        .unwrap();
    assert_eq!(answer.status(), 200);
    let verdicts = assessments(&candor, 2);
    assert_eq!(verdicts[0]["feedback"]["value"], false);
    assert_eq!(verdicts[0]["source"]["source_id"], "u-2");
    assert_eq!(verdicts[0]["metadata"]["candor.session_id"], "s-2");
}

#[test]
fn ratings_in_several_dimensions_are_normalised() {
    let candor = candor_with_trace(3);
    let id = samples::trace_id(3);
    let path = format!(
        "/detailed-feedback?trace_id={id}&user_id=u-3&accuracy=4&helpfulness=5&relevance=3&comment=mostly%20right"
    );
    let answer = candor.request("POST", &path).send().unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(
        answer.json::<Value>().unwrap(),
        json!({"status": "success", "trace_id": id, "feedback_recorded": {"accuracy": 4, "helpfulness": 5, "relevance": 3}})
    );
    let mut verdicts = assessments(&candor, 3);
    verdicts.sort_by_key(|verdict| verdict["assessment_name"].to_string());
    let values: Vec<_> =
        verdicts.iter().map(|verdict| (&verdict["assessment_name"], &verdict["feedback"]["value"])).collect();
    assert_eq!(
        values,
        [
            (&json!("user_accuracy"), &json!(0.8)),
            (&json!("user_helpfulness"), &json!(1.0)),
            (&json!("user_relevance"), &json!(0.6))
        ]
    );
    assert_eq!(verdicts[0]["rationale"], "mostly right");
    assert!(verdicts[1].get("rationale").is_none());
}

/// Each refusal: path, content type, body, status, and the word of the answer that names what is wrong.
const REFUSED: &[(&str, &str, &str, u16, &str)] = &[
    ("/feedback?user_id=u", JSON, r#"{"is_correct": true}"#, 422, "trace_id"),
    ("/feedback?trace_id=nonsense&user_id=u", JSON, r#"{"is_correct": true}"#, 422, "trace_id"),
    ("/feedback?client_request_id=&user_id=u", JSON, r#"{"is_correct": true}"#, 422, "client_request_id"),
    ("/feedback?trace_id=TRACE&user_id=u", JSON, "{}", 422, "is_correct"),
    ("/feedback?trace_id=TRACE&user_id=u", JSON, r#"{"is_correct": "yes"}"#, 422, "is_correct"),
    ("/feedback?trace_id=TRACE&user_id=u", JSON, r#"{"is_correct": true, "comment": 5}"#, 422, "comment"),
    ("/feedback?trace_id=TRACE&user_id=u", JSON, r#"{"is_correct": "#, 400, ""),
    ("/feedback?trace_id=TRACE&user_id=u", "text/plain", r#"{"is_correct": true}"#, 415, ""),
    ("/feedback?trace_id=TRACE&client_request_id=req-00000005", JSON, r#"{"is_correct": true}"#, 409, ""),
    ("/detailed-feedback?trace_id=TRACE&accuracy=6&helpfulness=5&relevance=3", JSON, "", 422, "accuracy"),
    ("/detailed-feedback?trace_id=TRACE&accuracy=0&helpfulness=5&relevance=3", JSON, "", 422, "accuracy"),
    ("/detailed-feedback?trace_id=TRACE&accuracy=4.5&helpfulness=5&relevance=3", JSON, "", 422, "accuracy"),
    ("/detailed-feedback?trace_id=TRACE&accuracy=4&helpfulness=x&relevance=3", JSON, "", 422, "helpfulness"),
    ("/detailed-feedback?trace_id=TRACE&accuracy=4&helpfulness=5", JSON, "", 422, "relevance"),
];
const JSON: &str = "application/json";

#[test]
fn bad_input_is_refused_by_name_and_writes_nothing() {
    let candor = candor_with_trace(4);
    candor.post("/api/3.0/mlflow/traces", &samples::start_trace(5)).error_for_status().unwrap();
    for (path, content_type, body, status, word) in REFUSED {
        let path = path.replace("TRACE", &samples::trace_id(4));
        let answer = candor.request("POST", &path).header("Content-Type", *content_type).body(*body).send().unwrap();
        assert_eq!(answer.status(), *status, "{path} {body}");
        let text = answer.text().unwrap();
        assert!(text.contains(word), "{path} {body}: {text}");
    }
    let huge = format!(r#"{{"is_correct": true, "comment": "{}"}}"#, "x".repeat(20 << 20));
    let path = format!("/feedback?trace_id={}&user_id=u", samples::trace_id(4));
    let answer = candor.request("POST", &path).header("Content-Type", JSON).body(huge).send().unwrap();
    assert_eq!(answer.status(), 413);
    assert_eq!(assessments(&candor, 4), Vec::<Value>::new());
    assert_eq!(assessments(&candor, 5), Vec::<Value>::new());
}

fn candor_with_trace(n: u64) -> Candor {
    let candor = Candor::start();
    candor.post("/api/3.0/mlflow/traces", &samples::start_trace(n)).error_for_status().unwrap();
    candor
}

fn assessments(candor: &Candor, n: u64) -> Vec<Value> {
    let answer = candor.get(&format!("/api/3.0/mlflow/traces/{}", samples::trace_id(n))).json::<Value>().unwrap();
    answer["trace"]["trace_info"]["assessments"].as_array().cloned().unwrap_or_default()
}

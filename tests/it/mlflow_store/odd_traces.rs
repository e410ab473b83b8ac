//! Traces that MLflow's own reads leave out or fail on.

use candor_mlflow::MlflowStore;
use candor_model::{AssessmentBody, SpanId, TraceId, Value as ModelValue};
use candor_store::conformance::{block_on, samples};
use candor_store::{NewAssessment, StoreError, TrackingStore, TrackingStoreExt};
use candor_tests::Mlflow;
use candor_tests::samples::{start_trace, trace_id};
use serde_json::{Value, json};

use super::{connect, start};

#[test]
fn nothing_that_exists_is_reported_missing() {
    let mlflow = start();
    // As other clients send it: without spans, with fewer than announced, with a value that MLflow
    // itself cannot write.
    post(&mlflow, "traces", &start_trace(1), 200);
    let mut incomplete = start_trace(2);
    incomplete["trace"]["trace_info"]["trace_metadata"] = json!({"mlflow.trace.sizeStats": "{\"num_spans\": 3}"});
    post(&mlflow, "traces", &incomplete, 200);
    post(&mlflow, "traces", &start_trace(3), 200);
    let poison = json!({"assessment": {
        "assessment_id": format!("a-{:032x}", 9), "assessment_name": "poison",
        "source": {"source_type": "HUMAN", "source_id": "x"}, "feedback": {"value": ["list_value", "b"]},
    }});
    block_on(async {
        let store = connect(&mlflow).await;
        for n in [2_u32, 3, 4] {
            let mut span = samples::root(n, n);
            span.trace_id = id(n.into());
            store.log_spans(samples::batch(vec![span])).await.unwrap();
        }
    });
    post(&mlflow, &format!("traces/{}/assessments", trace_id(3)), &poison, 500);

    block_on(async {
        let store = connect(&mlflow).await;
        let read = store.get_traces(&[4, 3, 2, 1, 9].map(id), true).await.unwrap();
        let spans: Vec<(TraceId, Vec<SpanId>)> = read
            .iter()
            .map(|trace| (trace.info.trace_id, trace.spans.iter().map(|span| span.span_id).collect()))
            .collect();
        let expected = [(4, vec![4]), (3, vec![3]), (2, vec![2]), (1, vec![])]
            .map(|(n, spans)| (id(n), spans.into_iter().map(samples::span_id).collect::<Vec<_>>()));
        assert_eq!(spans, expected);
        assert_eq!(read[1].info.assessments[0].name.as_str(), "poison");
        for n in 1..=4 {
            assert!(store.trace_info(id(n)).await.unwrap().is_some(), "{n}");
        }
    });
}

#[test]
fn a_value_that_would_spoil_its_trace_is_refused() {
    let mlflow = start();
    block_on(async {
        let store: MlflowStore = connect(&mlflow).await;
        store.start_trace(samples::trace(1)).await.unwrap();
        for value in [json!(["a", "list_value"]), json!({"k": [["list_value"]]})] {
            let body = AssessmentBody::feedback(ModelValue::try_from(value).unwrap());
            let item = NewAssessment { body, ..samples::verdict(1, samples::trace_id(1), "ann", true) };
            let error = store.log_assessment(item).await.unwrap_err();
            assert!(matches!(error, StoreError::Invalid { field: "assessment.feedback.value", .. }), "{error:?}");
        }
        for value in [json!("list_value"), json!({"list_value": "list_value"})] {
            let body = AssessmentBody::feedback(ModelValue::try_from(value).unwrap());
            let name = samples::assessment_id(7);
            let item = NewAssessment { id: name, body, ..samples::verdict(1, samples::trace_id(1), "ann", true) };
            let logged = store.log_assessment(item).await.unwrap();
            assert!(store.delete_assessment(samples::trace_id(1), logged.assessment().unwrap().id).await.unwrap());
        }
    });
}

fn id(n: u64) -> TraceId {
    trace_id(n).parse().unwrap()
}

fn post(mlflow: &Mlflow, path: &str, body: &Value, status: u16) {
    let client = reqwest::blocking::Client::new();
    let answer = client.post(format!("{}/api/3.0/mlflow/{path}", mlflow.url())).json(body).send().unwrap();
    assert_eq!(answer.status().as_u16(), status, "{}", answer.text().unwrap());
}

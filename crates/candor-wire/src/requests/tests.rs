use candor_model::{AssessmentId, TimestampMs, Value};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::*;
use crate::decode;

#[track_caller]
fn check<T: DeserializeOwned>(json: &Json, expected: &str) {
    let Err(error) = decode::<T>(json.to_string().as_bytes()) else { panic!("{json} was accepted") };
    assert_eq!(error.to_string(), expected, "{json}");
}

fn read<T: DeserializeOwned>(json: &Json) -> T {
    decode(json.to_string().as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn missing(field: &str) -> String {
    format!(
        "Missing value for required parameter '{field}'. See the API docs for more information about request parameters."
    )
}

#[test]
fn a_mask_has_either_spelling_and_either_form() {
    let assessment =
        json!({"assessment_name": "n", "feedback": {"value": 1}, "rationale": "r", "metadata": {"a": "b"}});
    for mask in [
        json!("assessment_name,rationale"),
        json!(" assessmentName , rationale,"),
        json!({"paths": ["assessmentName", "rationale"]}),
    ] {
        let update: UpdateAssessment = read(&json!({"assessment": assessment, "update_mask": mask}));
        let expected = UpdateAssessment {
            name: Some("n".parse().unwrap()),
            rationale: Some("r".to_owned()),
            ..UpdateAssessment::default()
        };
        assert_eq!(update, expected);
    }
}

#[test]
fn what_the_mask_names_and_the_body_lacks_is_emptied() {
    let update: UpdateAssessment = read(
        &json!({"assessment": {"expectation": {"value": 1}}, "updateMask": "assessmentName,feedback,rationale,metadata"}),
    );
    assert_eq!((update.name.unwrap().as_str(), update.rationale.as_deref()), ("", Some("")));
    assert_eq!(update.feedback.unwrap().value(), &Value::Null);
    assert_eq!((update.expectation, update.metadata.len()), (None, 0));
    check::<UpdateAssessment>(
        &json!({"assessment": {}, "update_mask": "expectation"}),
        "The `value` field must be specified.",
    );
}

#[test]
fn a_mask_names_something_that_can_be_changed() {
    for mask in [json!(""), json!(","), json!(null), json!({}), json!({"paths": []})] {
        check::<UpdateAssessment>(&json!({"assessment": {}, "update_mask": mask}), &missing("update_mask"));
    }
    check::<UpdateAssessment>(&json!({"update_mask": "rationale"}), &missing("assessment"));
    for path in ["valid", "feedback.value", "*", "source"] {
        let expected =
            format!("Invalid value for 'update_mask': {path:?} is no part of an assessment that can be changed");
        check::<UpdateAssessment>(&json!({"assessment": {}, "update_mask": path}), &expected);
    }
}

#[test]
fn an_update_is_written_with_a_mask_of_what_is_set() {
    let update = UpdateAssessment { rationale: Some(String::new()), ..UpdateAssessment::default() };
    assert_eq!(
        serde_json::to_value(update).unwrap(),
        json!({"assessment": {"rationale": ""}, "update_mask": "rationale"})
    );
    let update = json!({"assessment": {"expectation": {"value": 5.0}, "metadata": {"a": "b"}}, "update_mask": "expectation,metadata"});
    assert_eq!(serde_json::to_value(read::<UpdateAssessment>(&update)).unwrap(), update);
}

#[test]
fn traces_are_deleted_by_id_or_by_time() {
    let id = format!("tr-{}", "1".repeat(32));
    let request = json!({"experiment_id": "0", "request_ids": [id, "tr-missing", id]});
    assert!(matches!(read(&request), DeleteTraces::Ids { trace_ids, .. } if trace_ids.len() == 1));
    let request = json!({"experimentId": " 0", "maxTimestampMillis": "-5", "max_traces": 2, "request_ids": []});
    let expected = DeleteTraces::Until {
        experiment_id: candor_model::ExperimentId::DEFAULT,
        max_timestamp: TimestampMs::from_millis(-5),
        max_traces: Some(2),
    };
    assert_eq!(read::<DeleteTraces>(&request), expected);
    for (rest, error) in [
        (json!({}), "Either `max_timestamp_millis` or `trace_ids` must be specified."),
        (
            json!({"request_ids": ["x"], "max_timestamp_millis": 0}),
            "Only one of `max_timestamp_millis` and `trace_ids` can be specified.",
        ),
        (
            json!({"request_ids": ["x"], "max_traces": 0}),
            "`max_traces` can't be specified if `trace_ids` is specified.",
        ),
        (json!({"max_timestamp_millis": 0, "max_traces": 0}), "`max_traces` must be a positive integer, received 0."),
    ] {
        let mut request = rest;
        request["experiment_id"] = json!("0");
        check::<DeleteTraces>(&request, error);
    }
    check::<DeleteTraces>(&json!({"request_ids": [id]}), &missing("experiment_id"));
}

#[test]
fn searches_look_in_experiments_and_have_a_page_size() {
    let located = |id: &str| json!({"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": id}});
    let request: SearchTraces = read(&json!({
        "locations": [located("1"), {"mlflow_experiment": {"experiment_id": "0"}}, {"type": "INFERENCE_TABLE", "inference_table": {}}, {}],
        "max_results": null, "filter": "", "order_by": null,
    }));
    assert_eq!(request.locations.iter().map(|id| id.get()).collect::<Vec<_>>(), [1, 0]);
    assert_eq!((request.max_results, request.filter), (100, None));
    check::<SearchTraces>(
        &json!({"locations": [located("1.2"), located("3"), located("a.b")]}),
        "Locations must be a list of experiment IDs. Found invalid experiment IDs: 1.2, a.b.",
    );
    for (size, error) in [
        (0, "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer"),
        (-1, "Invalid value -1 for parameter 'max_results' supplied. It must be a positive integer"),
        (
            501,
            "Invalid value 501 for parameter 'max_results' supplied:  Hint: Value was of type 'int'. See the API docs for more information about request parameters.",
        ),
    ] {
        check::<SearchTraces>(&json!({"locations": [], "max_results": size}), error);
    }
    check::<SearchExperiments>(
        &json!({"max_results": 50_001}),
        "Invalid value 50001 for parameter 'max_results' supplied. It must be at most 50000",
    );
    for (view, expected) in [
        (json!("banana"), ViewType::ActiveOnly),
        (json!(3), ViewType::All),
        (json!("DELETED_ONLY"), ViewType::DeletedOnly),
    ] {
        assert_eq!(read::<SearchExperiments>(&json!({"max_results": 1, "view_type": view})).view_type, expected);
    }
}

#[test]
fn tag_keys_are_refused_with_the_words_of_mlflow() {
    check::<SetTraceTag>(&json!({"key": "", "value": "v"}), &missing("key"));
    check::<SetTraceTag>(&json!({"key": "k".repeat(251)}), "'key' exceeds the maximum length of 250 characters");
    check::<SetTraceTag>(
        &json!({"key": "a!b"}),
        "Invalid value \"a!b\" for parameter 'key' supplied: Names may only contain alphanumerics, underscores (_), \
         dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).",
    );
    // What the real server resolves them to.
    for (key, resolved) in [
        ("../x", "../x"),
        ("/x", "/x"),
        (".", "."),
        ("a//b", "a/b"),
        ("a/", "a"),
        ("a/../b", "b"),
        ("..", ".."),
        ("a/b/..", "a"),
        ("./a", "a"),
        ("//x", "//x"),
    ] {
        let text = format!(
            "Invalid value {key:?} for parameter 'key' supplied: Names may be treated as files in certain cases, and must \
             not resolve to other names when treated as such. This name would resolve to '{resolved}'"
        );
        check::<SetTraceTag>(&json!({ "key": key }), &text);
    }
    check::<CreateExperiment>(
        &json!({"name": "x", "tags": [{"key": "k".repeat(251)}]}),
        "'key' exceeds the maximum length of 250 characters",
    );
}

#[test]
fn tag_values_are_text_of_some_length() {
    assert_eq!(read::<SetTraceTag>(&json!({"key": "k", "value": null})).value, "");
    assert_eq!(read::<SetTraceTag>(&json!({"key": "k", "value": "é".repeat(8001)})).value, "é".repeat(8000));
    let tag = |value: String| json!({"experiment_id": "0", "key": "k", "value": value});
    assert_eq!(read::<SetExperimentTag>(&tag("é".repeat(20_000))).value.chars().count(), 20_000);
    check::<SetExperimentTag>(&tag("v".repeat(20_001)), "'value' exceeds the maximum length of 20000 characters");
    check::<SetTraceTag>(
        &json!({"key": "k", "value": 1}),
        "Invalid value for 'value': invalid type: integer `1`, expected a string",
    );
}

#[test]
fn links_have_their_limits() {
    check::<LinkToRun>(
        &json!({"trace_ids": vec!["x"; 101], "run_id": "r"}),
        "Cannot link more than 100 traces to a run in a single request. Provided 101 traces.",
    );
    check::<LinkToRun>(&json!({"trace_ids": []}), &missing("run_id"));
    check::<LinkToRun>(&json!({"run_id": "r"}), &missing("trace_ids"));
    for request in [json!({"trace_id": "tr-x"}), json!({"trace_id": "tr-x", "prompt_versions": null})] {
        check::<LinkPrompts>(&request, &missing("prompt_versions"));
    }
    check::<LinkPrompts>(
        &json!({"trace_id": "tr-x", "prompt_versions": [{"name": "n"}]}),
        &missing("prompt_versions[0].version"),
    );
    assert_eq!(read::<LinkToRun>(&json!({"traceIds": [], "runId": "r"})).run_id, "r");
}

#[test]
fn assessments_of_a_started_trace_get_ids_and_times() {
    let own = format!("a-{}", "9".repeat(32));
    let started: StartTrace = read(&json!({"trace": {"trace_info": {
        "trace_id": format!("tr-{}", "1".repeat(32)),
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
        "assessments": [{"feedback": {"value": true}}, {"assessment_id": own, "create_time": "1970-01-01T00:00:00Z", "issue": {}}],
    }}}));
    let info = started.into_info(|| AssessmentId::from_bytes([7; 16]), TimestampMs::from_millis(5)).unwrap();
    let ids: Vec<String> = info.assessments.iter().map(|assessment| assessment.id.to_string()).collect();
    assert_eq!(ids, [format!("a-{}", "07".repeat(16)), own]);
    let times = info.assessments.iter().map(|assessment| assessment.create_time.as_millis());
    assert_eq!(times.collect::<Vec<_>>(), [5, 0]);
    assert!(info.assessments.iter().all(|assessment| assessment.trace_id == info.trace_id && assessment.valid));
}

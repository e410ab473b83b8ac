use candor_model::{DurationMs, ExperimentId, TimestampMs, TraceId, TraceState};
use serde_json::json;

use super::*;
use crate::decode;
use crate::requests::StartTrace;
use crate::responses::{TraceInfoEnvelope, TraceList, TracePage};

fn info() -> TraceInfo {
    TraceInfo::new(TraceId::from_bytes([1; 16]), ExperimentId::DEFAULT, TimestampMs::from_millis(1_500))
}

fn start(mut change: serde_json::Value) -> Result<TraceInfo, String> {
    let mut json = serde_json::to_value(TraceInfoEnvelope(info())).unwrap();
    let fields = json["trace"]["trace_info"].as_object_mut().unwrap();
    fields.append(change.as_object_mut().unwrap());
    decode::<StartTrace>(json.to_string().as_bytes()).map(|started| started.info).map_err(|error| error.to_string())
}

#[test]
fn an_unset_trace_shows_only_what_must_be_there() {
    let json = json!({
        "trace_id": "tr-01010101010101010101010101010101",
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
        "request_time": "1970-01-01T00:00:01.500Z", "state": "STATE_UNSPECIFIED",
    });
    assert_eq!(serde_json::to_value(TraceInfoJson(info())).unwrap(), json);
    let set = TraceInfo {
        execution_duration: Some(DurationMs::from_millis(0)),
        request_preview: Some(String::new()),
        ..info()
    };
    let json = serde_json::to_value(TraceInfoJson(set)).unwrap();
    assert_eq!((&json["execution_duration"], &json["request_preview"]), (&json!("0s"), &json!("")));
}

#[test]
fn long_tags_and_metadata_are_cut_by_characters() {
    let mut long = info();
    long.tags.insert("é".repeat(251), "ß".repeat(4097));
    long.tags.insert(format!("{}b", "k".repeat(250)), "first".to_owned());
    long.tags.insert(format!("{}c", "k".repeat(250)), "last".to_owned());
    long.metadata.insert("m".repeat(250), "w".repeat(251));
    let json = serde_json::to_value(TraceInfoJson(&long)).unwrap();
    assert_eq!(json["tags"], json!({"é".repeat(250): "ß".repeat(4096), "k".repeat(250): "last"}));
    assert_eq!(json["trace_metadata"], json!({"m".repeat(250): "w".repeat(250)}));
    // Repeated keys would be invisible above.
    assert_eq!(serde_json::to_string(&TraceInfoJson(&long)).unwrap().matches("kkkk\":").count(), 1);
}

#[test]
fn long_texts_are_read_whole() {
    let read = start(json!({"tags": {"k": "v".repeat(9000)}, "trace_metadata": {"m": "w".repeat(900)}})).unwrap();
    assert_eq!((read.tags["k"].len(), read.metadata["m"].len()), (9000, 900));
}

#[test]
fn unknown_states_are_unspecified_and_numbers_are_states() {
    for (sent, expected) in [
        (json!("ERROR"), TraceState::Error),
        (json!("BANANA"), TraceState::Unspecified),
        (json!(3), TraceState::InProgress),
        (json!(99), TraceState::Unspecified),
        (json!(null), TraceState::Unspecified),
    ] {
        assert_eq!(start(json!({ "state": sent })).unwrap().state, expected);
    }
}

#[test]
fn scalars_of_the_wrong_form_are_refused_by_name() {
    assert_eq!(
        start(json!({"request_time": 1_767_323_045_678_i64})).unwrap_err(),
        "Invalid value for 'trace.trace_info.request_time': invalid type: integer `1767323045678`, expected a string"
    );
    assert_eq!(
        start(json!({"execution_duration": "1.5"})).unwrap_err(),
        "Invalid value for 'trace.trace_info.execution_duration': must be a duration in seconds such as 1.5s, got \"1.5\""
    );
    let absent = start(json!({"request_time": null, "client_request_id": "", "execution_duration": null})).unwrap();
    assert_eq!((absent.request_time, absent.client_request_id), (TimestampMs::from_millis(0), None));
}

#[test]
fn a_location_is_an_experiment_and_says_so() {
    let located = |location| start(json!({ "trace_location": location })).map(|info| info.experiment_id.get());
    let experiment = |id| json!({ "experiment_id": id });
    assert_eq!(located(json!({"type": 1, "mlflowExperiment": experiment("7")})), Ok(7));
    assert_eq!(
        located(json!({"mlflow_experiment": experiment("0")})).unwrap_err(),
        "Trace location type TraceLocationType.TRACE_LOCATION_TYPE_UNSPECIFIED does not match the provided location \
         MlflowExperimentLocation(experiment_id='0')."
    );
    assert_eq!(
        located(json!({"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": experiment("abc")})).unwrap_err(),
        "Invalid experiment ID 'abc'. Experiment ID must be a valid integer."
    );
    assert!(
        located(json!({"type": "MLFLOW_EXPERIMENT"}))
            .unwrap_err()
            .contains("'trace.trace_info.mlflow_experiment.experiment_id'")
    );
    assert!(located(json!(null)).unwrap_err().contains("'trace.trace_info.trace_location'"));
}

#[test]
fn empty_lists_are_left_out_and_read_as_such() {
    let nothing: [TraceInfo; 0] = [];
    let page = TracePage { traces: nothing, next_page_token: None };
    assert_eq!(serde_json::to_string(&page).unwrap(), "{}");
    let page: TracePage<Vec<TraceInfo>> = decode(br#"{"traces": null, "next_page_token": ""}"#).unwrap();
    assert_eq!((page.traces.len(), page.next_page_token), (0, None));
    let traces = [Trace { info: info(), spans: Vec::new() }];
    assert_eq!(serde_json::to_value(TraceList(traces)).unwrap()["traces"][0].get("spans"), None);
}

use std::process::Command;

use candor_mlflow::MlflowOptions;
use candor_model::{AssessmentBody, ExperimentId, TimestampMs, TraceId, TraceInfo, Value};
use candor_store::TrackingStoreExt;
use candor_store::conformance::block_on;
use candor_tests::python::succeed;
use candor_tests::{Mlflow, workspace};

use super::connect;

#[test]
fn the_example_brings_a_verdict_to_mlflow() {
    let mlflow = Mlflow::start();
    let store = connect(MlflowOptions::new(mlflow.url())).unwrap();
    let trace_id: TraceId = "tr-4bf92f3577b34da6a3ce929d0e0e4736".parse().unwrap();
    let trace = TraceInfo::new(trace_id, ExperimentId::DEFAULT, TimestampMs::from_millis(1_767_323_045_678));
    block_on(store.start_trace(trace)).unwrap();

    let example = ["run", "--quiet", "--package", "candor-mlflow", "--example", "log_feedback", "--"];
    for _ in 0..2 {
        let mut command = Command::new(env!("CARGO"));
        command.current_dir(workspace()).args(example).arg(trace_id.to_string());
        let output = succeed(command.env("MLFLOW_TRACKING_URI", mlflow.url()));
        let expected = format!("user_feedback is on {trace_id} at {}\n", mlflow.url());
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    }

    let info = block_on(store.trace_info(trace_id)).unwrap().unwrap();
    let valid: Vec<_> = info.assessments.iter().filter(|assessment| assessment.valid).collect();
    assert_eq!((info.assessments.len(), valid.len()), (2, 1));
    let AssessmentBody::Feedback(feedback) = &valid[0].body else { panic!("{valid:?}") };
    assert_eq!(feedback.value(), &Value::Bool(true));
    assert_eq!(valid[0].rationale.as_deref(), Some("just what I needed"));
}

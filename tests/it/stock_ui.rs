//! MLflow's own web pages, the files of its package, work on Candor: in a real Chromium they list traces,
//! open one, take and change a verdict, and draw their figures.

use std::path::PathBuf;
use std::process::Command;

use candor_model::TimestampMs;
use candor_store::{Clock, SystemClock};
use candor_tests::python::{succeed, venv};
use candor_tests::samples::trace_id;
use candor_tests::{Candor, workspace};
use candor_wire::scalar::format_timestamp;
use serde_json::{Value, json};

const FOLDER_OF_THE_PAGES: &str =
    "import mlflow.server as s, os; print(os.path.join(os.path.dirname(s.__file__), 'js/build'))";

#[test]
fn mlflows_pages_show_and_change_what_candor_keeps() {
    let candor = Candor::start();
    let experiment = fill(&candor);
    let output = succeed(Command::new("node").arg(workspace().join("tests/js/stock_ui.mjs")).arg(pages()).args([
        candor.url(),
        &experiment,
        &trace_id(1),
    ]));
    let printed = String::from_utf8(output.stdout).unwrap();
    let calls: Vec<String> = serde_json::from_str(printed.lines().last().unwrap()).unwrap();
    println!("the pages asked for\n{}", calls.join("\n"));
    for call in calls.iter().filter(|call| !call.starts_with("200 ")) {
        assert!(UNANSWERED.contains(&call.as_str()), "{call}: docs/mlflow-compatibility.md does not say so");
    }
}

/// What the pages ask for in vain and do without.
const UNANSWERED: [&str; 4] = [
    "404 GET /ajax-api/2.0/mlflow/users/current",
    "404 GET /ajax-api/3.0/mlflow/assistant/config",
    "404 GET /ajax-api/3.0/mlflow/assistant/providers",
    "404 POST /ajax-api/3.0/mlflow/review-queues/get-or-create-user",
];

fn pages() -> PathBuf {
    let output =
        succeed(Command::new(venv("python")).args(["-c", FOLDER_OF_THE_PAGES]).env("MLFLOW_DISABLE_TELEMETRY", "true"));
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

/// Three traces of just now with spans, one of them failed; the first has two verdicts, the others one each.
fn fill(candor: &Candor) -> String {
    let created: Value = ok(candor.post("/api/2.0/mlflow/experiments/create", &json!({"name": "shop"})));
    let experiment = created["experiment_id"].as_str().unwrap().to_owned();
    let questions = [
        ("Where is my parcel?", "It left our warehouse yesterday.", "OK"),
        ("Do you ship to Norway?", "We do.", "OK"),
        ("What does it cost?", "It depends.", "ERROR"),
    ];
    for (n, (question, answer, state)) in (1..).zip(questions) {
        let spans = spans(n, question, answer);
        let request = candor.request("POST", "/v1/traces").header("x-mlflow-experiment-id", &experiment).json(&spans);
        request.send().unwrap().error_for_status().unwrap();
        let info = json!({"trace": {"trace_info": {
            "trace_id": trace_id(n), "state": state, "execution_duration": "1.500s",
            "request_time": format_timestamp(time(n)),
            "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}},
            "request_preview": question, "response_preview": answer, "tags": {"mlflow.traceName": "answer"},
        }}});
        ok(candor.post("/api/3.0/mlflow/traces", &info));
        judge(candor, n, "user_feedback", &json!(n != 1), if n == 1 { "the parcel never came" } else { "good" });
    }
    judge(candor, 1, "accuracy", &json!(0.75), "half of it");
    experiment
}

fn judge(candor: &Candor, n: u64, name: &str, value: &Value, rationale: &str) {
    let assessment = json!({"assessment": {
        "assessment_name": name, "feedback": {"value": value}, "rationale": rationale,
        "source": {"source_type": "HUMAN", "source_id": "ada"},
    }});
    ok(candor.post(&format!("/api/3.0/mlflow/traces/{}/assessments", trace_id(n)), &assessment));
}

fn spans(n: u64, question: &str, answer: &str) -> Value {
    let (trace, start) = (trace_id(n).replace("tr-", ""), time(n).as_millis());
    let span = |place: u64, name: &str, kind: &str| {
        let attribute =
            |key: &str, value: &str| json!({"key": key, "value": {"stringValue": json!(value).to_string()}});
        json!({
            "traceId": trace, "spanId": format!("{:016x}", n * 10 + place), "name": name, "kind": 1,
            "parentSpanId": if place == 1 { String::new() } else { format!("{:016x}", n * 10 + 1) },
            "startTimeUnixNano": format!("{start}000000"), "endTimeUnixNano": format!("{}000000", start + 1500),
            "attributes": [
                attribute("mlflow.spanType", kind), attribute("mlflow.spanInputs", question),
                attribute("mlflow.spanOutputs", answer),
            ],
        })
    };
    let spans = [span(1, "answer", "AGENT"), span(2, "retrieve", "RETRIEVER"), span(3, "generate", "LLM")];
    json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})
}

/// The pages show the last week, so that the traces are of a few minutes ago.
fn time(n: u64) -> TimestampMs {
    let minutes = i64::try_from(n).unwrap();
    TimestampMs::from_millis(SystemClock.now().as_millis() - minutes * 60_000)
}

fn ok(answer: reqwest::blocking::Response) -> Value {
    answer.error_for_status().unwrap().json().unwrap()
}

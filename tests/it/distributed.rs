//! One trace through several services, two of them in Rust, one in Python, kept by a running Candor.
//!
//! The Python service has nothing but the stock MLflow client and its helpers for distributed
//! tracing; the Rust services export over OTLP.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use candor_context::{Evaluation, FutureExt, SpanType, TraceLayer, TracedRequest, Tracer, current_span, span};
use candor_tests::Candor;
use candor_tests::python::{script, succeed};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A service that the test ends.
struct Python(Child, String);

impl Python {
    fn serve(candor: &Candor) -> Self {
        let mut command = script("traced_service.py");
        let mut child = command.args(["serve", candor.url()]).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self(child, url.trim().to_owned())
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A Rust service that calls `next`, if there is one, from within a span; its address and its tracer.
async fn serve(candor: &Candor, name: &'static str, next: Option<String>) -> (String, Tracer) {
    let tracer = Tracer::otlp_builder(format!("{}/v1/traces", candor.url())).service_name(name).build().unwrap();
    let handler = async move || {
        current_span().set_inputs(json!({"service": name}));
        let work = async {
            let own = json!({"span_id": current_span().span_id().unwrap().to_string()});
            let Some(next) = next else {
                current_span().add_evaluation(Evaluation::label("tone", "friendly").judged_by("judge-1"));
                return own;
            };
            let answer = reqwest::Client::new().get(next).send_traced().await.unwrap();
            answer.json::<Value>().await.unwrap()
        };
        axum::Json(work.in_span(span(name, SpanType::Agent)).await)
    };
    let router = Router::new().route("/", get(handler)).layer(TraceLayer::new(tracer.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, tracer)
}

/// The trace as the stock client reads it.
struct Read(Value);

impl Read {
    fn trace(candor: &Candor, id: &str) -> Self {
        let output = succeed(script("traced_service.py").args(["read", candor.url(), id]));
        Self(serde_json::from_slice(&output.stdout).unwrap())
    }

    /// The names of the spans from the one of that name up to the root.
    fn path_to_root(&self, name: &str) -> Vec<String> {
        let spans = self.0["spans"].as_array().unwrap();
        let by_id: HashMap<_, _> = spans.iter().map(|span| (span["span_id"].as_str().unwrap(), span)).collect();
        let mut path = Vec::new();
        let mut next = spans.iter().find(|span| span["name"] == name);
        while let Some(span) = next {
            path.push(span["name"].as_str().unwrap().to_owned());
            next = span["parent_id"].as_str().map(|parent| by_id[parent]);
        }
        path
    }

    fn id_of(&self, name: &str) -> &Value {
        let spans = self.0["spans"].as_array().unwrap();
        &spans.iter().find(|span| span["name"] == name).unwrap()["span_id"]
    }
}

async fn flush(tracers: [&Tracer; 2]) {
    for tracer in tracers {
        tracer.flush(Duration::from_secs(60)).await.unwrap();
        assert_eq!((tracer.counts().failed, tracer.counts().dropped), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_through_two_rust_services_and_a_python_one_is_one_trace() {
    let candor = tokio::task::spawn_blocking(Candor::start).await.unwrap();
    let python = Python::serve(&candor);
    let (b_url, b) = serve(&candor, "service-b", Some(format!("{}/work", python.1))).await;
    let (a_url, a) = serve(&candor, "service-a", Some(b_url)).await;

    // The browser: it knows of no trace, has an id of its own, and keeps what it is answered.
    let request =
        reqwest::Client::new().get(a_url).header("X-Client-Request-ID", "req-1").header("X-Session-ID", "s-1");
    let response = request.send().await.unwrap();
    let id = response.headers()["x-trace-id"].to_str().unwrap().to_owned();
    let answer = response.json::<Value>().await.unwrap();
    assert_eq!(answer["trace_id"], id.as_str());
    flush([&a, &b]).await;

    tokio::task::spawn_blocking(move || {
        // Verdicts on the span that Python made, and by the browser's own id on the whole.
        let on_span = json!({"trace_id": id, "span_id": answer["span_id"], "name": "usefulness", "value": true,
            "source": {"id": "ada"}});
        candor.post("/api/v1/feedback", &on_span).error_for_status().unwrap();
        let thumb = json!({"is_correct": true, "comment": null});
        candor.post("/feedback?client_request_id=req-1&user_id=ada", &thumb).error_for_status().unwrap();

        let trace = Read::trace(&candor, &id);
        let path = ["python-handler", "GET 127.0.0.1", "service-b", "GET /", "GET 127.0.0.1", "service-a", "GET /"];
        assert_eq!(trace.path_to_root("python-handler"), path);
        assert_eq!(trace.0["spans"].as_array().unwrap().len(), path.len());
        assert_eq!(trace.0["state"], "OK");
        assert_eq!(trace.0["client_request_id"], "req-1");
        assert_eq!(trace.0["metadata"]["mlflow.trace.session"], "s-1");
        assert_eq!(trace.0["request_preview"], r#"{"service": "service-a"}"#);
        let verdicts = [
            json!({"name": "usefulness", "value": true, "span_id": trace.id_of("python-handler")}),
            json!({"name": "user_feedback", "value": true, "span_id": null}),
        ];
        assert_eq!(trace.0["assessments"], json!(verdicts));
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_python_program_that_calls_two_rust_services_has_them_in_its_trace() {
    let candor = tokio::task::spawn_blocking(Candor::start).await.unwrap();
    let (b_url, b) = serve(&candor, "service-b", None).await;
    let (a_url, a) = serve(&candor, "service-a", Some(b_url)).await;

    // The program judges the span of the last service while the services still hold theirs back.
    let candor = tokio::task::spawn_blocking(move || {
        let output = succeed(script("traced_service.py").args(["call", candor.url(), &a_url]));
        (serde_json::from_slice::<Value>(&output.stdout).unwrap(), candor)
    });
    let (called, candor) = candor.await.unwrap();
    flush([&a, &b]).await;

    tokio::task::spawn_blocking(move || {
        let trace = Read::trace(&candor, called["trace_id"].as_str().unwrap());
        let path = ["service-b", "GET /", "GET 127.0.0.1", "service-a", "GET /", "python-root"];
        assert_eq!(trace.path_to_root("service-b"), path);
        assert_eq!(trace.0["spans"].as_array().unwrap().len(), path.len());
        assert_eq!(trace.id_of("service-b"), &called["called"]["span_id"]);
        // One by the program, one that the service recorded as an event of its span.
        let mut verdicts = trace.0["assessments"].as_array().unwrap().clone();
        verdicts.sort_by_key(|verdict| verdict["name"].as_str().map(str::to_owned));
        let span = trace.id_of("service-b");
        let expected = [
            json!({"name": "relevance", "value": 0.5, "span_id": span}),
            json!({"name": "tone", "value": "friendly", "span_id": span}),
        ];
        assert_eq!(verdicts, expected);
        assert_eq!(trace.0["request_preview"], r#""What is MLflow?""#);
    })
    .await
    .unwrap();
}

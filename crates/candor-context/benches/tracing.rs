//! What tracing costs the traced code, beside OpenTelemetry's SDK alone; prints a table.
//!
//! `cargo bench -p candor-context --bench tracing --features tower`. Times are medians over rounds,
//! of the calling thread alone; the exporters' threads run beside it.

use std::convert::Infallible;
use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{Request, Response};
use candor_context::{SpanType, TraceLayer, Tracer, TracerBuilder};
use candor_store::MockTrackingStore;
use http_body_util::{BodyExt, Full};
use opentelemetry::trace::{TraceContextExt, Tracer as _, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider, SpanData, SpanExporter,
};
use serde_json::{Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tower::{Layer, Service, ServiceExt};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

/// Spans or requests per round; few enough for every queue.
const PER_ROUND: usize = 1000;
const ROUNDS: usize = 300;
/// For counting allocations: the exporters sleep meanwhile.
const NEVER: Duration = Duration::from_secs(3600);

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let payload = json!({"messages": [{"role": "user", "content": "What is MLflow, and who would use it?"}]});
    println!("{:<44} {:>10} {:>8} {:>14}", "per span", "ns", "ratio", "allocations");
    for (name, payload) in [("span, entered and ended", None), ("the same with inputs and outputs", Some(&payload))] {
        let raw = Cost { ns: raw_time(payload), allocations: raw_allocations(payload) };
        let ours = Cost { ns: our_time(payload)?, allocations: our_allocations(payload)? };
        row(&format!("OpenTelemetry SDK: {name}"), &raw, &raw);
        row(&format!("candor-context: {name}"), &ours, &raw);
    }
    println!("\n{:<44} {:>10}", "per request", "us");
    let (bare, traced) = layer_times()?;
    println!("{:<44} {bare:>10.2}", "tower service");
    println!("{:<44} {traced:>10.2}", "tower service with TraceLayer");
    println!("{:<44} {:>10.2}", "added", traced - bare);
    Ok(())
}

struct Cost {
    ns: f64,
    allocations: f64,
}

fn row(name: &str, cost: &Cost, raw: &Cost) {
    println!("{name:<60} {:>8.0} {:>6.2} {:>6.1}", cost.ns, cost.ns / raw.ns, cost.allocations);
}

fn our_time(payload: Option<&Value>) -> Result<f64, candor_context::ContextError> {
    let tracer = tracer(|builder| builder)?;
    let runtime = runtime();
    let flush = || runtime.block_on(tracer.flush(Duration::from_secs(60))).map_or_else(|error| panic!("{error}"), drop);
    let ns = tracer.span("root", SpanType::Chain).in_scope(|| median(|| our_span(&tracer, payload), flush));
    assert_eq!(tracer.counts().dropped, 0, "dropping is cheaper than exporting");
    Ok(ns)
}

fn our_allocations(payload: Option<&Value>) -> Result<f64, candor_context::ContextError> {
    let tracer = tracer(|builder| builder.interval(NEVER).batch_spans(100_000).queue_spans(100_000))?;
    Ok(tracer.span("root", SpanType::Chain).in_scope(|| allocations(|| our_span(&tracer, payload))))
}

fn our_span(tracer: &Tracer, payload: Option<&Value>) {
    let span = tracer.span("work", SpanType::Task);
    if let Some(payload) = payload {
        span.set_inputs(payload);
        span.set_outputs(payload);
    }
    span.in_scope(|| black_box(()));
}

fn raw_time(payload: Option<&Value>) -> f64 {
    let provider = provider(512, Duration::from_millis(200));
    let tracer = provider.tracer("bench");
    let _root = Context::current_with_span(tracer.start("root")).attach();
    median(|| raw_span(&tracer, payload), || drop(provider.force_flush()))
}

fn raw_allocations(payload: Option<&Value>) -> f64 {
    let tracer = provider(100_000, NEVER).tracer("bench");
    let _root = Context::current_with_span(tracer.start("root")).attach();
    allocations(|| raw_span(&tracer, payload))
}

fn raw_span(tracer: &SdkTracer, payload: Option<&Value>) {
    let builder = tracer.span_builder("work").with_attributes(vec![KeyValue::new("mlflow.spanType", "TASK")]);
    let context = Context::current_with_span(builder.start(tracer));
    if let Some(payload) = payload {
        context.span().set_attribute(KeyValue::new("mlflow.spanInputs", payload.to_string()));
        context.span().set_attribute(KeyValue::new("mlflow.spanOutputs", payload.to_string()));
    }
    let attached = context.clone().attach();
    black_box(());
    drop(attached);
    context.span().end();
}

/// Microseconds per request without and with the layer.
fn layer_times() -> Result<(f64, f64), candor_context::ContextError> {
    let tracer = tracer(|builder| builder)?;
    let runtime = runtime();
    let answer = || async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"an answer")))) };
    let bare = tower::service_fn(move |_: Request<Full<Bytes>>| answer());
    let traced = TraceLayer::new(tracer.clone()).layer(bare);
    let flush = || runtime.block_on(tracer.flush(Duration::from_secs(60))).map_or_else(|error| panic!("{error}"), drop);
    let bare_ns = median(|| runtime.block_on(call(bare)), || ());
    let traced_ns = median(|| runtime.block_on(call(traced.clone())), flush);
    Ok((bare_ns / 1000.0, traced_ns / 1000.0))
}

async fn call<S, R>(service: S)
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>, Error = Infallible>,
    R: http_body::Body<Error = Infallible>,
{
    let request = Request::builder()
        .uri("/chat")
        .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        .header("x-request-id", "req-1f2e3d4c")
        .header("x-user-id", "ada");
    let Ok(request) = request.body(Full::default()) else { return };
    let Ok(response) = service.oneshot(request).await;
    let Ok(body) = response.into_body().collect().await;
    black_box(body.to_bytes());
}

/// Nanoseconds of one call: the median over rounds; `between` is not timed.
fn median(mut work: impl FnMut(), mut between: impl FnMut()) -> f64 {
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        (0..PER_ROUND).for_each(|_| work());
        rounds.push(started.elapsed().as_nanos() as f64 / PER_ROUND as f64);
        between();
    }
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}

/// Allocations of one call, reallocations included.
fn allocations(mut work: impl FnMut()) -> f64 {
    (0..PER_ROUND).for_each(|_| work()); // queues have grown then
    let region = Region::new(ALLOCATOR);
    (0..PER_ROUND).for_each(|_| work());
    let stats = region.change();
    (stats.allocations + stats.reallocations) as f64 / PER_ROUND as f64
}

fn tracer(settings: impl FnOnce(TracerBuilder) -> TracerBuilder) -> Result<Tracer, candor_context::ContextError> {
    let mut store = MockTrackingStore::new();
    store.expect_log_spans().returning(|_| Ok(()));
    store.expect_start_traces().returning(|infos| Ok(infos.into_iter().map(Ok).collect()));
    store.expect_update_trace_tag().returning(|_, _| Ok(()));
    settings(Tracer::builder(Arc::new(store))).build()
}

fn provider(batch: usize, interval: Duration) -> SdkTracerProvider {
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(100_000)
        .with_max_export_batch_size(batch)
        .with_scheduled_delay(interval)
        .build();
    let processor = BatchSpanProcessor::builder(Discard).with_batch_config(config).build();
    SdkTracerProvider::builder().with_span_processor(processor).build()
}

fn runtime() -> tokio::runtime::Runtime {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("no runtime: {error}"),
    }
}

/// Takes spans and forgets them.
#[derive(Debug)]
struct Discard;

impl SpanExporter for Discard {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        black_box(batch);
        Ok(())
    }
}

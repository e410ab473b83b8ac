//! How fast the paths are that a busy server takes; prints a table.
//!
//! `cargo bench -p candor-sqlite --bench hot_paths -- [traces] [part of a read's name]`; 100000
//! traces when not given. The file lies in `TMPDIR`.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use candor_filter::{OrderBy, TraceFilter};
use candor_model::{
    AnyValue, AssessmentBody, Attributes, DurationMs, ExperimentId, FiniteF64, Source, SourceType, Span, SpanId,
    SpanKind, SpanStatus, TimestampMs, TraceId, TraceInfo, TraceState, UnixNanos, Value, keys,
};
use candor_sqlite::{SqliteOptions, SqliteStore};
use candor_store::{
    NewAssessment, SpanBatch, SpanGroup, StatsQuery, Target, TargetRef, TimeAxis, TimeRange, TraceQuery, TrackingStore,
    WhenMissing,
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const WRITERS: u64 = 256;

fn main() -> Result<()> {
    let traces = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(traces))
}

async fn run(traces: u64) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("bench.db");
    let store = Arc::new(SqliteStore::open(&path, SqliteOptions::default())?);

    let started = Instant::now();
    for first in (0..traces).step_by(500) {
        let numbers = first..(first + 500).min(traces);
        store
            .log_spans(SpanBatch { experiment_id: ExperimentId::DEFAULT, groups: numbers.clone().map(group).collect() })
            .await?;
        for answer in store.start_traces(numbers.clone().map(info).collect()).await? {
            answer?;
        }
        let verdicts = numbers.filter(|number| number % 2 == 0).flat_map(|number| [thumb(number), stars(number)]);
        for answer in store.log_assessments(verdicts.collect()).await? {
            answer?;
        }
    }
    rate("load: traces of 3 spans, 1 verdict each on average", traces, started.elapsed());

    let each = (traces / 4).min(20_000) / WRITERS;
    let started = Instant::now();
    concurrently(each, |number| {
        let (store, item) = (Arc::clone(&store), thumb_by_request(number % traces));
        async move { store.log_assessments(vec![item]).await.map(drop).map_err(Into::into) }
    })
    .await?;
    rate("write: one verdict per call, 256 writers, by request id", each * WRITERS, started.elapsed());

    let started = Instant::now();
    concurrently(each / 4, |number| {
        let (store, batch) = (
            Arc::clone(&store),
            SpanBatch { experiment_id: ExperimentId::DEFAULT, groups: vec![group(traces + number)] },
        );
        async move { store.log_spans(batch).await.map_err(Into::into) }
    })
    .await?;
    rate("write: one trace of 3 spans per call, 256 writers", each / 4 * WRITERS, started.elapsed());

    let mut sequential = Vec::new();
    for number in 0..200 {
        let started = Instant::now();
        store.log_assessments(vec![thumb(number)]).await?;
        sequential.push(started.elapsed());
    }
    latency("write: one verdict, nobody else", sequential);

    let report = store.report().await?;
    println!(
        "{:>9} commits for {} calls, {} MiB, {} bytes a trace",
        report.commits,
        report.calls,
        report.file_bytes >> 20,
        report.file_bytes / report.traces
    );

    for (label, filter, order) in [
        ("search: newest 100", "", ""),
        ("search: newest 100 of the last hour", "timestamp_ms > {recent}", ""),
        ("search: feedback.user_feedback = 'false' (1 in 10)", "feedback.user_feedback = 'false'", ""),
        ("search: feedback.user_feedback = 'true' (4 in 10)", "feedback.user_feedback = 'true'", ""),
        ("search: feedback.rare = 'yes' (50 in all)", "feedback.rare = 'yes'", ""),
        ("search: feedback.nobody = 'x' (none)", "feedback.nobody = 'x'", ""),
        ("search: feedback.stars >= 0.9 (1 in 10)", "feedback.stars >= 0.9", ""),
        ("search: 'false' and last hour", "timestamp_ms > {recent} AND feedback.user_feedback = 'false'", ""),
        ("search: client_request_id", "client_request_id = 'req-77'", ""),
        ("search: request_id", "request_id = 'tr-0000000000000000000000000000004d'", ""),
        ("search: tags.env = 'prod' (9 in 10)", "tags.env = 'prod'", ""),
        ("search: tags.env = 'lab' (1 in 10000)", "tags.env = 'lab'", ""),
        ("search: session", "metadata.mlflow.trace.session = 'session-9'", ""),
        ("search: span.name = 'retrieve' (all)", "span.name = 'retrieve'", ""),
        ("search: span.content ILIKE (1 in 1000)", "span.content ILIKE '%question 1__777 %'", ""),
        ("search: span.content ILIKE (none)", "span.content ILIKE '%nobody asked%'", ""),
        ("search: span.attributes.k = (1 in 100)", "span.attributes.k = '77'", ""),
        ("search: by duration", "", "execution_time_ms DESC"),
        ("search: by name", "", "name ASC"),
    ] {
        let recent = traces as i64 * 1000 - 3_600_000;
        let filter = TraceFilter::parse(&filter.replace("{recent}", &recent.to_string()))?;
        let order_by = if order.is_empty() { Vec::new() } else { OrderBy::parse_list(&[order.to_owned()])? };
        let query = TraceQuery {
            experiments: vec![ExperimentId::DEFAULT],
            filter,
            order_by,
            max_results: 100,
            page_token: None,
        };
        measure(label, || store.search_traces(&query)).await?;
    }
    let page_of_500: Vec<TraceId> = (0..500).map(|number| trace_id(number * 7 % traces)).collect();
    measure("get 500 traces with spans", || store.get_traces(&page_of_500, true)).await?;
    let target = Target { refs: vec![TargetRef::ClientRequest("req-77".parse()?)], experiment: None };
    measure("resolve a client request id", || store.resolve_target(&target)).await?;
    for axis in [TimeAxis::Trace, TimeAxis::Feedback] {
        for hours in [None, Some(1)] {
            let from = hours.map(|hours: i64| TimestampMs::from_millis(traces as i64 * 1000 - hours * 3_600_000));
            let query = StatsQuery {
                experiments: None,
                range: TimeRange { from, until: None },
                axis,
                source_types: vec![SourceType::Human],
            };
            let label = format!(
                "count feedback by {axis:?} time, {}",
                hours.map_or("all".to_owned(), |hours| format!("last {hours} h"))
            );
            measure(&label, || store.feedback_stats(&query)).await?;
        }
    }
    let started = Instant::now();
    store.close().await?;
    println!("{:>9.1?} to close", started.elapsed());
    Ok(())
}

async fn concurrently<F: Future<Output = Result<()>> + Send + 'static>(
    each: u64,
    call: impl Fn(u64) -> F + Copy + Send + Sync,
) -> Result<()> {
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let calls: Vec<F> = (0..each).map(|turn| call(writer * each + turn)).collect();
        writers.spawn(async move {
            for call in calls {
                call.await?;
            }
            Ok::<_, Box<dyn Error + Send + Sync>>(())
        });
    }
    while let Some(done) = writers.join_next().await {
        done??;
    }
    Ok(())
}

async fn measure<T, F: Future<Output = candor_store::Result<T>>>(
    label: &str,
    mut call: impl FnMut() -> F,
) -> Result<()> {
    let wanted =
        std::env::args().skip(1).find(|argument| !argument.starts_with('-') && argument.parse::<u64>().is_err());
    if wanted.is_some_and(|wanted| !label.contains(&wanted)) {
        return Ok(());
    }
    let mut times = Vec::new();
    let began = Instant::now();
    while times.len() < 3 || (times.len() < 200 && began.elapsed() < Duration::from_secs(1)) {
        let started = Instant::now();
        call().await?;
        times.push(started.elapsed());
    }
    latency(label, times);
    Ok(())
}

fn latency(label: &str, mut times: Vec<Duration>) {
    times.sort();
    let median = times[times.len() / 2];
    println!("{median:>9.1?} median, {:>9.1?} at worst of {:>3}: {label}", times[times.len() - 1], times.len());
}

fn rate(label: &str, count: u64, elapsed: Duration) {
    println!("{:>9.0} per second: {label}", count as f64 / elapsed.as_secs_f64());
}

fn trace_id(number: u64) -> TraceId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    TraceId::from_bytes(bytes)
}

/// One trace per second.
fn time(number: u64) -> TimestampMs {
    TimestampMs::from_millis(number as i64 * 1000)
}

fn info(number: u64) -> TraceInfo {
    let env = if number % 10_000 == 5 {
        "lab"
    } else if number % 10 == 5 {
        "test"
    } else {
        "prod"
    };
    TraceInfo {
        client_request_id: format!("req-{number}").parse().ok(),
        execution_duration: Some(DurationMs::from_millis((number * 7919 % 5000) as i64)),
        state: TraceState::Ok,
        metadata: BTreeMap::from([
            (keys::SESSION.to_owned(), format!("session-{}", number / 5)),
            (keys::USER.to_owned(), format!("user-{}", number % 1000)),
        ]),
        tags: BTreeMap::from([("env".to_owned(), env.to_owned()), (keys::TRACE_NAME.to_owned(), "answer".to_owned())]),
        ..TraceInfo::new(trace_id(number), ExperimentId::DEFAULT, time(number))
    }
}

fn group(number: u64) -> SpanGroup {
    let spans = (0..3).map(|place| span(number, place)).collect();
    SpanGroup { resource: [("service.name", AnyValue::from("bench"))].into_iter().collect(), spans }
}

fn span(number: u64, place: u64) -> Span {
    let id = |place: u64| SpanId::from_bytes((number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ place).to_be_bytes());
    let text = format!("question {number} {}", "and so on ".repeat(100));
    let start = UnixNanos::from_nanos(number * 1_000_000_000 + place);
    let attributes: Attributes = [
        (keys::SPAN_TYPE, AnyValue::from("LLM")),
        (keys::SPAN_INPUTS, AnyValue::from(text.as_str())),
        (keys::SPAN_OUTPUTS, AnyValue::from("because")),
        ("k", AnyValue::Int((number % 100) as i64)),
    ]
    .into_iter()
    .collect();
    Span {
        trace_id: trace_id(number),
        span_id: id(place),
        parent_id: (place > 0).then(|| id(0)),
        name: if place == 1 { "retrieve" } else { "answer" }.to_owned(),
        kind: SpanKind::Internal,
        start,
        end: Some(UnixNanos::from_nanos(start.as_nanos() + 1_000_000)),
        status: SpanStatus::default(),
        attributes,
        events: Vec::new(),
        links: Vec::new(),
    }
}

fn thumb(number: u64) -> NewAssessment {
    let (name, value) = match number % 100_000 / 2 {
        0..50 if number < 100 => ("rare", Value::Text("yes".to_owned())),
        _ => ("user_feedback", Value::Bool(!number.is_multiple_of(10))),
    };
    verdict(trace_id(number).into(), number, name, value)
}

fn thumb_by_request(number: u64) -> NewAssessment {
    let refs = format!("req-{number}").parse().map(TargetRef::ClientRequest).into_iter().collect();
    verdict(Target { refs, experiment: None }, number, "user_feedback", Value::Bool(true))
}

fn stars(number: u64) -> NewAssessment {
    let value = FiniteF64::new((number % 5 + 1) as f64 / 5.0).map_or(Value::Null, Value::Float);
    verdict(trace_id(number).into(), number, "stars", value)
}

fn verdict(target: Target, number: u64, name: &str, value: Value) -> NewAssessment {
    #[expect(clippy::expect_used, reason = "names of ours")]
    let name = name.parse().expect("a short name");
    let source = Source {
        source_type: SourceType::Human,
        source_id: candor_model::SourceId::new(format!("user-{}", number % 1000)).ok(),
    };
    NewAssessment {
        rationale: Some("as I see it".to_owned()),
        supersede: true,
        when_missing: WhenMissing::Hold,
        ..NewAssessment::new(target, name, source, AssessmentBody::feedback(value), time(number))
    }
}

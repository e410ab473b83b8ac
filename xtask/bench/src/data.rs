//! The same data for everybody: traces of three spans over ninety days, 0.6 verdicts on each.

use candor_model::{AnyValue, Attributes, Span, SpanId, SpanKind, SpanStatus, StatusCode, TraceId, UnixNanos, keys};
use candor_wire::otlp::{OtlpResource, encode_protobuf};
use serde_json::{Value, json};

/// 2026-01-01T00:00:00Z, when the first trace begins.
const BEGIN_MS: u64 = 1_767_225_600_000;
const DAYS: u64 = 90;
const TAG: &str = "mlflow.traceTag.";

/// Traces numbered from 0 on, spread evenly over the ninety days.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Data {
    pub(crate) traces: u64,
}

impl Data {
    fn time_ms(self, n: u64) -> u64 {
        // Those that the load itself adds come at the end.
        BEGIN_MS + (n * DAYS * 86_400_000 / self.traces.max(1)).min(DAYS * 86_400_000 + n)
    }

    /// The spans of a trace: a root with what is known of the request, and two below it.
    pub(crate) fn spans(self, n: u64, count: u64) -> Vec<Span> {
        (0..count).map(|place| self.span(n, place)).collect()
    }

    fn span(self, n: u64, place: u64) -> Span {
        let start = self.time_ms(n) * 1_000_000 + place * 1_000;
        let id = |place: u64| SpanId::from_bytes((mixed(n) ^ (place + 1)).to_be_bytes());
        let mut attributes: Attributes = [
            (keys::SPAN_TYPE, AnyValue::from(["CHAIN", "RETRIEVER", "LLM"][(place % 3) as usize])),
            (keys::SPAN_INPUTS, AnyValue::from(format!("\"question {n}: {}\"", words(n + place, 30)).as_str())),
            (keys::SPAN_OUTPUTS, AnyValue::from(format!("\"answer {n}: {}\"", words(n + 7 * place, 60)).as_str())),
            ("k", AnyValue::from((n % 100).to_string().as_str())),
        ]
        .into_iter()
        .collect();
        if place == 0 {
            attributes.insert("session.id", AnyValue::from(format!("session-{}", n / 5).as_str()));
            attributes.insert("user.id", AnyValue::from(format!("user-{}", n % 1000).as_str()));
            attributes.insert(keys::SPAN_CLIENT_REQUEST_ID, AnyValue::from(request_id(n).as_str()));
            attributes.insert(format!("{TAG}env"), AnyValue::from(env(n)));
        }
        Span {
            trace_id: TraceId::from_bytes(trace_bytes(n)),
            span_id: id(place),
            parent_id: (place > 0).then(|| id(0)),
            name: ["answer", "retrieve", "generate"][(place % 3) as usize].to_owned(),
            kind: SpanKind::Internal,
            start: UnixNanos::from_nanos(start),
            end: Some(UnixNanos::from_nanos(start + (200 + n * 7919 % 3000) * 1_000_000)),
            status: SpanStatus { code: StatusCode::Ok, message: String::new() },
            attributes,
            events: Vec::new(),
            links: Vec::new(),
        }
    }

    /// An OTLP request of `spans` spans to a trace, for some traces from number `first` on.
    pub(crate) fn otlp(self, first: u64, traces: u64, spans: u64) -> Vec<u8> {
        let service = [("service.name", AnyValue::from("bench"))].into_iter().collect();
        let spans = (first..first + traces).flat_map(|n| self.spans(n, spans)).collect();
        encode_protobuf(&[OtlpResource { attributes: service, spans }])
    }

    /// What a client says of the trace itself.
    pub(crate) fn trace_info(self, n: u64) -> Value {
        json!({"trace": {"trace_info": {
            "trace_id": trace_id(n),
            "client_request_id": request_id(n),
            "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
            "request_time": rfc3339(self.time_ms(n)),
            "execution_duration": format!("{:.3}s", (200 + n * 7919 % 3000) as f64 / 1e3),
            "state": "OK",
            "trace_metadata": {
                "mlflow.trace.session": format!("session-{}", n / 5),
                "mlflow.trace.user": format!("user-{}", n % 1000),
            },
            "tags": {"mlflow.traceName": "answer", "env": env(n)},
            "request_preview": format!("question {n}"),
            "response_preview": format!("answer {n}"),
        }}})
    }

    /// Every tenth verdict is a thumb down, every fourth a rating instead of a thumb.
    pub(crate) fn verdict(self, n: u64) -> Value {
        let (name, value) = match n % 4 {
            3 => ("user_helpfulness", json!((n % 5 + 1) as f64)),
            _ => ("user_feedback", json!(!n.is_multiple_of(10))),
        };
        let time = rfc3339(self.time_ms(n) + 5_000);
        verdict(n, name, value, &format!("user-{}", n % 1000), &time)
    }

    /// A verdict that the load gives, each by a person of its own and after all that were given before.
    pub(crate) fn new_verdict(self, n: u64, number: usize) -> Value {
        let time = rfc3339(BEGIN_MS + DAYS * 86_400_000 + number as u64);
        verdict(n, "user_feedback", json!(!number.is_multiple_of(10)), &format!("person-{number}"), &time)
    }
}

fn verdict(n: u64, name: &str, value: Value, user: &str, time: &str) -> Value {
    json!({"assessment": {
        "assessment_name": name,
        "trace_id": trace_id(n),
        "source": {"source_type": "HUMAN", "source_id": user},
        "create_time": time,
        "last_update_time": time,
        "feedback": {"value": value},
        "rationale": "as I see it",
        "metadata": {"channel": "web"},
    }})
}

/// Random-looking, as real ones are: neighbours in time are none in an index.
fn trace_bytes(n: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&mixed(n).to_be_bytes());
    bytes[8..].copy_from_slice(&n.to_be_bytes());
    bytes
}

/// The id of the n-th trace.
pub(crate) fn trace_id(n: u64) -> String {
    TraceId::from_bytes(trace_bytes(n)).to_string()
}

/// The id of the root span of the n-th trace, in hex.
pub(crate) fn root_span_id(n: u64) -> String {
    SpanId::from_bytes((mixed(n) ^ 1).to_be_bytes()).to_string()
}

/// The app's own id of the n-th trace's request.
pub(crate) fn request_id(n: u64) -> String {
    format!("req-{:016x}", mixed(n ^ 0x5555))
}

fn env(n: u64) -> &'static str {
    if n.is_multiple_of(100) { "lab" } else { "prod" }
}

fn rfc3339(ms: u64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms.cast_signed()).unwrap_or_default();
    format!("{time:.3}")
}

fn words(seed: u64, count: u64) -> String {
    const WORDS: [&str; 16] = [
        "trace",
        "span",
        "verdict",
        "answer",
        "feedback",
        "model",
        "prompt",
        "token",
        "user",
        "session",
        "score",
        "reason",
        "retrieval",
        "context",
        "latency",
        "quality",
    ];
    let word = |place: u64| WORDS[(mixed(seed * 64 + place) % 16) as usize];
    (0..count).map(word).collect::<Vec<_>>().join(" ")
}

/// Source: S. Vigna, "SplitMix64", public domain.
pub(crate) fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

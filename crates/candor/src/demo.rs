//! A week of plausible traffic for an empty store, with something wrong in it to be found.
//!
//! An assistant answers customers' questions. On the fourth day version 4 of its prompt reaches half
//! of the answers; from the fifth day on people on phones dislike what that version says. The same
//! seed makes the same week, whenever it begins.

mod texts;

use anyhow::Context;
use candor::model::{
    AnyValue, AssessmentBody, AssessmentId, Attributes, DurationMs, ExperimentId, Source, SourceType, Span, SpanId,
    SpanKind, SpanStatus, StatusCode, TimestampMs, TraceId, TraceInfo, TraceState, UnixNanos, Value, keys,
};
use candor::store::{DynTrackingStore, NewAssessment, SpanBatch, SpanGroup, TraceLink, TraceQuery, TrackingStoreExt};
use fastrand::Rng;

use self::texts::{ANSWERED, CHANNELS, COMPLAINTS, PRAISE};

const SEED: u64 = 4;
const DAYS: i64 = 7;
const TRACES_PER_DAY: i64 = 400;
const DAY_MS: i64 = 86_400_000;
/// How many traces are written at once.
const PORTION: usize = 400;
const PROMPT: &str = "support";

/// Fills the experiment up to `now` unless it has traces already; whether it did.
pub(crate) async fn fill(store: &DynTrackingStore, experiment: ExperimentId, now: TimestampMs) -> anyhow::Result<bool> {
    let any = TraceQuery {
        experiments: vec![experiment],
        filter: Default::default(),
        order_by: Vec::new(),
        max_results: 1,
        page_token: None,
    };
    if !store.search_traces(&any).await?.items.is_empty() {
        return Ok(false);
    }
    let mut random = Rng::with_seed(SEED);
    let week: Vec<Visit> =
        (0..DAYS * TRACES_PER_DAY).map(|number| Visit::new(&mut random, number, experiment, now)).collect();
    for visits in week.chunks(PORTION) {
        write(store, experiment, visits).await.context("cannot fill the store with the demonstration's week")?;
    }
    Ok(true)
}

async fn write(store: &DynTrackingStore, experiment: ExperimentId, visits: &[Visit]) -> anyhow::Result<()> {
    let spans = visits.iter().flat_map(|visit| visit.spans.clone()).collect();
    let groups = vec![SpanGroup { resource: Attributes::default(), spans }];
    store.log_spans(SpanBatch { experiment_id: experiment, groups }).await?;
    for visit in visits {
        store.start_trace(visit.info.clone()).await?;
    }
    for version in ["3", "4"] {
        let own = visits.iter().filter(|visit| visit.prompt_version == version);
        let ids: Vec<TraceId> = own.map(|visit| visit.info.trace_id).collect();
        let link = TraceLink::PromptVersion { name: PROMPT.to_owned(), version: version.to_owned() };
        store.link_traces(&ids, link).await?;
    }
    let verdicts = visits.iter().flat_map(|visit| visit.verdicts.clone()).collect();
    for answer in store.log_assessments(verdicts).await? {
        answer?;
    }
    Ok(())
}

/// A question, its answer, and what was said of it.
struct Visit {
    info: TraceInfo,
    spans: Vec<Span>,
    prompt_version: &'static str,
    verdicts: Vec<NewAssessment>,
}

impl Visit {
    fn new(random: &mut Rng, number: i64, experiment: ExperimentId, now: TimestampMs) -> Self {
        let day = number / TRACES_PER_DAY;
        let age = DAYS * DAY_MS - day * DAY_MS - random.i64(0..DAY_MS);
        let asked = now.minus(DurationMs::from_millis(age));
        let prompt_version = if day >= 3 && random.bool() { "4" } else { "3" };
        let channel = CHANNELS[random.usize(0..CHANNELS.len())];
        let (question, answer) = ANSWERED[random.usize(0..ANSWERED.len())];
        let user = format!("customer-{}", random.u32(1..=180));
        let failed = random.u32(0..100) == 0;
        let is_bad = day >= 4 && prompt_version == "4" && channel == "mobile";

        let trace_id = TraceId::from_bytes(random.u128(1..).to_be_bytes());
        let took = DurationMs::from_millis(random.i64(600..2600) + if prompt_version == "4" { 300 } else { 0 });
        let mut info = TraceInfo::new(trace_id, experiment, asked);
        info.client_request_id = format!("req-{:08x}", random.u32(..)).parse().ok();
        info.state = if failed { TraceState::Error } else { TraceState::Ok };
        info.execution_duration = Some(took);
        info.request_preview = Some(question.to_owned());
        info.response_preview = (!failed).then(|| answer.to_owned());
        let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        info.tags.extend([tag(keys::TRACE_NAME, "answer"), tag("channel", channel)]);
        let session = format!("{user}-{day}");
        info.metadata.extend([tag(keys::USER, &user), tag(keys::SESSION, &session)]);

        let spans = spans(random, &info, question, if failed { None } else { Some(answer) }, took);
        let mut visit = Self { info, spans, prompt_version, verdicts: Vec::new() };
        if !failed {
            visit.judge(random, &user, now, is_bad);
        }
        visit
    }

    fn judge(&mut self, random: &mut Rng, user: &str, now: TimestampMs, is_bad: bool) {
        let given = self.info.request_time.plus(DurationMs::from_millis(random.i64(5_000..400_000)));
        let given = given.min(now);
        if random.u32(0..100) < 42 {
            let positive = random.u32(0..100) < if is_bad { 34 } else { 86 };
            let comments = if positive { PRAISE } else { COMPLAINTS };
            let says = random.u32(0..100) < if positive { 15 } else { 60 };
            let comment = says.then(|| comments[random.usize(0..comments.len())].to_owned());
            self.add(random, "user_feedback", Source::human(user).ok(), Value::Bool(positive), comment, given);
        }
        if random.u32(0..100) < 18 {
            for name in ["user_accuracy", "user_helpfulness", "user_relevance"] {
                let stars = random.u32(3..=5).saturating_sub(if is_bad { 2 } else { 0 });
                if let Ok(score) = Value::try_from(f64::from(stars) / 5.0) {
                    self.add(random, name, Source::human(user).ok(), score, None, given);
                }
            }
        }
        if random.u32(0..100) < 30 {
            let source = Source { source_type: SourceType::LlmJudge, source_id: "groundedness-judge".parse().ok() };
            let grounded = random.u32(0..100) < if is_bad { 70 } else { 94 };
            let value = Value::from(if grounded { "yes" } else { "no" });
            self.add(random, "groundedness", Some(source), value, None, given);
        }
    }

    fn add(
        &mut self,
        random: &mut Rng,
        name: &str,
        source: Option<Source>,
        value: Value,
        comment: Option<String>,
        given: TimestampMs,
    ) {
        if let (Ok(name), Some(source)) = (name.parse(), source) {
            let body = AssessmentBody::feedback(value);
            let id = AssessmentId::from_bytes(random.u128(..).to_be_bytes());
            let verdict = NewAssessment::new(self.info.trace_id, name, source, body, given);
            self.verdicts.push(NewAssessment { id, rationale: comment, supersede: true, ..verdict });
        }
    }
}

fn spans(random: &mut Rng, info: &TraceInfo, question: &str, answer: Option<&str>, took: DurationMs) -> Vec<Span> {
    let begin = info.request_time.as_millis();
    let end = begin + took.as_millis();
    let retrieved = begin + random.i64(60..400);
    let root = SpanId::from_bytes(random.u64(1..).to_be_bytes());
    let mut span = |name: &str, kind: &str, parent: Option<SpanId>, from: i64, until: i64| {
        let id = if parent.is_none() { root } else { SpanId::from_bytes(random.u64(1..).to_be_bytes()) };
        let mut attributes = Attributes::default();
        attributes.insert(keys::SPAN_TYPE, AnyValue::from(kind));
        attributes.insert(keys::SPAN_INPUTS, AnyValue::from(question));
        Span {
            trace_id: info.trace_id,
            span_id: id,
            parent_id: parent,
            name: name.to_owned(),
            kind: SpanKind::Internal,
            start: nanos(from),
            end: Some(nanos(until)),
            status: SpanStatus { code: StatusCode::Ok, ..SpanStatus::default() },
            attributes,
            events: Vec::new(),
            links: Vec::new(),
        }
    };
    let mut answering = span("answer", "AGENT", None, begin, end);
    let retrieving = span("retrieve", "RETRIEVER", Some(root), begin + 2, retrieved);
    let mut generating = span("generate", "CHAT_MODEL", Some(root), retrieved, end - 5);
    let (input, output) = (random.i64(300..900), random.i64(40..260));
    let usage = [("input_tokens", input), ("output_tokens", output), ("total_tokens", input + output)];
    let usage = usage.map(|(key, count)| (key.to_owned(), AnyValue::Int(count)));
    generating.attributes.insert(keys::SPAN_TOKEN_USAGE, AnyValue::KvList(usage.into()));
    let model = if random.u32(0..100) < 70 { "assistant-small" } else { "assistant-large" };
    generating.attributes.insert(keys::SPAN_MODEL, AnyValue::from(model));
    for span in [&mut answering, &mut generating] {
        match answer {
            Some(answer) => span.attributes.insert(keys::SPAN_OUTPUTS, AnyValue::from(answer)),
            None => {
                let message = "the model did not answer in time".to_owned();
                span.status = SpanStatus { code: StatusCode::Error, message };
            }
        }
    }
    vec![answering, retrieving, generating]
}

fn nanos(ms: i64) -> UnixNanos {
    UnixNanos::from_nanos(ms.max(0).cast_unsigned() * 1_000_000)
}

#[cfg(test)]
mod tests;

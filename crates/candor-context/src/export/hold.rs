//! Traces that the ratio did not choose: they wait for a verdict, or for an error.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use candor_model::{ClientRequestId, SpanId, TraceId, keys};
use candor_store::TargetRef;
use opentelemetry::trace::Status;
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::trace::SpanData;
use tokio::time::Instant;

use super::Ready;
use super::convert::trace_id;

/// The buffer of traces that are not chosen, oldest first.
#[derive(Debug)]
pub(super) struct Hold {
    held: HashMap<TraceId, Held>,
    order: VecDeque<(Instant, TraceId)>,
    /// The traces that are held by the ids that verdicts name them by most often.
    by_request: HashMap<ClientRequestId, TraceId>,
    wanted: Wanted,
    bytes: usize,
    max_bytes: usize,
    max_age: Duration,
}

#[derive(Debug)]
struct Held {
    since: Instant,
    spans: Vec<Ready>,
    bytes: usize,
}

impl Hold {
    pub(super) fn new(max_bytes: usize, max_age: Duration) -> Self {
        Self {
            held: HashMap::new(),
            order: VecDeque::new(),
            by_request: HashMap::new(),
            wanted: Wanted::default(),
            bytes: 0,
            max_bytes,
            max_age,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Takes a span in, or gives it back with all of its trace if the trace is to be kept.
    pub(super) fn take_in(&mut self, ready: Ready, now: Instant) -> Vec<Ready> {
        let trace_id = trace_id(&ready.span);
        let failed = matches!(ready.span.status, Status::Error { .. });
        if failed || self.wanted.names(&ready) {
            let mut released = self.release(trace_id, now);
            released.push(ready);
            return released;
        }
        let held = self.held.entry(trace_id).or_insert_with(|| {
            self.order.push_back((now, trace_id));
            Held { since: now, spans: Vec::new(), bytes: 0 }
        });
        if let Some(request) = request_id(&ready) {
            self.by_request.insert(request.clone(), trace_id);
        }
        let bytes = size(&ready);
        held.bytes += bytes;
        self.bytes += bytes;
        held.spans.push(ready);
        Vec::new()
    }

    /// Remembers that these ids were judged, and gives back the spans of the traces that have them.
    pub(super) fn keep(&mut self, refs: Vec<TargetRef>, now: Instant) -> Vec<Ready> {
        let mut released = Vec::new();
        for id in refs {
            let traces = match &id {
                TargetRef::Trace(trace_id) => vec![*trace_id],
                TargetRef::ClientRequest(request) => self.by_request.get(request).copied().into_iter().collect(),
                id => {
                    let wanted = Wanted::only(id.clone());
                    let fits = |held: &Held| held.spans.iter().any(|ready| wanted.names(ready));
                    self.held.iter().filter(|(_, held)| fits(held)).map(|(id, _)| *id).collect()
                }
            };
            self.wanted.add(id, now);
            released.extend(traces.into_iter().flat_map(|trace_id| self.release(trace_id, now)));
        }
        released
    }

    /// Gives back what is held of a trace; what comes later is given back at once.
    pub(super) fn release(&mut self, trace_id: TraceId, now: Instant) -> Vec<Ready> {
        self.wanted.add(TargetRef::Trace(trace_id), now);
        self.remove(trace_id)
    }

    /// Traces that have waited long enough; they stay until they are [removed](Self::remove) or
    /// [put back](Self::put_back).
    pub(super) fn expired(&mut self, now: Instant) -> Vec<TraceId> {
        let mut expired = Vec::new();
        while let Some((since, id)) = self.order.front()
            && now.duration_since(*since) >= self.max_age
        {
            if self.held.contains_key(id) {
                expired.push(*id);
            }
            self.order.pop_front();
        }
        self.wanted.forget(now, self.max_age);
        expired
    }

    /// Lets traces that have [expired](Self::expired) wait on.
    pub(super) fn put_back(&mut self, expired: Vec<TraceId>) {
        for id in expired.into_iter().rev() {
            if let Some(held) = self.held.get(&id) {
                self.order.push_front((held.since, id));
            }
        }
    }

    /// Everything that is held.
    pub(super) fn all(&self) -> Vec<TraceId> {
        self.held.keys().copied().collect()
    }

    pub(super) fn remove(&mut self, trace_id: TraceId) -> Vec<Ready> {
        let Some(held) = self.held.remove(&trace_id) else { return Vec::new() };
        self.bytes -= held.bytes;
        for request in held.spans.iter().filter_map(request_id) {
            if self.by_request.get(request) == Some(&trace_id) {
                self.by_request.remove(request);
            }
        }
        held.spans
    }

    /// Drops the oldest traces while there is too much; returns how many spans that were.
    pub(super) fn shrink(&mut self) -> usize {
        let mut dropped = 0;
        while self.bytes > self.max_bytes
            && let Some((_, oldest)) = self.order.pop_front()
        {
            dropped += self.remove(oldest).len();
        }
        dropped
    }
}

/// Ids that were judged, of traces that may still come; forgotten when they are old, or too many.
#[derive(Debug, Default)]
struct Wanted {
    refs: HashSet<TargetRef>,
    order: VecDeque<(Instant, TargetRef)>,
}

impl Wanted {
    fn only(id: TargetRef) -> Self {
        Self { refs: HashSet::from([id]), order: VecDeque::new() }
    }

    fn add(&mut self, id: TargetRef, now: Instant) {
        const MAX_REFS: usize = 65_536;
        if !self.refs.insert(id.clone()) {
            return;
        }
        self.order.push_back((now, id));
        if self.order.len() > MAX_REFS
            && let Some((_, oldest)) = self.order.pop_front()
        {
            self.refs.remove(&oldest);
        }
    }

    fn forget(&mut self, now: Instant, max_age: Duration) {
        while let Some((_, id)) = self.order.pop_front_if(|(since, _)| now.duration_since(*since) >= max_age) {
            self.refs.remove(&id);
        }
    }

    /// Whether an id of the span, or of its trace as far as the span knows it, was judged.
    fn names(&self, ready: &Ready) -> bool {
        if self.refs.is_empty() {
            return false;
        }
        let span = &ready.span;
        let said = || ready.update.as_ref()?.session.clone();
        let session = || said().or_else(|| text(span, "session.id"));
        self.has(Some(TargetRef::Trace(trace_id(span))))
            || self.has(Some(TargetRef::Span(SpanId::from_bytes(span.span_context.span_id().to_bytes()))))
            || self.has(request_id(ready).cloned().map(TargetRef::ClientRequest))
            || self.has(session().map(TargetRef::Session))
            || self.has(text(span, keys::GEN_AI_RESPONSE_ID).map(TargetRef::Response))
    }

    fn has(&self, id: Option<TargetRef>) -> bool {
        id.is_some_and(|id| self.refs.contains(&id))
    }
}

fn request_id(ready: &Ready) -> Option<&ClientRequestId> {
    ready.update.as_ref()?.client_request_id.as_ref()
}

fn text(span: &SpanData, key: &str) -> Option<String> {
    let pair = span.attributes.iter().rfind(|pair| pair.key.as_str() == key)?;
    Some(pair.value.as_str().into_owned())
}

/// About how many bytes a span takes.
fn size(ready: &Ready) -> usize {
    let value = |value: &Value| match value {
        Value::String(text) => text.as_str().len(),
        Value::Array(list) => list.to_string().len(),
        _ => 0,
    };
    let pairs = |pairs: &[KeyValue]| -> usize {
        pairs.iter().map(|pair| size_of_val(pair) + pair.key.as_str().len() + value(&pair.value)).sum()
    };
    let events = ready.span.events.iter().map(|event| size_of_val(event) + pairs(&event.attributes));
    let links = ready.span.links.iter().map(|link| size_of_val(link) + pairs(&link.attributes));
    size_of_val(ready) + pairs(&ready.span.attributes) + events.sum::<usize>() + links.sum::<usize>()
}

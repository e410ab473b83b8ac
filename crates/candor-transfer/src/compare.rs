//! Whether two copies of a trace say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use candor_model::{Assessment, Attributes, Span, SpanKind, Trace, TraceInfo, keys};

/// The longest text that is shown of a value, in characters.
const SHOWN: usize = 120;

/// Tags and metadata that a store sets by itself.
const OWN_TAGS: [&str; 3] = [keys::ARTIFACT_LOCATION, keys::SPANS_LOCATION, keys::ARCHIVE_LOCATION];
const OWN_METADATA: [&str; 1] = [keys::INFO_FINALIZED];

/// A field that two copies of a trace do not have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where it is, e.g. `tags.team` or `spans.00f067aa0ba902b7.status`.
    pub field: String,
    /// What the source has, shortened; `None` when it has nothing there.
    pub source: Option<String>,
    /// What the target has, shortened; `None` when it has nothing there.
    pub target: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
        write!(f, "{}: {} in the source, {} in the target", self.field, shown(&self.source), shown(&self.target))
    }
}

/// What the two copies of a trace do not have in common, besides what every store sets by itself.
pub fn differences(source: &Trace, target: &Trace) -> Vec<Difference> {
    let mut found = Differences::default();
    found.infos(&source.info, &target.info);
    let by_id = |trace: &Trace| trace.spans.iter().map(|span| (span.span_id, span.clone())).collect();
    found.maps("spans", by_id(source), by_id(target), |found, field, a, b| found.spans(field, a, b));
    found.0
}

/// Whether the store itself sets the tag, so that it is not copied.
pub(crate) fn is_own_tag(key: &str) -> bool {
    OWN_TAGS.contains(&key)
}

/// Whether two copies of an assessment say the same; whether it counts follows from the others.
pub(crate) fn same_assessment(source: &Assessment, target: &Assessment) -> bool {
    let mut found = Differences::default();
    found.assessments("", source, &Assessment { valid: source.valid, ..target.clone() });
    found.0.is_empty()
}

#[derive(Default)]
struct Differences(Vec<Difference>);

impl Differences {
    fn infos(&mut self, a: &TraceInfo, b: &TraceInfo) {
        self.values("client_request_id", &a.client_request_id, &b.client_request_id);
        self.values("request_time", &a.request_time, &b.request_time);
        self.values("execution_duration", &a.execution_duration, &b.execution_duration);
        self.values("state", &a.state, &b.state);
        self.values("request_preview", &a.request_preview, &b.request_preview);
        self.values("response_preview", &a.response_preview, &b.response_preview);
        self.texts("metadata", &a.metadata, &b.metadata, &OWN_METADATA);
        self.texts("tags", &a.tags, &b.tags, &OWN_TAGS);
        let by_id = |info: &TraceInfo| info.assessments.iter().map(|item| (item.id, item.clone())).collect();
        self.maps("assessments", by_id(a), by_id(b), |found, field, a, b| found.assessments(field, a, b));
    }

    fn assessments(&mut self, field: &str, a: &Assessment, b: &Assessment) {
        self.values(&format!("{field}.name"), &a.name, &b.name);
        self.values(&format!("{field}.span_id"), &a.span_id, &b.span_id);
        self.values(&format!("{field}.source"), &a.source, &b.source);
        self.values(&format!("{field}.body"), &a.body, &b.body);
        self.values(&format!("{field}.rationale"), &a.rationale, &b.rationale);
        self.texts(&format!("{field}.metadata"), &a.metadata, &b.metadata, &[]);
        self.values(&format!("{field}.overrides"), &a.overrides, &b.overrides);
        self.values(&format!("{field}.valid"), &a.valid, &b.valid);
        self.values(&format!("{field}.create_time"), &a.create_time, &b.create_time);
        self.values(&format!("{field}.last_update_time"), &a.last_update_time, &b.last_update_time);
    }

    fn spans(&mut self, field: &str, a: &Span, b: &Span) {
        self.values(&format!("{field}.parent_id"), &a.parent_id, &b.parent_id);
        self.values(&format!("{field}.name"), &a.name, &b.name);
        if a.kind != SpanKind::Unspecified && b.kind != SpanKind::Unspecified {
            self.values(&format!("{field}.kind"), &a.kind, &b.kind);
        }
        self.values(&format!("{field}.start"), &a.start, &b.start);
        self.values(&format!("{field}.end"), &a.end, &b.end);
        self.values(&format!("{field}.status"), &a.status, &b.status);
        self.maps(&format!("{field}.attributes"), sorted(&a.attributes), sorted(&b.attributes), Self::values);
        self.values(&format!("{field}.events"), &a.events, &b.events);
        self.values(&format!("{field}.links"), &a.links, &b.links);
    }

    fn texts(&mut self, field: &str, a: &BTreeMap<String, String>, b: &BTreeMap<String, String>, own: &[&str]) {
        let without_own = |map: &BTreeMap<String, String>| {
            map.iter().filter(|(key, _)| !own.contains(&key.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect()
        };
        self.maps(field, without_own(a), without_own(b), Self::values);
    }

    /// Compares what stands under the same key, and names what stands on one side only.
    fn maps<K: Ord + Clone + fmt::Display, V: fmt::Debug>(
        &mut self,
        field: &str,
        mut a: BTreeMap<K, V>,
        mut b: BTreeMap<K, V>,
        compare: impl Fn(&mut Self, &str, &V, &V),
    ) {
        let keys: BTreeSet<K> = a.keys().chain(b.keys()).cloned().collect();
        for key in keys {
            let field = format!("{field}.{key}");
            match (a.remove(&key), b.remove(&key)) {
                (Some(a), Some(b)) => compare(self, &field, &a, &b),
                (a, b) => {
                    self.0.push(Difference { field, source: a.as_ref().map(shown), target: b.as_ref().map(shown) })
                }
            }
        }
    }

    fn values<V: PartialEq + fmt::Debug>(&mut self, field: &str, a: &V, b: &V) {
        if a != b {
            self.0.push(Difference { field: field.to_owned(), source: Some(shown(a)), target: Some(shown(b)) });
        }
    }
}

/// Attributes are a map; in which order they came means nothing.
fn sorted(attributes: &Attributes) -> BTreeMap<String, candor_model::AnyValue> {
    attributes.iter().map(|(key, value)| (key.to_owned(), value.clone())).collect()
}

fn shown(value: &impl fmt::Debug) -> String {
    let text = format!("{value:?}");
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

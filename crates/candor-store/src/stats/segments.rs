use std::collections::{BTreeMap, BTreeSet};

use candor_model::{AssessmentName, Trace, Value, keys};

use super::StatsQuery;

/// Verdicts of one name, by what their traces have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentQuery {
    /// Which feedback.
    pub stats: StatsQuery,
    /// Its name; only `true` and `false` are counted.
    pub name: AssessmentName,
    /// What divides the traces.
    pub by: SegmentKey,
    /// Segments of fewer verdicts are left out.
    pub min_verdicts: u64,
}

/// What divides traces into segments; a trace without it is in none, one with several in each.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SegmentKey {
    /// The app's user, metadata `mlflow.trace.user`.
    User,
    /// The conversation, metadata `mlflow.trace.session`.
    Session,
    /// Who gave the verdict; anonymous ones are in no segment.
    Source,
    /// The models that its spans name.
    Model,
    /// The prompt versions linked to it, `name/version`.
    Prompt,
    /// The value of a tag.
    Tag(String),
    /// The value of an entry of the metadata.
    Metadata(String),
}

/// The verdicts of one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// What its traces have in common.
    pub segment: String,
    /// Traces with such a verdict.
    pub traces: u64,
    /// Verdicts `true`.
    pub positive: u64,
    /// Verdicts `false`.
    pub negative: u64,
}

/// Counts by segment, under way.
#[derive(Clone, Debug, Default)]
pub struct Segments {
    counts: BTreeMap<String, Segment>,
}

impl Segments {
    /// Counts one trace, which must be in the query's experiments; it needs its spans only to be
    /// divided by [`SegmentKey::Model`], and the prompts linked to it only for [`SegmentKey::Prompt`].
    pub fn add(&mut self, trace: &Trace, prompts: impl IntoIterator<Item = String>, query: &SegmentQuery) {
        let verdicts = query.stats.verdicts(&trace.info).filter(|verdict| verdict.name == query.name);
        let verdicts = verdicts.filter_map(|verdict| match verdict.body.value() {
            Some(Value::Bool(positive)) => Some((verdict, *positive)),
            _ => None,
        });
        let segments = query.by.of_trace(trace, prompts);
        let mut seen = BTreeSet::new();
        for (verdict, positive) in verdicts {
            let own = verdict.source.source_id.iter().map(ToString::to_string);
            let own: BTreeSet<String> = own.filter(|_| query.by == SegmentKey::Source).collect();
            for segment in segments.iter().chain(&own) {
                let first = seen.insert(segment.clone());
                self.add_count(segment, u64::from(first), u64::from(positive), u64::from(!positive));
            }
        }
    }

    /// Adds to the counts of a segment.
    pub fn add_count(&mut self, segment: &str, traces: u64, positive: u64, negative: u64) {
        if !self.counts.contains_key(segment) {
            let empty = Segment { segment: segment.to_owned(), traces: 0, positive: 0, negative: 0 };
            self.counts.insert(segment.to_owned(), empty);
        }
        if let Some(counts) = self.counts.get_mut(segment) {
            counts.traces += traces;
            counts.positive += positive;
            counts.negative += negative;
        }
    }

    /// The segments of at least so many verdicts, by what they have in common.
    pub fn finish(self, min_verdicts: u64) -> Vec<Segment> {
        let enough = |segment: &Segment| segment.positive + segment.negative >= min_verdicts.max(1);
        self.counts.into_values().filter(enough).collect()
    }
}

impl SegmentKey {
    /// The metadata that holds it.
    pub fn metadata_key(&self) -> Option<&str> {
        match self {
            Self::User => Some(keys::USER),
            Self::Session => Some(keys::SESSION),
            Self::Metadata(key) => Some(key),
            Self::Source | Self::Model | Self::Prompt | Self::Tag(_) => None,
        }
    }

    fn of_trace(&self, trace: &Trace, prompts: impl IntoIterator<Item = String>) -> BTreeSet<String> {
        match self {
            Self::Tag(key) => trace.info.tags.get(key).cloned().into_iter().collect(),
            Self::Model => {
                let models = trace.spans.iter().filter_map(|span| span.attributes.get_str(keys::SPAN_MODEL));
                models.map(str::to_owned).collect()
            }
            Self::Prompt => prompts.into_iter().collect(),
            Self::Source => BTreeSet::new(),
            Self::User | Self::Session | Self::Metadata(_) => {
                let key = self.metadata_key().unwrap_or_default();
                trace.info.metadata.get(key).cloned().into_iter().collect()
            }
        }
    }
}

//! Token counts and costs: read from spans, summed over a trace, written as MLflow writes them.

use std::collections::{HashMap, HashSet};

use candor_model::{AnyValue, Span, SpanId, keys};
use serde_json::{Map, Value as Json};

const TOKEN_KEYS: [&str; 6] = [
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation_input_tokens_above_1hr",
];
const COST_KEYS: [&str; 3] = ["input_cost", "output_cost", "total_cost"];
/// The keys that a sum always has.
const BASE_KEYS: usize = 3;

/// What one span used, and where it stands in the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanUsage {
    /// The span.
    pub span_id: SpanId,
    /// The span around it.
    pub parent_id: Option<SpanId>,
    /// Token counts, in MLflow's order of keys.
    pub tokens: Option<[Option<i64>; 6]>,
    /// Costs in US dollars: input, output, total.
    pub cost: Option<[Option<f64>; 3]>,
}

impl SpanUsage {
    /// Reads a completed span.
    pub fn of(span: &Span) -> Self {
        Self {
            span_id: span.span_id,
            parent_id: span.parent_id,
            tokens: span.attributes.get(keys::SPAN_TOKEN_USAGE).and_then(|usage| read(usage, TOKEN_KEYS, any_int)),
            cost: span.attributes.get(keys::SPAN_COST).and_then(|cost| read(cost, COST_KEYS, any_finite)),
        }
    }

    /// Whether the span says anything of tokens or costs.
    pub fn is_some(&self) -> bool {
        self.tokens.is_some() || self.cost.is_some()
    }
}

fn read<T: Copy, const N: usize>(
    value: &AnyValue,
    keys: [&str; N],
    number: impl Fn(&AnyValue) -> Option<T>,
) -> Option<[Option<T>; N]> {
    let numbers = keys.map(|key| value.get(key).and_then(&number));
    numbers.iter().any(Option::is_some).then_some(numbers)
}

fn any_int(value: &AnyValue) -> Option<i64> {
    match value {
        AnyValue::Int(count) => Some(*count),
        _ => None,
    }
}

fn any_finite(value: &AnyValue) -> Option<f64> {
    match value {
        AnyValue::Int(amount) => Some(*amount as f64),
        AnyValue::Double(amount) if amount.is_finite() => Some(*amount),
        _ => None,
    }
}

/// The trace's token counts as JSON; a span below one that has counts itself is in that one's.
pub(super) fn total_tokens(spans: &[SpanUsage]) -> Option<String> {
    let rows = topmost(spans, |span| span.tokens.is_some()).filter_map(|span| span.tokens);
    let sums = sum(rows, i64::saturating_add)?;
    render(TOKEN_KEYS.into_iter().zip(with_base(sums)), Json::from)
}

/// The trace's costs as JSON, in the same way.
pub(super) fn total_cost(spans: &[SpanUsage]) -> Option<String> {
    let rows = topmost(spans, |span| span.cost.is_some()).filter_map(|span| span.cost);
    let sums = sum(rows, |a, b| a + b)?;
    render(COST_KEYS.into_iter().zip(with_base(sums)), Json::from)
}

/// Usage text of a client with known keys and sane numbers only; `None` when nothing is left.
pub(super) fn canonical(key: &str, text: &str) -> Option<String> {
    let json: Map<String, Json> = serde_json::from_str(text).ok()?;
    if key == keys::COST {
        let amounts = COST_KEYS.map(|key| json.get(key).and_then(Json::as_f64));
        render(COST_KEYS.into_iter().zip(amounts), Json::from)
    } else {
        let counts = TOKEN_KEYS.map(|key| json.get(key).and_then(Json::as_i64));
        render(TOKEN_KEYS.into_iter().zip(counts), Json::from)
    }
}

/// The spans that `has` holds for and for none of their ancestors.
fn topmost(spans: &[SpanUsage], has: impl Fn(&SpanUsage) -> bool) -> impl Iterator<Item = &SpanUsage> {
    let having: Vec<&SpanUsage> = spans.iter().filter(|span| has(span)).collect();
    // Most traces have few such spans, or none: the others need not be looked up.
    let by_id: HashMap<SpanId, &SpanUsage> = match having.is_empty() {
        true => HashMap::new(),
        false => spans.iter().map(|span| (span.span_id, span)).collect(),
    };
    let counted = |span: &&SpanUsage| {
        let mut seen = HashSet::from([span.span_id]); // parents may form a circle: nobody checks them
        let mut parent = span.parent_id;
        while let Some(above) = parent.and_then(|id| by_id.get(&id)) {
            if !seen.insert(above.span_id) {
                break;
            }
            if has(above) {
                return false;
            }
            parent = above.parent_id;
        }
        true
    };
    having.into_iter().filter(counted).collect::<Vec<_>>().into_iter()
}

fn sum<T: Copy, const N: usize>(
    rows: impl Iterator<Item = [Option<T>; N]>,
    add: impl Fn(T, T) -> T,
) -> Option<[Option<T>; N]> {
    rows.reduce(|sums, row| {
        std::array::from_fn(|column| match (sums[column], row[column]) {
            (Some(a), Some(b)) => Some(add(a, b)),
            (a, b) => a.or(b),
        })
    })
}

fn with_base<T: Default, const N: usize>(mut sums: [Option<T>; N]) -> [Option<T>; N] {
    for base in sums.iter_mut().take(BASE_KEYS) {
        base.get_or_insert_default();
    }
    sums
}

fn render<'a, T>(pairs: impl Iterator<Item = (&'a str, Option<T>)>, number: impl Fn(T) -> Json) -> Option<String> {
    let parts: Vec<String> =
        pairs.filter_map(|(key, value)| value.map(|value| format!("\"{key}\": {}", number(value)))).collect();
    (!parts.is_empty()).then(|| format!("{{{}}}", parts.join(", ")))
}

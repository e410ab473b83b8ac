use candor_filter::{OrderBy, TraceFilter};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::data::{id, key, text};
use super::{NAMES, TEXTS, word};
use crate::TraceQuery;
use crate::conformance::samples::{self, START_MS};

/// A search with a random filter and order, in short and long pages.
///
/// Its experiments are numbered as in the [data set](super::DataSet), whose first trace is `first`.
pub fn trace_query(first: u32) -> impl Strategy<Value = TraceQuery> {
    let number = select(vec![0_i64, 1, 2, 424_242]);
    let places = prop_oneof![3 => Just(vec![0, 1, 2]), 1 => vec(number, 0..5)];
    let size = prop_oneof![1_usize..4, 5_usize..12, Just(500)];
    (places, filter_text(first), order_items(), size).prop_map(|(experiments, filter, order, max_results)| TraceQuery {
        experiments: experiments.into_iter().map(samples::experiment_id).collect(),
        filter: TraceFilter::parse(&filter)
            .unwrap_or_else(|error| panic!("a valid filter is refused: {error}\n{}", error.pointer())),
        order_by: OrderBy::parse_list(&order)
            .unwrap_or_else(|error| panic!("a valid order is refused: {error}\n{}", error.pointer())),
        max_results,
        page_token: None,
    })
}

/// The text of a valid filter; trace ids in it are near the `first`.
pub fn filter_text(first: u32) -> impl Strategy<Value = String> {
    let and = select(vec![" AND ", " and ", "\n AND\t"]);
    let clauses = prop_oneof![6 => vec(clause(first), 1), 3 => vec(clause(first), 2), 1 => vec(clause(first), 0..=4)];
    (clauses, and).prop_map(|(clauses, and)| clauses.join(and))
}

/// A valid `order_by` list.
pub fn order_items() -> impl Strategy<Value = Vec<String>> {
    let keys = vec![
        vec!["timestamp", "timestamp_ms", "attributes.timestamp"],
        vec!["execution_time", "execution_time_ms"],
        vec!["status", "attribute.status"],
        vec!["request_id"],
        vec!["experiment_id"],
        vec!["name", "tags.mlflow.traceName"],
        vec!["run_id"],
        vec!["tags.k"],
        vec!["tag.`odd key-1`"],
        vec!["metadata.k"],
        vec!["metadata.mlflow.trace.session"],
    ];
    subsequence(keys, 0..=3).prop_shuffle().prop_flat_map(|keys| {
        let direction = || select(vec!["", " ASC", " DESC", " desc"]);
        keys.into_iter()
            .map(|key| (select(key), direction()).prop_map(|(key, way)| format!("{key}{way}")))
            .collect::<Vec<_>>()
    })
}

fn clause(first: u32) -> impl Strategy<Value = String> {
    let version = select(vec!["p/1", "p/2", "q/1"]);
    prop_oneof![
        2 => numbers(),
        2 => attributes(first),
        3 => keyed(),
        2 => spans(),
        4 => assessments(),
        1 => version.prop_map(|version| format!("prompt = '{version}'")),
        1 => id().prop_map(|id| format!("issue.id = {}", quoted(&id))),
    ]
}

fn numbers() -> impl Strategy<Value = String> {
    let time = (
        select(vec!["timestamp_ms", "trace.timestamp_ms", "attributes.timestamp", "end_time_ms", "end_time"]),
        -2_i64..8,
    )
        .prop_flat_map(|(field, ms)| (Just(field), number(START_MS + ms)));
    // The bare word takes integers only.
    let bare = (-2_i64..8).prop_map(|ms| ("timestamp", (START_MS + ms).to_string()));
    let span = (
        select(vec!["execution_time", "execution_time_ms", "attributes.execution_time_ms"]),
        select(vec![-1_i64, 0, 1, 5, 100]),
    )
        .prop_flat_map(|(field, ms)| (Just(field), number(ms)));
    let odd = select(vec!["1e300", "-1e300", "9223372036854775807", "0.5", "-0.0"])
        .prop_map(|number| ("end_time_ms", number.to_owned()));
    let side = prop_oneof![4 => time, 1 => bare, 3 => span, 1 => odd];
    let op = select(vec!["=", "!=", ">", ">=", "<", "<="]);
    (side, op, blanks()).prop_map(|((field, number), op, blank)| format!("{field}{blank}{op}{blank}{number}"))
}

/// Spellings of numbers at and around `near`.
fn number(near: i64) -> impl Strategy<Value = String> {
    (0..6).prop_map(move |form| match form {
        0 => format!("{near}.0"),
        1 => format!("{near}.5"),
        2 => format!("{near}e0"),
        _ => near.to_string(),
    })
}

fn attributes(first: u32) -> impl Strategy<Value = String> {
    let states = select(vec!["OK", "ERROR", "IN_PROGRESS", "STATE_UNSPECIFIED", "ok"]).prop_map(str::to_owned);
    let traces = (first..first + 20).prop_map(|n| samples::trace_id(n).to_string());
    prop_oneof![
        (select(vec!["status", "attributes.status"]), states).prop_flat_map(|(field, text)| text_test(field, text)),
        traces.prop_flat_map(|text| text_test("request_id", text)),
        id().prop_flat_map(|text| text_test("client_request_id", text)),
    ]
}

fn keyed() -> impl Strategy<Value = String> {
    let prefix = select(vec!["tags", "tag", "metadata", "request_metadata"]);
    let free = (prefix, key()).prop_map(|(prefix, key)| format!("{prefix}.{}", spelled(&key)));
    let texts = (free, text());
    let name = (select(vec!["name".to_owned(), "tags.mlflow.traceName".to_owned()]), text());
    let run = (select(vec!["run_id".to_owned(), "metadata.`mlflow.sourceRun`".to_owned()]), id());
    let session = (Just("metadata.mlflow.trace.session".to_owned()), id());
    prop_oneof![4 => texts, 1 => name, 1 => run, 1 => session]
        .prop_flat_map(|(field, text)| prop_oneof![3 => text_match(field.clone(), text), 1 => presence(field)])
}

fn spans() -> impl Strategy<Value = String> {
    let kinds = select(vec!["LLM", "TOOL", "llm", "UNKNOWN"]).prop_map(str::to_owned);
    let states = select(vec!["OK", "ERROR", "UNSET"]).prop_map(str::to_owned);
    let attribute = (key(), text()).prop_map(|(key, text)| (format!("span.attributes.{}", spelled(&key)), text));
    let content = (select(vec!["span.content", "trace.text", "attributes.text"]), select(vec!["LIKE", "ILIKE"]));
    let content = (content, pattern()).prop_map(|((field, op), pattern)| format!("{field} {op} {}", quoted(&pattern)));
    prop_oneof![
        2 => text().prop_flat_map(|text| text_test("span.name", text)),
        1 => kinds.prop_flat_map(|text| text_test("span.type", text)),
        1 => states.prop_flat_map(|text| text_test("span.status", text)),
        2 => attribute.prop_flat_map(|(field, text)| text_match(field, text)),
        1 => content,
    ]
}

fn assessments() -> impl Strategy<Value = String> {
    let kind = prop_oneof![3 => Just("feedback"), 1 => Just("expectation")];
    let field = (kind, word(&NAMES)).prop_map(|(kind, name)| format!("{kind}.{}", spelled(name)));
    field.prop_flat_map(|field| {
        let json = select(vec!["5.0", "5", "4.5", "[\"a\", \"b\"]", "[5]", "false", "1e+16", "-0.0", "\"a\"", "{}"]);
        let literal = prop_oneof![text(), json.prop_map(str::to_owned)];
        let order = select(vec![">", ">=", "<", "<="]);
        let bound = select(vec!["5", "4.5", "5.0", "0", "-1", ".5", "1e16", "9007199254740992"]);
        let number = (order, bound).prop_map({
            let field = field.clone();
            move |(order, bound)| format!("{field} {order} {bound}")
        });
        let matching = literal.prop_flat_map({
            let field = field.clone();
            move |text| text_match(field.clone(), text)
        });
        prop_oneof![3 => matching, 1 => number, 2 => presence(field)]
    })
}

/// A comparison with the text, or a test of membership in a list that may hold it.
fn text_test(field: impl Into<String>, text: String) -> impl Strategy<Value = String> {
    let field = field.into();
    let plain = text_match(field.clone(), text.clone());
    let others = vec(select(TEXTS.to_vec()), 0..3);
    let listed = (others, any::<bool>(), select(vec!["IN", "NOT IN", "in"])).prop_map(move |(mut texts, with, op)| {
        texts.extend((with || texts.is_empty()).then_some(text.as_str()));
        // Inside of lists backslashes have a meaning and line breaks have no place.
        let list: Vec<String> = texts.iter().map(|text| quoted(&text.replace(['\\', '\n'], "_"))).collect();
        format!("{field} {op} ({})", list.join(", "))
    });
    prop_oneof![2 => plain, 1 => listed]
}

/// A comparison with the text or with a pattern.
fn text_match(field: impl Into<String>, text: String) -> impl Strategy<Value = String> {
    let field = field.into();
    let exact = (select(vec!["=", "!="]), Just(text)).boxed();
    let like = (select(vec!["LIKE", "ILIKE", "like"]), pattern()).boxed();
    let regex = select(vec!["^a", "b$", "a|é", "^$", ".", "(", "[aA]+", "\\\\a", "(?i)É", "\"", "^.$"]);
    let rlike = (Just("RLIKE"), regex.prop_map(str::to_owned)).boxed();
    prop_oneof![3 => exact, 2 => like, 1 => rlike].prop_map(move |(op, text)| format!("{field} {op} {}", quoted(&text)))
}

fn pattern() -> impl Strategy<Value = String> {
    let part = select(vec!["%", "_", "a", "A", "b", "é", "É", "5", "\"", "\\", "😀", "tr", "\\u00e9"]);
    prop_oneof![
        3 => vec(part, 0..4).prop_map(|parts| parts.concat()),
        1 => text().prop_map(|text| format!("%{text}%")),
    ]
}

fn presence(field: String) -> impl Strategy<Value = String> {
    select(vec!["IS NULL", "IS NOT NULL", "is not null"]).prop_map(move |test| format!("{field} {test}"))
}

fn blanks() -> impl Strategy<Value = &'static str> {
    select(vec!["", " ", "  "])
}

/// The key as a filter may write it.
fn spelled(key: &str) -> String {
    let is_bare = key.chars().all(|c| c.is_ascii_alphanumeric() || "_.".contains(c));
    if is_bare { key.to_owned() } else { format!("`{key}`") }
}

/// The text between quotes that do not occur in it; a text with both loses the double ones.
///
/// A backslash at the end could be read as escaping the quote, so none stands there.
fn quoted(text: &str) -> String {
    let text = text.trim_end_matches('\\');
    if text.contains('\'') { format!("\"{}\"", text.replace('"', "")) } else { format!("'{text}'") }
}

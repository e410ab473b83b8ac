//! Page tokens: where the page before ended, bound to the query that it belongs to.

use std::fmt::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use candor_model::ExperimentId;
use serde_json::{Value, json};

use crate::{ExperimentFilter, ExperimentOrderBy, OrderBy, SortValue, TraceFilter};

const VERSION: u64 = 1;

/// The query that page tokens belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QueryId {
    fingerprint: u64,
    sort_keys: usize,
}

impl QueryId {
    /// A search for traces in the experiments `locations`, which may stand in any order.
    ///
    /// `order` is the [effective one](crate::effective_order).
    pub fn traces(filter: &TraceFilter, order: &[OrderBy], locations: &[ExperimentId]) -> Self {
        let mut locations = locations.to_vec();
        locations.sort_unstable();
        locations.dedup();
        Self::new("traces", &format_args!("{filter}\n{order:?}\n{locations:?}"), order.len())
    }

    /// A search for experiments; `view` tells the lifecycle stages that it sees.
    ///
    /// `order` is the [effective one](crate::effective_experiment_order).
    pub fn experiments(filter: &ExperimentFilter, order: &[ExperimentOrderBy], view: &str) -> Self {
        Self::new("experiments", &format_args!("{filter}\n{order:?}\n{view}"), order.len())
    }

    /// Any other search: its kind, all that decides which rows it finds in which order, and the
    /// number of values that sort a row.
    pub fn new(kind: &str, query: &dyn fmt::Display, sort_keys: usize) -> Self {
        let mut hash = Fnv(Fnv::START);
        // Hashing cannot fail.
        let _ = write!(hash, "{VERSION}\n{kind}\n{query}");
        Self { fingerprint: hash.0, sort_keys }
    }
}

/// Where a page ended: what its last row has under the keys of the effective order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageToken {
    /// One value for each key of the order.
    pub last: Vec<SortValue>,
}

impl PageToken {
    /// The opaque text for the client: base64url of JSON.
    pub fn encode(&self, query: QueryId) -> String {
        let last: Vec<Value> = self.last.iter().map(to_json).collect();
        let json = json!({"v": VERSION, "q": format!("{:016x}", query.fingerprint), "last": last});
        URL_SAFE_NO_PAD.encode(json.to_string())
    }

    /// Reads a text made by [`PageToken::encode`] for the same query; the empty text asks for the
    /// first page.
    ///
    /// # Errors
    /// [`PageTokenError`] when the text is no token at all, or one of another query.
    pub fn decode(text: &str, query: QueryId) -> Result<Option<Self>, PageTokenError> {
        if text.is_empty() {
            return Ok(None);
        }
        let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| PageTokenError::NotBase64)?;
        let json: Value = serde_json::from_slice(&json).map_err(|_| PageTokenError::Malformed)?;
        if json["v"] != VERSION {
            return Err(PageTokenError::Malformed);
        }
        let fingerprint = json["q"].as_str().ok_or(PageTokenError::Malformed)?;
        if fingerprint != format!("{:016x}", query.fingerprint) {
            return Err(PageTokenError::OtherQuery);
        }
        let last = json["last"].as_array().ok_or(PageTokenError::Malformed)?;
        let last: Vec<SortValue> =
            last.iter().map(from_json).collect::<Option<_>>().ok_or(PageTokenError::Malformed)?;
        if last.len() != query.sort_keys {
            return Err(PageTokenError::Malformed);
        }
        Ok(Some(Self { last }))
    }
}

/// Why a page token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PageTokenError {
    /// It is not base64url.
    #[error("invalid page token, could not base64-decode")]
    NotBase64,
    /// It was not made by this program, or by another version of it.
    #[error("invalid page token, take it from the answer before unchanged")]
    Malformed,
    /// It was made for another filter, order or set of experiments.
    #[error("the page token belongs to another query: keep filter, order and locations, or start at the first page")]
    OtherQuery,
}

fn to_json(value: &SortValue) -> Value {
    match value {
        SortValue::Null => Value::Null,
        SortValue::Int(number) => (*number).into(),
        SortValue::Text(text) => text.as_str().into(),
    }
}

fn from_json(json: &Value) -> Option<SortValue> {
    match json {
        Value::Null => Some(SortValue::Null),
        Value::Number(number) => number.as_i64().map(SortValue::Int),
        Value::String(text) => Some(SortValue::Text(text.clone())),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// FNV-1a: the same in every build and on every machine, which the standard hashers are not.
struct Fnv(u64);

impl Fnv {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
}

impl Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn query(text: &str) -> QueryId {
        QueryId::new("test", &text, 2)
    }

    fn token() -> PageToken {
        PageToken { last: vec![SortValue::Int(i64::MAX), SortValue::Null] }
    }

    #[test]
    fn the_empty_text_is_the_first_page() {
        assert_eq!(PageToken::decode("", query("a")), Ok(None));
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for (text, expected) in [
            ("é", PageTokenError::NotBase64),
            ("a", PageTokenError::NotBase64),
            ("AAAA", PageTokenError::Malformed),
            (&URL_SAFE_NO_PAD.encode("[]"), PageTokenError::Malformed),
            (&URL_SAFE_NO_PAD.encode(r#"{"v":1}"#), PageTokenError::Malformed),
            (&URL_SAFE_NO_PAD.encode(r#"{"v":2,"q":"","last":[]}"#), PageTokenError::Malformed),
            (&token().encode(query("b")), PageTokenError::OtherQuery),
            (&PageToken { last: vec![] }.encode(query("a")), PageTokenError::Malformed),
        ] {
            assert_eq!(PageToken::decode(text, query("a")), Err(expected), "{text}");
        }
    }

    #[test]
    fn fingerprints_are_stable_across_builds() {
        // The hash's published test vectors.
        for (text, expected) in [("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)] {
            let mut hash = Fnv(Fnv::START);
            hash.write_str(text).unwrap();
            assert_eq!(hash.0, expected);
        }
        assert_eq!(query("a").fingerprint, 8_781_265_979_260_518_555);
    }

    #[test]
    fn queries_differ_by_filter_order_and_set_of_experiments() {
        let filter = TraceFilter::default();
        let order = crate::effective_order(&[]);
        let ids = [1, 2].map(|id| ExperimentId::new(id).unwrap());
        let id = QueryId::traces(&filter, &order, &ids);
        assert_eq!(id, QueryId::traces(&filter, &order, &[ids[1], ids[0], ids[1]]));
        assert_ne!(id, QueryId::traces(&filter, &order, &ids[..1]));
        assert_ne!(id, QueryId::traces(&filter, &order[..1], &ids));
    }

    proptest! {
        #[test]
        fn tokens_come_back(number: i64, text: String) {
            let token = PageToken { last: vec![SortValue::Int(number), SortValue::Text(text)] };
            prop_assert_eq!(PageToken::decode(&token.encode(query("a")), query("a")), Ok(Some(token)));
        }

        #[test]
        fn arbitrary_texts_are_refused(text in ".+") {
            prop_assert!(PageToken::decode(&text, query("a")).is_err());
        }
    }
}

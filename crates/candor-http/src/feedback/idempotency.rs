//! Retries that count once: ids derived from the client's key, and the check that it is the same request.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use candor_model::{Assessment, AssessmentBody, AssessmentId, AssessmentName, Source, SpanId};
use candor_store::NewAssessment;
use sha2::{Digest, Sha256};

use super::fields::Fields;

/// Header: the client's key of one verdict, the same on every retry.
pub(crate) const KEY_HEADER: &str = "Idempotency-Key";

/// A key that the client chose: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdempotencyKey(String);

impl IdempotencyKey {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let fits = (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text.to_owned())) } else { Err("must be 1 to 255 visible ASCII characters") }
    }

    /// The key in the header.
    pub(crate) fn of_header(headers: &HeaderMap, fields: &mut Fields) -> Option<Self> {
        let mut values = headers.get_all(KEY_HEADER).iter();
        let first = values.next()?;
        if values.next().is_some() {
            return fields.error(KEY_HEADER, "must be given once");
        }
        match Self::parse(first.to_str().unwrap_or_default()) {
            Ok(key) => Some(key),
            Err(reason) => fields.error(KEY_HEADER, reason),
        }
    }

    /// The key in the field `idempotency_key` of a body or a query, for clients that cannot set headers,
    /// else in the header.
    pub(crate) fn of_fields(headers: &HeaderMap, fields: &mut Fields) -> Option<Self> {
        let in_field = fields.parsed("idempotency_key", Self::parse);
        let in_header = Self::of_header(headers, fields);
        if in_field.is_some() && in_header.is_some() && in_field != in_header {
            return fields.error("idempotency_key", format!("must be the same as the header {KEY_HEADER}"));
        }
        in_field.or(in_header)
    }

    /// The id of the one verdict that is logged under the key.
    pub(crate) fn id(&self) -> AssessmentId {
        derived_id(&["key", &self.0])
    }

    /// The id of one of several verdicts that are logged under the key.
    pub(crate) fn id_for(&self, part: &str) -> AssessmentId {
        derived_id(&["key", &self.0, part])
    }
}

/// The id of the withdrawal of a verdict: the same every time, so that it is withdrawn once.
pub(crate) fn withdrawal_id(withdrawn: AssessmentId) -> AssessmentId {
    derived_id(&["withdrawal", &withdrawn.to_string()])
}

/// The first 16 bytes of the SHA-256 of a domain tag and the parts, each with its length before it.
fn derived_id(parts: &[&str]) -> AssessmentId {
    let mut hash = Sha256::new();
    hash.update(b"candor/assessment-id/v1");
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    AssessmentId::from_bytes(id)
}

/// What must be the same for a second request under a key to be a retry.
///
/// Targets are the store's to compare; times and what is overridden may differ.
#[derive(Debug, PartialEq)]
pub(crate) struct Content<'a> {
    name: &'a AssessmentName,
    source: &'a Source,
    body: &'a AssessmentBody,
    rationale: Option<&'a str>,
    metadata: &'a BTreeMap<String, String>,
    span_id: Option<SpanId>,
}

impl<'a> From<&'a NewAssessment> for Content<'a> {
    fn from(sent: &'a NewAssessment) -> Self {
        Self {
            name: &sent.name,
            source: &sent.source,
            body: &sent.body,
            rationale: sent.rationale.as_deref(),
            metadata: &sent.metadata,
            span_id: sent.span_id,
        }
    }
}

impl<'a> From<&'a Assessment> for Content<'a> {
    fn from(stored: &'a Assessment) -> Self {
        Self {
            name: &stored.name,
            source: &stored.source,
            body: &stored.body,
            rationale: stored.rationale.as_deref(),
            metadata: &stored.metadata,
            span_id: stored.span_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_visible_ascii() {
        assert!(IdempotencyKey::parse("8e03978e-40d5-43dd-bc93-6894a57f9324").is_ok());
        for key in ["", "a b", "é", "tab\t", &"x".repeat(256)] {
            assert!(IdempotencyKey::parse(key).is_err(), "{key:?}");
        }
    }

    #[test]
    fn derived_ids_never_change_and_never_run_into_each_other() {
        let key = IdempotencyKey::parse("k").unwrap();
        assert_eq!(key.id(), IdempotencyKey::parse("k").unwrap().id());
        assert_ne!(key.id(), key.id_for(""));
        assert_ne!(derived_id(&["ab", "c"]), derived_id(&["a", "bc"]));
        assert_eq!(key.id().to_string(), "a-4a95ee2d990ac9da92a0392e1ea7bf73");
    }
}

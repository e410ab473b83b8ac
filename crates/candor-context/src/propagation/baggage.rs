use opentelemetry::baggage::BaggageExt;
use opentelemetry::{Context, KeyValue};
use percent_encoding::{AsciiSet, CONTROLS, PercentEncode, percent_decode_str, utf8_percent_encode};

use super::{BAGGAGE, Carrier, HeaderError, HeaderFault, joined, malformed};

/// The longest `baggage` that is read, in bytes; W3C asks for that many at least.
pub const MAX_BAGGAGE_BYTES: usize = 8192;

/// The most entries that a `baggage` may have; W3C asks for that many at least.
pub const MAX_BAGGAGE_ENTRIES: usize = 64;

/// Facts that travel with a request from service to service.
///
/// They go to every service that is called, strangers included: nothing secret belongs here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baggage(Vec<(String, String)>);

impl Baggage {
    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// All pairs, in the order they came.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    pub(crate) fn of(context: &Context) -> Self {
        let pairs = context.baggage().iter();
        Self(pairs.map(|(key, (value, _))| (key.as_str().to_owned(), value.as_str().to_owned())).collect())
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = KeyValue> {
        self.0.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()))
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Baggage {
    /// Pairs whose key is empty, or holds what no header token may, are left out.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter().map(|(key, value)| (key.into(), value.into()));
        Self(pairs.filter(|(key, _): &(String, _)| is_key(key)).collect())
    }
}

/// Reads `baggage`; properties of entries are passed over.
///
/// # Errors
/// [`HeaderError`] for a header that is too long, lists too much or is malformed.
pub fn baggage(carrier: &dyn Carrier) -> Result<Option<Baggage>, HeaderError> {
    let Some(bytes) = joined(carrier, BAGGAGE, MAX_BAGGAGE_BYTES)? else { return Ok(None) };
    let text = str::from_utf8(&bytes).map_err(|error| malformed(BAGGAGE, error.valid_up_to(), "ASCII"))?;
    let mut pairs: Vec<(String, String)> = Vec::new();
    for entry in text.split(',') {
        let offset = entry.as_ptr().addr() - text.as_ptr().addr();
        let pair = entry.split(';').next().unwrap_or_default();
        if pair.trim_ascii().is_empty() {
            continue;
        }
        let (key, value) = pair.split_once('=').ok_or_else(|| malformed(BAGGAGE, offset, "key=value"))?;
        let key = key.trim_ascii();
        if !is_key(key) {
            return Err(malformed(BAGGAGE, offset, "a key made of token characters"));
        }
        let value = value.trim_ascii();
        if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(malformed(BAGGAGE, offset, "a percent-encoded value"));
        }
        let value = percent_decode_str(value).decode_utf8();
        let value = value.map_err(|_| malformed(BAGGAGE, offset, "a value that encodes UTF-8"))?;
        pairs.push((key.to_owned(), value.into_owned()));
        if pairs.len() > MAX_BAGGAGE_ENTRIES {
            return Err(HeaderError { header: BAGGAGE, fault: HeaderFault::TooMany { max: MAX_BAGGAGE_ENTRIES } });
        }
    }
    Ok(Some(Baggage(pairs)))
}

/// The value as it stands in the header.
pub(super) fn encoded(value: &str) -> PercentEncode<'_> {
    const RESERVED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b',').add(b';').add(b'\\').add(b'%');
    utf8_percent_encode(value, RESERVED)
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token)
}

/// A character of a token, as HTTP defines it.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

/// Header-like pairs that trace context is read from.
pub trait Carrier {
    /// Shows every value of the header to `see`, in order; names are compared without regard to case.
    fn values(&self, name: &'static str, see: &mut dyn FnMut(&[u8]));
}

/// Header-like pairs that trace context is written into.
pub trait CarrierMut {
    /// Sets the header, in place of what it was.
    fn set(&mut self, name: &'static str, value: String);
}

impl<K: AsRef<str>, V: AsRef<[u8]>> Carrier for Vec<(K, V)> {
    fn values(&self, name: &'static str, see: &mut dyn FnMut(&[u8])) {
        show(self.iter().map(|pair| (pair.0.as_ref(), pair.1.as_ref())), name, see);
    }
}

impl<K: AsRef<str>, V: AsRef<[u8]>, const N: usize> Carrier for [(K, V); N] {
    fn values(&self, name: &'static str, see: &mut dyn FnMut(&[u8])) {
        show(self.iter().map(|pair| (pair.0.as_ref(), pair.1.as_ref())), name, see);
    }
}

impl<K: AsRef<str>, V: AsRef<[u8]>, S: BuildHasher> Carrier for HashMap<K, V, S> {
    fn values(&self, name: &'static str, see: &mut dyn FnMut(&[u8])) {
        show(self.iter().map(|(key, value)| (key.as_ref(), value.as_ref())), name, see);
    }
}

impl<S: BuildHasher> CarrierMut for HashMap<String, String, S> {
    fn set(&mut self, name: &'static str, value: String) {
        self.insert(name.to_owned(), value);
    }
}

impl CarrierMut for BTreeMap<String, String> {
    fn set(&mut self, name: &'static str, value: String) {
        self.insert(name.to_owned(), value);
    }
}

#[cfg(feature = "http")]
impl Carrier for http::HeaderMap {
    fn values(&self, name: &'static str, see: &mut dyn FnMut(&[u8])) {
        self.get_all(name).iter().for_each(|value| see(value.as_bytes()));
    }
}

#[cfg(feature = "http")]
impl CarrierMut for http::HeaderMap {
    fn set(&mut self, name: &'static str, value: String) {
        if let Ok(value) = http::HeaderValue::try_from(value) {
            self.insert(http::HeaderName::from_static(name), value);
        }
    }
}

fn show<'a>(pairs: impl Iterator<Item = (&'a str, &'a [u8])>, name: &str, see: &mut dyn FnMut(&[u8])) {
    pairs.filter(|(key, _)| key.eq_ignore_ascii_case(name)).for_each(|(_, value)| see(value));
}

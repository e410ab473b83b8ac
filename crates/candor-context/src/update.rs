use std::collections::BTreeMap;

use candor_model::{ClientRequestId, TagKey, keys};

/// What is to be said of a whole trace, beside its spans.
///
/// What a later update says replaces what an earlier one said, key by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct TraceUpdate {
    pub(crate) client_request_id: Option<ClientRequestId>,
    pub(crate) session: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) request_preview: Option<String>,
    pub(crate) response_preview: Option<String>,
    pub(crate) tags: BTreeMap<TagKey, String>,
    pub(crate) metadata: BTreeMap<String, String>,
}

impl TraceUpdate {
    /// Says nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The app's own id of the request, by which a verdict may name the trace.
    pub fn client_request_id(mut self, id: ClientRequestId) -> Self {
        self.client_request_id = Some(id);
        self
    }

    /// The conversation that the trace belongs to; cut to 250 characters.
    pub fn session(mut self, id: impl Into<String>) -> Self {
        self.session = Some(cut(id.into(), candor_store::ingest::MAX_SESSION_CHARS));
        self
    }

    /// The app's user; cut to 250 characters.
    pub fn user(mut self, id: impl Into<String>) -> Self {
        self.user = Some(cut(id.into(), MAX_METADATA_CHARS));
        self
    }

    /// What lists show of the request; cut to 1000 characters. The root's inputs speak otherwise.
    pub fn request_preview(mut self, text: impl Into<String>) -> Self {
        self.request_preview = Some(cut(text.into(), MAX_PREVIEW_CHARS));
        self
    }

    /// What lists show of the response; cut to 1000 characters. The root's outputs speak otherwise.
    pub fn response_preview(mut self, text: impl Into<String>) -> Self {
        self.response_preview = Some(cut(text.into(), MAX_PREVIEW_CHARS));
        self
    }

    /// A label that may be changed later; its value is cut to 4096 characters, as MLflow cuts it.
    ///
    /// A key that is no [`TagKey`] is left out: tracing must not fail what it watches.
    pub fn tag(mut self, key: impl Into<Box<str>>, value: impl Into<String>) -> Self {
        match TagKey::new(key) {
            Ok(key) => drop(self.tags.insert(key, cut(value.into(), MAX_TAG_CHARS))),
            Err(error) => tracing::debug!(%error, "a tag is left out"),
        }
        self
    }

    /// A fact that stays as it is; key and value are cut to 250 characters, as MLflow cuts them.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(cut(key.into(), MAX_METADATA_CHARS), cut(value.into(), MAX_METADATA_CHARS));
        self
    }

    /// What can be said by attributes of a span.
    pub(crate) fn span_attributes(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let request = self.client_request_id.as_ref().map(|id| (keys::SPAN_CLIENT_REQUEST_ID, id.as_str()));
        let session = self.session.as_deref().map(|session| ("session.id", session));
        let user = self.user.as_deref().map(|user| ("user.id", user));
        [request, session, user].into_iter().flatten()
    }

    /// Adds what a later update says.
    pub(crate) fn merge(&mut self, later: Self) {
        replace(&mut self.client_request_id, later.client_request_id);
        replace(&mut self.session, later.session);
        replace(&mut self.user, later.user);
        replace(&mut self.request_preview, later.request_preview);
        replace(&mut self.response_preview, later.response_preview);
        self.tags.extend(later.tags);
        self.metadata.extend(later.metadata);
    }
}

const MAX_METADATA_CHARS: usize = 250;
const MAX_TAG_CHARS: usize = 4096;
const MAX_PREVIEW_CHARS: usize = 1000;

fn replace<T>(old: &mut Option<T>, new: Option<T>) {
    if new.is_some() {
        *old = new;
    }
}

fn cut(mut text: String, max_chars: usize) -> String {
    if text.len() > max_chars
        && let Some((end, _)) = text.char_indices().nth(max_chars)
    {
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_update_replaces_what_it_says_and_nothing_else() {
        let mut update = TraceUpdate::new().user("ada").session("s-1").metadata("a", "1").metadata("b", "1");
        update.merge(TraceUpdate::new().user("bob").metadata("b", "2"));
        assert_eq!(update, TraceUpdate::new().user("bob").session("s-1").metadata("a", "1").metadata("b", "2"));
    }

    #[test]
    fn a_tag_that_no_store_takes_is_left_out() {
        assert_eq!(TraceUpdate::new().tag("no!", "x").tag("yes", "x"), TraceUpdate::new().tag("yes", "x"));
    }

    #[test]
    fn texts_are_cut_between_characters() {
        let update = TraceUpdate::new().session("é".repeat(300));
        assert_eq!(update.session, Some("é".repeat(250)));
    }
}

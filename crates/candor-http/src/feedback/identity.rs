//! Who gives a verdict, and whether a later one of theirs replaces it.

use axum::http::HeaderMap;
use candor_model::{Source, SourceId, SourceType};

use super::fields::Fields;

/// Header: the user who judges.
pub(crate) const USER_HEADER: &str = "X-User-ID";
/// Header: the conversation or browser session that the verdict is given in.
pub(crate) const SESSION_HEADER: &str = "X-Session-ID";

/// The source id of people of whom nothing is known.
const ANONYMOUS: &str = "anonymous";
/// What the source id of a person known only by session begins with.
const SESSION_PREFIX: &str = "session:";
/// The longest session id, in characters: with the prefix it must fit into a source id.
const MAX_SESSION_CHARS: usize = SourceId::MAX_CHARS - SESSION_PREFIX.len();

/// Who judges.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Author {
    /// Type and id.
    pub(crate) source: Source,
    /// Whether a verdict replaces the last one of the same author; not of people nobody knows.
    pub(crate) supersedes: bool,
    /// The session that the verdict is given in.
    pub(crate) session: Option<String>,
}

impl Author {
    /// A person: by parameter `user_id` or header `X-User-ID`, else by session, else anonymous.
    ///
    /// The session may be a parameter, too: a page that is being left can set no headers.
    pub(crate) fn person(headers: &HeaderMap, fields: &mut Fields) -> Option<Self> {
        let said = user_id(fields, "user_id");
        let in_query = fields.text("session_id").and_then(|text| checked_session(fields, "session_id", text));
        let in_header = session(headers, fields);
        if in_query.is_some() && in_header.is_some() && in_query != in_header {
            return fields.error("session_id", format!("must be the same as the header {SESSION_HEADER}"));
        }
        Self::agreed(headers, fields, "user_id", said, in_query.or(in_header))
    }

    /// Whoever the body's `source` names; a person as above when it names none.
    pub(crate) fn of_body(headers: &HeaderMap, fields: &mut Fields) -> Option<Self> {
        let Some(mut source) = fields.object("source") else {
            let session = session(headers, fields);
            return Self::agreed(headers, fields, "source.id", None, session);
        };
        let source_type = source_type(&mut source, "type");
        let id = user_id(&mut source, "id");
        fields.absorb(source);
        Self::of_type(headers, fields, "source.id", source_type?, id)
    }

    /// Whoever the parameters `source_type`, `source_id` and `user_id` name.
    pub(crate) fn of_query(headers: &HeaderMap, fields: &mut Fields) -> Option<Self> {
        let source_type = source_type(fields, "source_type");
        let by_source = user_id(fields, "source_id");
        let by_user = user_id(fields, "user_id");
        if by_source.is_some() && by_user.is_some() && by_source != by_user {
            return fields.error("user_id", "must be the same as source_id");
        }
        Self::of_type(headers, fields, "source_id", source_type?, by_source.or(by_user))
    }

    fn of_type(
        headers: &HeaderMap,
        fields: &mut Fields,
        field: &str,
        source_type: SourceType,
        id: Option<SourceId>,
    ) -> Option<Self> {
        let session = session(headers, fields);
        if source_type == SourceType::Human {
            return Self::agreed(headers, fields, field, id, session);
        }
        Some(Self { supersedes: id.is_some(), source: Source { source_type, source_id: id }, session })
    }

    /// A person whose id stands in a field, in the header or in both.
    fn agreed(
        headers: &HeaderMap,
        fields: &mut Fields,
        field: &str,
        said: Option<SourceId>,
        session: Option<String>,
    ) -> Option<Self> {
        let in_header = header(headers, fields, USER_HEADER).and_then(|text| checked_id(fields, USER_HEADER, text));
        if let (Some(said), Some(in_header)) = (&said, &in_header)
            && said != in_header
        {
            return fields.error(field, format!("must be the same as the header {USER_HEADER}"));
        }
        let user = said.or(in_header).filter(|id| id.as_str() != ANONYMOUS);
        let (id, supersedes) = match (user, &session) {
            (Some(user), _) => (user, true),
            (None, Some(session)) => (SourceId::new(format!("{SESSION_PREFIX}{session}")).ok()?, true),
            (None, None) => (SourceId::new(ANONYMOUS).ok()?, false),
        };
        Some(Self { source: Source { source_type: SourceType::Human, source_id: Some(id) }, supersedes, session })
    }
}

fn source_type(fields: &mut Fields, name: &str) -> Option<SourceType> {
    let Some(text) = fields.text(name) else { return Some(SourceType::Human) };
    match SourceType::from_name(&text) {
        Some(SourceType::Unspecified) | None => {
            fields.error(name, format!("must be HUMAN, LLM_JUDGE or CODE, got {:?}", super::fields::shortened(&text)))
        }
        known => known,
    }
}

fn user_id(fields: &mut Fields, name: &str) -> Option<SourceId> {
    let text = fields.text(name)?;
    checked_id(fields, name, text)
}

fn checked_id(fields: &mut Fields, name: &str, text: String) -> Option<SourceId> {
    if text.is_empty() {
        return fields.error(name, "must not be empty; leave it out when nobody is known");
    }
    match SourceId::new(text) {
        Ok(id) => Some(id),
        Err(_) => fields.error(name, format!("must be at most {} characters long", SourceId::MAX_CHARS)),
    }
}

fn session(headers: &HeaderMap, fields: &mut Fields) -> Option<String> {
    let text = header(headers, fields, SESSION_HEADER)?;
    checked_session(fields, SESSION_HEADER, text)
}

fn checked_session(fields: &mut Fields, name: &str, text: String) -> Option<String> {
    if text.is_empty() || text.chars().count() > MAX_SESSION_CHARS {
        return fields.error(name, format!("must be 1 to {MAX_SESSION_CHARS} characters long"));
    }
    Some(text)
}

fn header(headers: &HeaderMap, fields: &mut Fields, name: &str) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.any(|other| other != first) {
        return fields.error(name, "must be given once");
    }
    match std::str::from_utf8(first.as_bytes()) {
        Ok(text) => Some(text.trim().to_owned()),
        Err(_) => fields.error(name, "must be UTF-8"),
    }
}

//! From untyped clauses to what they say about traces.

mod typing;

use candor_model::keys;

use crate::syntax::{self, Op, RawClause};
use crate::{AttributeField, Clause, FilterError, NumberField, SpanClause, SpanField, TraceFilter, ValueKind};

pub(crate) use typing::Typing;

const PREFIXES: [&str; 11] = [
    "attribute",
    "attributes",
    "expectation",
    "feedback",
    "issue",
    "metadata",
    "request_metadata",
    "span",
    "tag",
    "tags",
    "trace",
];

const ATTRIBUTES: [&str; 13] = [
    "client_request_id",
    "end_time",
    "end_time_ms",
    "execution_time",
    "execution_time_ms",
    "name",
    "prompt",
    "request_id",
    "run_id",
    "status",
    "timestamp",
    "timestamp_ms",
    "trace.text",
];

impl TraceFilter {
    /// Reads a filter; the empty text matches everything, as no text at all does.
    ///
    /// # Errors
    /// [`FilterError`] says what is wrong, where, and what would be right.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let clauses = syntax::clauses(text)?;
        Ok(Self { clauses: clauses.into_iter().map(|raw| clause(text, raw)).collect::<Result<_, _>>()? })
    }
}

impl std::str::FromStr for TraceFilter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}

fn clause(text: &str, raw: RawClause) -> Result<Clause, FilterError> {
    let typing = Typing { text, raw };
    let key = typing.raw.subject.key.as_str();
    match typing.raw.subject.prefix.as_deref() {
        None | Some("attribute" | "attributes" | "trace") => attribute(&typing, key),
        Some("tag" | "tags") => {
            let test = typing.key_test()?;
            Ok(if key == keys::TRACE_NAME { Clause::Name(test) } else { Clause::Tag { key: key.to_owned(), test } })
        }
        Some("metadata" | "request_metadata") => metadata(&typing, key),
        Some("span") => span(&typing, key).map(Clause::Span),
        Some("feedback") => assessment(&typing, ValueKind::Feedback, key),
        Some("expectation") => assessment(&typing, ValueKind::Expectation, key),
        Some("issue") => issue(&typing, key),
        Some(unknown) => {
            let message = format!("unknown prefix {unknown:?}");
            Err(typing.error(message, &typing.raw.subject.prefix_span).allowing(&PREFIXES))
        }
    }
}

fn attribute(typing: &Typing<'_>, key: &str) -> Result<Clause, FilterError> {
    let number = |field: NumberField| {
        let (op, value) = typing.number_test()?;
        Ok(Clause::Number { field, op, value })
    };
    let text = |field: AttributeField| Ok(Clause::Attribute { field, test: typing.text_test()? });
    match key {
        "timestamp" if typing.raw.subject.is_bare_word => {
            // MLflow's tokenizer takes the bare word for a type's name, which limits what may follow.
            // `timestamp_ms` takes more.
            let clause = number(NumberField::TimestampMs)?;
            typing.integer().map(|_| clause)
        }
        "timestamp" | "timestamp_ms" => number(NumberField::TimestampMs),
        "execution_time" | "execution_time_ms" => number(NumberField::ExecutionTimeMs),
        "end_time" | "end_time_ms" => number(NumberField::EndTimeMs),
        "status" => text(AttributeField::Status),
        "request_id" => text(AttributeField::TraceId),
        "client_request_id" => text(AttributeField::ClientRequestId),
        "name" => Ok(Clause::Name(typing.key_test()?)),
        "run_id" => Ok(Clause::RunId(typing.key_test()?)),
        "prompt" => prompt(typing),
        "text" if typing.raw.subject.is_bare_word => {
            Err(typing.error("text needs its prefix: trace.text", &typing.raw.subject.key_span))
        }
        "text" => Ok(Clause::Span(SpanClause::Content(typing.content_test()?))),
        unknown => {
            let message = match meant_by(unknown) {
                Some(meant) => format!("unknown field {unknown:?}, use {meant}"),
                None => format!("unknown field {unknown:?}"),
            };
            Err(typing.error(message, &typing.raw.subject.key_span).allowing(&ATTRIBUTES))
        }
    }
}

/// What the names that people try first are called.
fn meant_by(field: &str) -> Option<&'static str> {
    Some(match field {
        "trace_id" => "request_id",
        "state" => "status",
        "request_time" => "timestamp_ms",
        "execution_duration" => "execution_time_ms",
        "session" | "session_id" => "metadata.`mlflow.trace.session`",
        "user" | "user_id" => "metadata.`mlflow.trace.user`",
        "model_id" => "metadata.`mlflow.modelId`",
        _ => return None,
    })
}

fn prompt(typing: &Typing<'_>) -> Result<Clause, FilterError> {
    typing.expect_op(&[Op::Eq])?;
    let value = typing.text()?;
    match value.split_once('/') {
        Some((name, version)) if !version.contains('/') => {
            Ok(Clause::Prompt { name: name.to_owned(), version: version.to_owned() })
        }
        _ => Err(typing.error("prompt takes a text of the form 'name/version'", &typing.raw.literal_span)),
    }
}

fn metadata(typing: &Typing<'_>, key: &str) -> Result<Clause, FilterError> {
    if key == keys::TOKEN_USAGE || key == keys::COST {
        // MLflow keeps these as numbers and knows their JSON only as a whole.
        typing.expect_op(&[Op::Eq, Op::Ne, Op::IsNull, Op::IsNotNull])?;
    }
    let test = typing.key_test()?;
    Ok(if key == keys::SOURCE_RUN { Clause::RunId(test) } else { Clause::Metadata { key: key.to_owned(), test } })
}

fn span(typing: &Typing<'_>, key: &str) -> Result<SpanClause, FilterError> {
    let field = match key {
        "content" => return typing.content_test().map(SpanClause::Content),
        "name" => SpanField::Name,
        "type" => SpanField::Type,
        "status" => SpanField::Status,
        other => match other.strip_prefix("attributes.") {
            Some(name) if !name.is_empty() => SpanField::Attribute(name.to_owned()),
            Some(_) => return Err(typing.error("span.attributes needs a key", &typing.raw.subject.key_span)),
            None => {
                let message = format!("unknown field of a span {other:?}");
                let allowed = ["attributes.<key>", "content", "name", "status", "type"];
                return Err(typing.error(message, &typing.raw.subject.key_span).allowing(&allowed));
            }
        },
    };
    Ok(SpanClause::Field { field, test: typing.text_test()? })
}

fn assessment(typing: &Typing<'_>, kind: ValueKind, name: &str) -> Result<Clause, FilterError> {
    let test = typing.assessment_test()?;
    Ok(Clause::Assessment { kind, name: name.to_owned(), test })
}

fn issue(typing: &Typing<'_>, key: &str) -> Result<Clause, FilterError> {
    if key != "id" {
        let message = format!("unknown field of an issue {key:?}");
        return Err(typing.error(message, &typing.raw.subject.key_span).allowing(&["id"]));
    }
    typing.expect_op(&[Op::Eq])?;
    Ok(Clause::Issue { id: typing.text()?.to_owned() })
}

#[cfg(test)]
mod tests;

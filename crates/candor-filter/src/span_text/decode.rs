//! A JSON reader for one kind of text. A general one would round doubles (`serde_json` does unless
//! every crate in the program agrees to its `float_roundtrip`) and would not keep repeated keys.

mod reader;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use candor_model::{AnyValue, Attributes, Span, SpanEvent, SpanKind, SpanLink, SpanStatus, StatusCode, UnixNanos};
use reader::Reader;

use super::{SpanColumns, SpanTextError, encode::kind_name};

const KINDS: [SpanKind; 6] = [
    SpanKind::Unspecified,
    SpanKind::Internal,
    SpanKind::Server,
    SpanKind::Client,
    SpanKind::Producer,
    SpanKind::Consumer,
];

pub(super) fn span(text: &str, columns: SpanColumns) -> Result<Span, SpanTextError> {
    let mut reader = Reader::new(text);
    let SpanColumns { trace_id, span_id, parent_id, start, end } = columns;
    let mut span = Span {
        trace_id,
        span_id,
        parent_id,
        name: String::new(),
        kind: SpanKind::default(),
        start,
        end,
        status: SpanStatus::default(),
        attributes: Attributes::default(),
        events: Vec::new(),
        links: Vec::new(),
    };
    reader.object(|reader, key| {
        match key {
            "name" => span.name = reader.string()?,
            "kind" => span.kind = reader.one_of("the kind of a span", KINDS, kind_name)?,
            "status" => span.status = status(reader)?,
            "attributes" => span.attributes = attributes(reader)?,
            "events" => span.events = list(reader, event)?,
            "links" => span.links = list(reader, link)?,
            _ => return Err(reader.error("a field of a span")),
        }
        Ok(())
    })?;
    reader.end()?;
    Ok(span)
}

pub(super) fn attribute(text: &str, key: &str) -> Result<Option<AnyValue>, SpanTextError> {
    let mut reader = Reader::new(text);
    let mut found = None;
    reader.object(|reader, field| match field {
        "attributes" => reader.object(|reader, name| {
            if unescape(name) != key {
                return reader.skip();
            }
            found = Some(any_value(reader)?);
            Ok(())
        }),
        _ => reader.skip(),
    })?;
    Ok(found)
}

fn status(reader: &mut Reader<'_>) -> Result<SpanStatus, SpanTextError> {
    const CODES: [StatusCode; 3] = [StatusCode::Unset, StatusCode::Ok, StatusCode::Error];
    let mut status = SpanStatus::default();
    reader.object(|reader, key| {
        match key {
            "code" => status.code = reader.one_of("a status code", CODES, StatusCode::as_str)?,
            "message" => status.message = reader.string()?,
            _ => return Err(reader.error("a field of a status")),
        }
        Ok(())
    })?;
    Ok(status)
}

fn event(reader: &mut Reader<'_>) -> Result<SpanEvent, SpanTextError> {
    let mut event = SpanEvent { time: UnixNanos::default(), name: String::new(), attributes: Attributes::default() };
    reader.object(|reader, key| {
        match key {
            "name" => event.name = reader.string()?,
            "time_unix_nano" => event.time = UnixNanos::from_nanos(reader.unsigned()?),
            "attributes" => event.attributes = attributes(reader)?,
            _ => return Err(reader.error("a field of an event")),
        }
        Ok(())
    })?;
    Ok(event)
}

fn link(reader: &mut Reader<'_>) -> Result<SpanLink, SpanTextError> {
    let (mut trace_id, mut span_id, mut linked) = (None, None, Attributes::default());
    reader.object(|reader, key| {
        match key {
            "trace_id" => trace_id = reader.string()?.parse().ok(),
            "span_id" => span_id = reader.string()?.parse().ok(),
            "attributes" => linked = attributes(reader)?,
            _ => return Err(reader.error("a field of a link")),
        }
        Ok(())
    })?;
    match (trace_id, span_id) {
        (Some(trace_id), Some(span_id)) => Ok(SpanLink { trace_id, span_id, attributes: linked }),
        _ => Err(reader.error("a link with two ids")),
    }
}

fn attributes(reader: &mut Reader<'_>) -> Result<Attributes, SpanTextError> {
    let mut pairs = Vec::new();
    reader.object(|reader, key| {
        let key = unescape(key).to_owned();
        pairs.push((key, any_value(reader)?));
        Ok(())
    })?;
    Ok(pairs.into_iter().collect())
}

fn any_value(reader: &mut Reader<'_>) -> Result<AnyValue, SpanTextError> {
    Ok(match reader.peek() {
        Some(b'"') => AnyValue::String(reader.string()?),
        Some(b'[') => AnyValue::Array(list(reader, any_value)?),
        Some(b'{') => return map(reader),
        Some(b't') => reader.word("true").map(|()| AnyValue::Bool(true))?,
        Some(b'f') => reader.word("false").map(|()| AnyValue::Bool(false))?,
        Some(b'n') => reader.word("null").map(|()| AnyValue::Empty)?,
        _ => return number(reader),
    })
}

fn number(reader: &mut Reader<'_>) -> Result<AnyValue, SpanTextError> {
    let text = reader.number_text();
    let is_double = text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'));
    let number = if is_double { text.parse().ok().map(AnyValue::Double) } else { text.parse().ok().map(AnyValue::Int) };
    number.ok_or_else(|| reader.error("a value"))
}

fn map(reader: &mut Reader<'_>) -> Result<AnyValue, SpanTextError> {
    let mut pairs = Vec::new();
    let mut escaped = None;
    reader.object(|reader, key| {
        match key {
            "$double" => {
                let number = reader.string()?.parse().map_err(|_| reader.error("a double"))?;
                escaped = Some(AnyValue::Double(number));
            }
            "$bytes" => {
                let bytes = STANDARD_NO_PAD.decode(reader.string()?).map_err(|_| reader.error("base64"))?;
                escaped = Some(AnyValue::Bytes(bytes));
            }
            key => {
                let key = unescape(key).to_owned();
                pairs.push((key, any_value(reader)?));
            }
        }
        Ok(())
    })?;
    match escaped {
        None => Ok(AnyValue::KvList(pairs)),
        Some(value) if pairs.is_empty() => Ok(value),
        Some(_) => Err(reader.error("one key only in an escaped value")),
    }
}

fn list<T>(
    reader: &mut Reader<'_>,
    read_item: impl Fn(&mut Reader<'_>) -> Result<T, SpanTextError>,
) -> Result<Vec<T>, SpanTextError> {
    let mut items = Vec::new();
    reader.array(|reader| {
        items.push(read_item(reader)?);
        Ok(())
    })?;
    Ok(items)
}

/// Takes back the `$` that was put before a key that begins with one.
fn unescape(key: &str) -> &str {
    match key.strip_prefix('$') {
        Some(rest) if rest.starts_with('$') => rest,
        _ => key,
    }
}

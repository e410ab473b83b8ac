use serde::Deserialize;

use super::values::{finish, literals_for_bytes};
use super::{OtlpError, OtlpResource, OtlpTraces};
use crate::attributes::AttributesRead;
use crate::scalar::absent::{Message, message, messages};
use crate::span::{IdForm, RawSpan};

/// Reads an `ExportTraceServiceRequest` in OTLP's JSON: camelCase names, ids in hex.
///
/// 64-bit integers may be numbers or strings, enums numbers or names; null means absent and what is
/// not known is passed over.
///
/// # Errors
/// Every [`OtlpError`].
pub fn decode_json(body: &[u8]) -> Result<OtlpTraces, OtlpError> {
    let Message(request) = serde_json::from_slice::<Message<Request>>(body).map_err(OtlpError::undecodable)?;
    if request.resource_spans.is_empty() {
        return Err(OtlpError::NoSpans);
    }
    let groups = request.resource_spans.into_iter().map(group).collect::<Result<_, _>>()?;
    Ok(OtlpTraces { groups })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    #[serde(default, deserialize_with = "messages")]
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans {
    #[serde(default, deserialize_with = "message")]
    resource: Option<Resource>,
    #[serde(default, deserialize_with = "messages")]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Deserialize, Default)]
struct Resource {
    #[serde(default)]
    attributes: AttributesRead,
}

#[derive(Deserialize)]
struct ScopeSpans {
    #[serde(default, deserialize_with = "messages")]
    spans: Vec<RawSpan>,
}

fn group(from: ResourceSpans) -> Result<OtlpResource, OtlpError> {
    let mut attributes = from.resource.unwrap_or_default().attributes.0;
    literals_for_bytes(&mut attributes);
    let mut spans = Vec::new();
    for raw in from.scope_spans.into_iter().flat_map(|scope| scope.spans) {
        let mut span = raw.into_span(IdForm::Hex)?;
        literals_for_bytes(&mut span.attributes);
        span.events.iter_mut().for_each(|event| literals_for_bytes(&mut event.attributes));
        span.links.iter_mut().for_each(|link| literals_for_bytes(&mut link.attributes));
        finish(&mut span);
        spans.push(span);
    }
    Ok(OtlpResource { attributes, spans })
}

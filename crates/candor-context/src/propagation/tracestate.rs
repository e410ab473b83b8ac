use std::str::FromStr;

use opentelemetry::trace::TraceState;

use super::{Carrier, HeaderError, HeaderFault, TRACESTATE, joined, malformed};

/// The longest `tracestate` that is passed on, in bytes; W3C asks for that many at least.
pub const MAX_TRACESTATE_BYTES: usize = 512;

/// The most members that a `tracestate` may have.
pub const MAX_TRACESTATE_MEMBERS: usize = 32;

pub(super) fn trace_state(carrier: &dyn Carrier) -> Result<Option<TraceState>, HeaderError> {
    let Some(bytes) = joined(carrier, TRACESTATE, MAX_TRACESTATE_BYTES)? else { return Ok(None) };
    let text = str::from_utf8(&bytes).map_err(|error| malformed(TRACESTATE, error.valid_up_to(), "ASCII"))?;
    let mut members = Vec::new();
    for member in text.split(',') {
        let offset = member.as_ptr().addr() - text.as_ptr().addr();
        let member = member.trim_matches([' ', '\t']);
        if member.is_empty() {
            continue; // W3C allows them
        }
        // OpenTelemetry would take an empty key.
        if member.starts_with('=') || TraceState::from_str(member).is_err() {
            return Err(malformed(TRACESTATE, offset, "a member of the form key=value"));
        }
        members.push(member);
    }
    if members.len() > MAX_TRACESTATE_MEMBERS {
        return Err(HeaderError { header: TRACESTATE, fault: HeaderFault::TooMany { max: MAX_TRACESTATE_MEMBERS } });
    }
    let state = TraceState::from_str(&members.join(","));
    state.map(Some).map_err(|_| malformed(TRACESTATE, 0, "members of the form key=value"))
}

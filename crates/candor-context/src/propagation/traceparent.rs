use candor_model::{SpanId, TraceId};
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceFlags, TraceState};

use super::tracestate::trace_state;
use super::{Carrier, HeaderError, HeaderFault, TRACEPARENT, malformed};

/// The span of another process that a request was made in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteParent {
    trace_id: TraceId,
    span_id: SpanId,
    sampled: bool,
    state: TraceState,
    state_error: Option<HeaderError>,
}

impl RemoteParent {
    /// The trace.
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The span in it.
    pub fn span_id(&self) -> SpanId {
        self.span_id
    }

    /// Whether the caller keeps the trace.
    pub fn is_sampled(&self) -> bool {
        self.sampled
    }

    /// The `tracestate` that came along; empty when there was none, or a malformed one.
    pub fn trace_state(&self) -> String {
        self.state.header()
    }

    /// Why the `tracestate` that came along is not used.
    pub fn trace_state_error(&self) -> Option<&HeaderError> {
        self.state_error.as_ref()
    }

    pub(crate) fn span_context(&self) -> SpanContext {
        SpanContext::new(
            opentelemetry::trace::TraceId::from_bytes(*self.trace_id.as_bytes()),
            opentelemetry::trace::SpanId::from_bytes(*self.span_id.as_bytes()),
            TraceFlags::default().with_sampled(self.sampled),
            true,
            self.state.clone(),
        )
    }

    pub(crate) fn context(&self) -> Context {
        Context::new().with_remote_span_context(self.span_context())
    }
}

/// Reads `traceparent`, and `tracestate` with it.
///
/// A `tracestate` that cannot be read does not invalidate the parent, as W3C has it; see
/// [`RemoteParent::trace_state_error`].
///
/// # Errors
/// [`HeaderError`] for a `traceparent` that is repeated or malformed.
pub fn parent(carrier: &dyn Carrier) -> Result<Option<RemoteParent>, HeaderError> {
    let mut found = None;
    let mut repeated = false;
    carrier.values(TRACEPARENT, &mut |value| {
        repeated |= found.is_some();
        found.get_or_insert_with(|| read(value));
    });
    if repeated {
        return Err(HeaderError { header: TRACEPARENT, fault: HeaderFault::Repeated });
    }
    let Some((trace_id, span_id, flags)) = found.transpose()? else { return Ok(None) };
    let (state, state_error) = match trace_state(carrier) {
        Ok(state) => (state.unwrap_or_default(), None),
        Err(error) => (TraceState::default(), Some(error)),
    };
    Ok(Some(RemoteParent { trace_id, span_id, sampled: flags & 1 == 1, state, state_error }))
}

/// `version "-" trace-id "-" parent-id "-" trace-flags`; later versions may add to the end.
fn read(value: &[u8]) -> Result<(TraceId, SpanId, u8), HeaderError> {
    const DASH: &str = "a dash";
    let fail = |offset, expected| malformed(TRACEPARENT, offset, expected);
    if value.len() > MAX_TRACEPARENT_BYTES {
        return Err(HeaderError { header: TRACEPARENT, fault: HeaderFault::TooLong { max: MAX_TRACEPARENT_BYTES } });
    }
    let [version] = hex::<1>(value, 0).map_err(|offset| fail(offset, "2 lowercase hex digits"))?;
    if version == 0xff {
        return Err(fail(0, "a version other than ff"));
    }
    expect_dash(value, 2).map_err(|offset| fail(offset, DASH))?;
    let trace_id = hex::<16>(value, 3).map_err(|offset| fail(offset, "32 lowercase hex digits"))?;
    if trace_id == [0; 16] {
        return Err(fail(3, "a trace id that is not all zeros"));
    }
    expect_dash(value, 35).map_err(|offset| fail(offset, DASH))?;
    let span_id = hex::<8>(value, 36).map_err(|offset| fail(offset, "16 lowercase hex digits"))?;
    if span_id == [0; 8] {
        return Err(fail(36, "a parent id that is not all zeros"));
    }
    expect_dash(value, 52).map_err(|offset| fail(offset, DASH))?;
    let [flags] = hex::<1>(value, 53).map_err(|offset| fail(offset, "2 lowercase hex digits"))?;
    match value.get(55) {
        None => {}
        Some(_) if version == 0 => return Err(fail(55, "the end")),
        Some(_) => expect_dash(value, 55).map_err(|offset| fail(offset, DASH))?,
    }
    Ok((TraceId::from_bytes(trace_id), SpanId::from_bytes(span_id), flags))
}

/// Far above the 55 bytes of the present version, to leave room for later ones.
const MAX_TRACEPARENT_BYTES: usize = 512;

/// `2 * N` lowercase hex digits from `start` on; else the offset of what is no such digit.
fn hex<const N: usize>(value: &[u8], start: usize) -> Result<[u8; N], usize> {
    let digit = |offset: usize| match value.get(offset) {
        Some(byte @ b'0'..=b'9') => Ok(byte - b'0'),
        Some(byte @ b'a'..=b'f') => Ok(byte - b'a' + 10),
        _ => Err(offset),
    };
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        let offset = start + 2 * index;
        *byte = digit(offset)? << 4 | digit(offset + 1)?;
    }
    Ok(bytes)
}

fn expect_dash(value: &[u8], offset: usize) -> Result<(), usize> {
    if value.get(offset) == Some(&b'-') { Ok(()) } else { Err(offset) }
}

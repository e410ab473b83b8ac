//! How a verdict finds its trace: by whatever id the app has.

use std::fmt;

use candor_model::{ClientRequestId, ExperimentId, Span, SpanId, TraceId, TraceInfo, keys};

use crate::{Result, StoreError};

/// The trace that a verdict is about, by one or more ids that must agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// At least one id.
    pub refs: Vec<TargetRef>,
    /// Where to look; everywhere when `None`. A [`TargetRef::Trace`] is found anywhere.
    pub experiment: Option<ExperimentId>,
}

/// One id that an app may hold of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TargetRef {
    /// The trace's id.
    Trace(TraceId),
    /// The app's own id of the request; the newest trace that carries it is meant.
    ClientRequest(ClientRequestId),
    /// A span's id; the verdict is about that span.
    Span(SpanId),
    /// A conversation of exactly one trace.
    Session(String),
    /// The provider's id of the completion, `gen_ai.response.id` of a span.
    Response(String),
}

impl TargetRef {
    /// The name of the id, as the feedback API spells it.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Trace(_) => "trace_id",
            Self::ClientRequest(_) => "client_request_id",
            Self::Span(_) => "span_id",
            Self::Session(_) => "session_id",
            Self::Response(_) => "response_id",
        }
    }

    /// The id as text.
    pub fn value(&self) -> String {
        match self {
            Self::Trace(id) => id.to_string(),
            Self::ClientRequest(id) => id.to_string(),
            Self::Span(id) => id.to_string(),
            Self::Session(id) | Self::Response(id) => id.clone(),
        }
    }
}

impl fmt::Display for TargetRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.field(), self.value())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, reference) in self.refs.iter().enumerate() {
            let separator = if index > 0 { " and " } else { "" };
            write!(f, "{separator}{reference}")?;
        }
        Ok(())
    }
}

impl From<TraceId> for Target {
    fn from(id: TraceId) -> Self {
        Self { refs: vec![TargetRef::Trace(id)], experiment: None }
    }
}

/// The most traces that a back end need look up for one id.
pub const MAX_CANDIDATES: usize = 10;

/// A trace that carries one of a target's ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetCandidate {
    /// The trace.
    pub trace_id: TraceId,
    /// Its client request id.
    pub client_request_id: Option<ClientRequestId>,
    /// Its session.
    pub session: Option<String>,
}

/// The trace that a verdict goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The trace.
    pub trace_id: TraceId,
    /// The span, when the target named one.
    pub span_id: Option<SpanId>,
}

impl From<&TraceInfo> for TargetCandidate {
    fn from(info: &TraceInfo) -> Self {
        Self {
            trace_id: info.trace_id,
            client_request_id: info.client_request_id.clone(),
            session: info.session().map(str::to_owned),
        }
    }
}

/// Finds the one trace that a target means; `None` while no trace fits.
///
/// `lookup` returns the traces that carry one id, newest first (by request time, then by lower
/// trace id), up to [`MAX_CANDIDATES`]; inside [`Target::experiment`], save for a trace id, which
/// is looked for everywhere.
///
/// # Errors
/// [`StoreError::Invalid`] for a target without ids; [`StoreError::Ambiguous`] when several traces
/// fit (save for a client request id, where the newest is meant) or when the ids belong to
/// different traces; errors of `lookup`.
pub fn resolve(
    target: &Target,
    mut lookup: impl FnMut(&TargetRef) -> Result<Vec<TargetCandidate>>,
) -> Result<Option<Resolved>> {
    if target.refs.is_empty() {
        return Err(StoreError::Invalid { field: "target", reason: "names no trace".to_owned() });
    }
    let span_id = target.refs.iter().find_map(|reference| match reference {
        TargetRef::Span(id) => Some(*id),
        _ => None,
    });
    for reference in &target.refs {
        let candidates = lookup(reference)?;
        if candidates.is_empty() {
            continue;
        }
        let ids: Vec<TraceId> = candidates.iter().map(|candidate| candidate.trace_id).collect();
        let fitting: Vec<TraceId> = candidates
            .iter()
            .filter(|candidate| may_mean(target, candidate))
            .map(|candidate| candidate.trace_id)
            .collect();
        let newest_is_meant = matches!(reference, TargetRef::ClientRequest(_));
        return match fitting.as_slice() {
            [] => Err(StoreError::Ambiguous {
                reason: format!("{target} do not belong to the same trace"),
                candidates: ids,
            }),
            [trace_id, others @ ..] if others.is_empty() || newest_is_meant => {
                Ok(Some(Resolved { trace_id: *trace_id, span_id }))
            }
            _ => Err(StoreError::Ambiguous { reason: format!("{target} fits several traces"), candidates: fitting }),
        };
    }
    Ok(None)
}

/// Whether the target may mean that trace, as far as the trace's info tells.
///
/// Tells a retry from a second use of an assessment's id: the first call settled which trace was
/// meant, and newer traces may carry the same ids by now.
pub fn may_mean(target: &Target, trace: &TargetCandidate) -> bool {
    target.refs.iter().all(|reference| may_carry(trace, reference))
}

/// Every id by which verdicts on hold may have named the trace that just landed.
///
/// `info` is the merged one; `spans` are those that landed with it, or all that are stored when
/// the trace moved to another experiment.
pub fn ids_of<'a>(info: &TraceInfo, spans: impl IntoIterator<Item = &'a Span>) -> Vec<TargetRef> {
    let mut ids = vec![TargetRef::Trace(info.trace_id)];
    ids.extend(info.client_request_id.clone().map(TargetRef::ClientRequest));
    ids.extend(info.session().map(|session| TargetRef::Session(session.to_owned())));
    for span in spans {
        ids.push(TargetRef::Span(span.span_id));
        ids.extend(response_id(span).map(|id| TargetRef::Response(id.to_owned())));
    }
    ids
}

/// The provider's id of the completion that a span made.
pub fn response_id(span: &Span) -> Option<&str> {
    span.attributes.get_str(keys::GEN_AI_RESPONSE_ID)
}

/// Whether the trace may be the one that `reference` means, as far as the trace info tells.
fn may_carry(candidate: &TargetCandidate, reference: &TargetRef) -> bool {
    match reference {
        TargetRef::Trace(id) => candidate.trace_id == *id,
        TargetRef::ClientRequest(id) => candidate.client_request_id.as_ref().is_none_or(|own| own == id),
        TargetRef::Session(id) => candidate.session.as_ref().is_none_or(|own| own == id),
        TargetRef::Span(_) | TargetRef::Response(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(byte: u8, request: Option<&str>) -> TargetCandidate {
        TargetCandidate {
            trace_id: TraceId::from_bytes([byte; 16]),
            client_request_id: request.map(|id| id.parse().unwrap()),
            session: None,
        }
    }

    fn request(id: &str) -> TargetRef {
        TargetRef::ClientRequest(id.parse().unwrap())
    }

    fn resolve_among(refs: Vec<TargetRef>, traces: &[TargetCandidate]) -> Result<Option<Resolved>> {
        resolve(&Target { refs, experiment: None }, |reference| {
            let carries = |candidate: &&TargetCandidate| match reference {
                TargetRef::Trace(id) => candidate.trace_id == *id,
                TargetRef::ClientRequest(id) => candidate.client_request_id.as_ref() == Some(id),
                _ => true,
            };
            Ok(traces.iter().filter(carries).cloned().collect())
        })
    }

    #[test]
    fn the_newest_trace_of_a_client_request_id_is_meant() {
        let traces = [candidate(2, Some("r")), candidate(1, Some("r"))];
        let found = resolve_among(vec![request("r")], &traces).unwrap().unwrap();
        assert_eq!(found.trace_id, traces[0].trace_id);
    }

    #[test]
    fn a_session_of_two_traces_is_ambiguous_and_lists_them() {
        let traces = [candidate(2, None), candidate(1, None)];
        let error = resolve_among(vec![TargetRef::Session("s".into())], &traces).unwrap_err();
        assert!(matches!(error, StoreError::Ambiguous { candidates, .. } if candidates.len() == 2));
    }

    #[test]
    fn ids_of_different_traces_disagree() {
        let traces = [candidate(1, Some("r1")), candidate(2, Some("r2"))];
        let refs = vec![TargetRef::Trace(traces[0].trace_id), request("r2")];
        assert!(matches!(resolve_among(refs, &traces), Err(StoreError::Ambiguous { .. })));
        let unknown_trace = TargetRef::Trace(TraceId::from_bytes([9; 16]));
        assert!(matches!(
            resolve_among(vec![unknown_trace, request("r2")], &traces),
            Err(StoreError::Ambiguous { .. })
        ));
    }

    #[test]
    fn a_trace_that_has_no_client_request_id_yet_agrees_with_any() {
        let traces = [candidate(1, None)];
        let refs = vec![TargetRef::Trace(traces[0].trace_id), request("r")];
        assert_eq!(resolve_among(refs, &traces).unwrap().unwrap().trace_id, traces[0].trace_id);
    }

    #[test]
    fn nothing_found_is_not_an_error() {
        assert_eq!(resolve_among(vec![request("r")], &[]).unwrap(), None);
    }
}

//! Which answer a verdict is about: reads the ids that an app may hold.

use candor_model::{ClientRequestId, ExperimentId, ExperimentName, SpanId, TraceId};
use candor_store::{ExperimentKey, Target, TargetRef};

use super::fields::Fields;

/// The answer that a request is about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Aim {
    /// The ids, not yet confined to an experiment.
    pub(crate) target: Target,
    /// The span that is judged.
    pub(crate) span_id: Option<SpanId>,
    /// The experiment that the request names.
    pub(crate) experiment: Option<ExperimentKey>,
}

impl Aim {
    /// What the guide's routes take: `trace_id`, `client_request_id`, or both.
    pub(crate) fn of_guide(fields: &mut Fields) -> Option<Self> {
        let refs = trace_and_request(fields);
        at_least_one(fields, &refs, "give trace_id or client_request_id");
        Some(Self { target: Target { refs, experiment: None }, span_id: None, experiment: None })
    }

    /// Any ids of the general routes.
    pub(crate) fn of_any(fields: &mut Fields) -> Option<Self> {
        let aim = Self::of_any_or_none(fields);
        let hint = "give trace_id, client_request_id, span_id, session_id or response_id";
        at_least_one(fields, &aim.target.refs, hint);
        Some(aim)
    }

    /// As [`of_any`](Self::of_any), where the ids may be left out.
    pub(crate) fn of_any_or_none(fields: &mut Fields) -> Self {
        let mut refs = trace_and_request(fields);
        refs.extend(text(fields, "session_id").map(TargetRef::Session));
        refs.extend(text(fields, "response_id").map(TargetRef::Response));
        let span_id = fields.parsed("span_id", |text| text.to_ascii_lowercase().parse::<SpanId>());
        // A span id is looked up only when there is nothing else: other ids find the trace for less.
        if refs.is_empty() {
            refs.extend(span_id.map(TargetRef::Span));
        }
        Self { target: Target { refs, experiment: None }, span_id, experiment: experiment(fields) }
    }
}

fn trace_and_request(fields: &mut Fields) -> Vec<TargetRef> {
    let trace = fields.parsed("trace_id", TraceId::parse_lenient).map(TargetRef::Trace);
    let request = fields.parsed("client_request_id", str::parse::<ClientRequestId>).map(TargetRef::ClientRequest);
    trace.into_iter().chain(request).collect()
}

fn at_least_one(fields: &mut Fields, refs: &[TargetRef], hint: &str) {
    if refs.is_empty() && !fields.has_errors() {
        fields.reject("trace_id", format!("is required: {hint}"));
    }
}

/// The longest session id or response id, in characters.
const MAX_ID_CHARS: usize = 250;

fn text(fields: &mut Fields, name: &str) -> Option<String> {
    fields.parsed(name, |text| match text.chars().count() {
        1..=MAX_ID_CHARS => Ok(text.to_owned()),
        _ => Err(format!("must be 1 to {MAX_ID_CHARS} characters long")),
    })
}

/// Reads `experiment` (a name) or `experiment_id`.
pub(crate) fn experiment(fields: &mut Fields) -> Option<ExperimentKey> {
    let name = fields.parsed("experiment", str::parse::<ExperimentName>);
    let id = fields.parsed("experiment_id", str::parse::<ExperimentId>);
    match (name, id) {
        (Some(_), Some(_)) => fields.error("experiment_id", "must not be given together with experiment"),
        (Some(name), None) => Some(ExperimentKey::Name(name)),
        (None, Some(id)) => Some(ExperimentKey::Id(id)),
        (None, None) => None,
    }
}

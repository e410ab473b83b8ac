use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

use crate::{ContextError, Result};

/// Which traces are kept. Ratios are fractions in `0..=1`.
///
/// The ratio chooses by the trace's id, so that services of one ratio choose the same traces.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
#[non_exhaustive]
pub enum Sampling {
    /// Every trace, also below a caller that does not keep it.
    #[default]
    All,
    /// This share of all traces, whatever the caller says.
    Ratio(f64),
    /// The caller's decision; this share of the traces that begin here.
    ParentBased(f64),
    /// As [`ParentBased`](Self::ParentBased), and besides every trace with a verdict or an error.
    ///
    /// Traces that are not chosen wait in a bounded buffer, see
    /// [`hold_for`](crate::TracerBuilder::hold_for) and [`hold_bytes`](crate::TracerBuilder::hold_bytes).
    /// One is kept when a span of it fails, when [`Tracer::keep`](crate::Tracer::keep) is called, when
    /// the store holds a verdict that waits for it, or when another service has kept its part of it.
    FeedbackAware(f64),
}

impl Sampling {
    pub(crate) fn check(self) -> Result<()> {
        match self {
            Self::All => Ok(()),
            Self::Ratio(ratio) | Self::ParentBased(ratio) | Self::FeedbackAware(ratio) => {
                let fits = (0.0..=1.0).contains(&ratio);
                fits.then_some(()).ok_or(ContextError::Setting { field: "sampling", reason: "must be within 0..=1" })
            }
        }
    }

    fn decide(self, parent: Option<&Context>, by_ratio: impl Fn(f64) -> bool) -> SamplingDecision {
        let parent = parent.map(|context| context.span().span_context().clone()).filter(|span| span.is_valid());
        let (ratio, otherwise) = match self {
            Self::All => return SamplingDecision::RecordAndSample,
            Self::Ratio(ratio) | Self::ParentBased(ratio) => (ratio, SamplingDecision::Drop),
            Self::FeedbackAware(ratio) => (ratio, SamplingDecision::RecordOnly),
        };
        let is_chosen = match parent {
            Some(parent) if !matches!(self, Self::Ratio(_)) => parent.is_sampled(),
            _ => by_ratio(ratio),
        };
        if is_chosen { SamplingDecision::RecordAndSample } else { otherwise }
    }
}

/// The decision as OpenTelemetry's SDK asks for it.
#[derive(Clone, Debug)]
pub(crate) struct Decider(pub(crate) Sampling);

impl ShouldSample for Decider {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let by_ratio = |ratio| {
            let sampler = Sampler::TraceIdRatioBased(ratio);
            let result = sampler.should_sample(None, trace_id, name, kind, attributes, links);
            result.decision == SamplingDecision::RecordAndSample
        };
        SamplingResult {
            decision: self.0.decide(parent, by_ratio),
            attributes: Vec::new(),
            trace_state: parent.map(|context| context.span().span_context().trace_state().clone()).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceState};

    use super::*;

    fn parent(sampled: bool) -> Context {
        let flags = TraceFlags::default().with_sampled(sampled);
        let span = SpanContext::new(TraceId::from(1_u128), SpanId::from(1_u64), flags, true, TraceState::default());
        Context::new().with_remote_span_context(span)
    }

    #[test]
    fn the_callers_decision_counts_where_it_should() {
        use SamplingDecision::{Drop, RecordAndSample, RecordOnly};
        for (sampling, below_sampled, below_unsampled, root) in [
            (Sampling::All, RecordAndSample, RecordAndSample, RecordAndSample),
            (Sampling::Ratio(0.0), Drop, Drop, Drop),
            (Sampling::Ratio(1.0), RecordAndSample, RecordAndSample, RecordAndSample),
            (Sampling::ParentBased(0.0), RecordAndSample, Drop, Drop),
            (Sampling::ParentBased(1.0), RecordAndSample, Drop, RecordAndSample),
            (Sampling::FeedbackAware(0.0), RecordAndSample, RecordOnly, RecordOnly),
        ] {
            let decide = |parent: Option<&Context>| {
                let id = TraceId::from(7_u128 << 64 | 7);
                Decider(sampling).should_sample(parent, id, "", &SpanKind::Internal, &[], &[]).decision
            };
            assert_eq!(decide(Some(&parent(true))), below_sampled, "{sampling:?}");
            assert_eq!(decide(Some(&parent(false))), below_unsampled, "{sampling:?}");
            assert_eq!(decide(None), root, "{sampling:?}");
            assert_eq!(decide(Some(&Context::new())), root, "{sampling:?}");
        }
    }

    #[test]
    fn a_ratio_beyond_one_is_refused() {
        for ratio in [-0.1, 1.1, f64::NAN] {
            assert!(Sampling::FeedbackAware(ratio).check().is_err());
        }
    }
}

//! Evaluation: the reference that every back end's compiled filter must agree with.

use candor_model::{Assessment, AssessmentBody, Span, UnixNanos, keys};

use crate::{
    AssessmentTest, AttributeField, Candidate, Clause, CompareOp, Inequality, KeyTest, Number, NumberField, SpanClause,
    SpanField, SpanRow, SpanTextError, SpanView, TextMatch, TextTest, TraceFilter, ValueKind, ValueText,
    attribute_in_text, attribute_text,
};

impl TraceFilter {
    /// How long before the lower bound on the timestamp a span may start and still be searched.
    pub const SPAN_TOLERANCE_MS: i64 = 10_000;

    /// Whether the trace fulfils all clauses.
    pub fn matches(&self, candidate: &Candidate<'_>) -> bool {
        self.clauses.iter().all(|clause| candidate.fulfils(clause)) && self.some_span_matches(candidate.spans)
    }

    /// The earliest start of a span that span clauses consider; `None` when all are considered.
    ///
    /// MLflow's rule: when a filter demands `timestamp > t` or `>= t`, spans that start before
    /// `t` - 10 s are not searched, even if a trace has such.
    pub fn earliest_span_start(&self) -> Option<UnixNanos> {
        let lower_bounds = self.clauses.iter().filter_map(|clause| match clause {
            Clause::Number {
                field: NumberField::TimestampMs,
                op: CompareOp::Order(Inequality::Gt | Inequality::Ge),
                value,
            } => Some(span_bound(*value)),
            _ => None,
        });
        lower_bounds.max()
    }

    fn some_span_matches(&self, spans: &[SpanView<'_>]) -> bool {
        if !self.needs_spans() {
            return true;
        }
        let earliest = self.earliest_span_start().unwrap_or_default();
        spans.iter().filter(|view| view.span().start >= earliest).any(|view| {
            self.clauses.iter().all(|clause| match clause {
                Clause::Span(clause) => clause.matches(view),
                _ => true,
            })
        })
    }
}

impl SpanClause {
    /// Whether this span fulfils it.
    pub fn matches(&self, view: &SpanView<'_>) -> bool {
        match self {
            Self::Field { field, test } => field.fulfils(view.span(), test),
            Self::Content(test) => test.matches(view.text()),
        }
    }

    /// Whether a span fulfils it that is read no further than that takes.
    ///
    /// # Errors
    /// [`SpanTextError`] when an attribute is asked for and the row's text is no span's.
    pub fn matches_row(&self, row: &SpanRow<'_>) -> Result<bool, SpanTextError> {
        Ok(match self {
            Self::Field { field: SpanField::Name, test } => test.matches(Some(row.name)),
            Self::Field { field: SpanField::Type, test } => test.matches(row.span_type),
            Self::Field { field: SpanField::Status, test } => test.matches(Some(row.status)),
            Self::Field { field: SpanField::Attribute(key), test } => {
                attribute_in_text(row.text, key)?.is_some_and(|value| test.matches(Some(&attribute_text(&value))))
            }
            Self::Content(test) => test.matches(row.text),
        })
    }
}

impl SpanField {
    fn fulfils(&self, span: &Span, test: &TextTest) -> bool {
        match self {
            Self::Name => test.matches(Some(&span.name)),
            Self::Type => test.matches(span.span_type()),
            Self::Status => test.matches(Some(span.status.code.as_str())),
            Self::Attribute(key) => {
                span.attributes.get(key).is_some_and(|value| test.matches(Some(&attribute_text(value))))
            }
        }
    }
}

impl Candidate<'_> {
    fn fulfils(&self, clause: &Clause) -> bool {
        let info = self.info;
        match clause {
            Clause::Number { field, op, value } => self
                .number(*field)
                .and_then(|number| value.compare_to(number))
                .is_some_and(|ordering| op.accepts(ordering)),
            Clause::Attribute { field: AttributeField::Status, test } => test.matches(Some(info.state.as_str())),
            Clause::Attribute { field: AttributeField::TraceId, test } => {
                test.matches(Some(&info.trace_id.to_string()))
            }
            Clause::Attribute { field: AttributeField::ClientRequestId, test } => {
                test.matches(info.client_request_id.as_ref().map(|id| id.as_str()))
            }
            Clause::Name(test) => test.matches(info.name()),
            Clause::RunId(test) => {
                let linked = |run: &String| matches!(test, KeyTest::Match(TextMatch::Eq(wanted)) if wanted == run);
                test.matches(info.metadata.get(keys::SOURCE_RUN).map(String::as_str))
                    || self.linked_runs.iter().any(linked)
            }
            Clause::Tag { key, test } => test.matches(info.tags.get(key).map(String::as_str)),
            Clause::Metadata { key, test } => test.matches(info.metadata.get(key).map(String::as_str)),
            Clause::Prompt { name, version } => {
                self.linked_prompts.iter().any(|link| link.split_once('/') == Some((name.as_str(), version.as_str())))
            }
            // All of them at once, since they must hold for the same span.
            Clause::Span(_) => true,
            Clause::Assessment { kind, name, test } => self.assessment_fulfils(*kind, name, test),
            Clause::Issue { id } => info.assessments.iter().any(|assessment| {
                matches!(assessment.body, AssessmentBody::Issue { .. }) && assessment.name.as_str() == id
            }),
        }
    }

    fn number(&self, field: NumberField) -> Option<i64> {
        match field {
            NumberField::TimestampMs => Some(self.info.request_time.as_millis()),
            NumberField::ExecutionTimeMs => self.info.execution_duration.map(|duration| duration.as_millis()),
            NumberField::EndTimeMs => Some(self.info.end_time().as_millis()),
        }
    }

    fn assessment_fulfils(&self, kind: ValueKind, name: &str, test: &AssessmentTest) -> bool {
        let mut own_and_shared = self.info.assessments.iter().chain(self.shared_assessments());
        let named = |assessment: &&Assessment| {
            let of_kind = match assessment.body {
                AssessmentBody::Feedback(_) => kind == ValueKind::Feedback,
                AssessmentBody::Expectation(_) => kind == ValueKind::Expectation,
                AssessmentBody::Issue { .. } => false,
            };
            of_kind && assessment.valid && assessment.name.as_str() == name
        };
        match test {
            AssessmentTest::IsNull { negated } => own_and_shared.any(|assessment| named(&assessment)) == *negated,
            AssessmentTest::Match(comparison) => own_and_shared
                .filter(named)
                .filter_map(|assessment| assessment.body.value())
                .any(|value| ValueText::of(value).matches(comparison)),
            AssessmentTest::Number { op, value: bound } => own_and_shared
                .filter(named)
                .filter_map(|assessment| assessment.body.value()?.as_f64()?.partial_cmp(&bound.as_f64()))
                .any(|ordering| op.accepts(ordering)),
        }
    }

    fn shared_assessments(&self) -> impl Iterator<Item = &Assessment> {
        let in_session = self.info.session().is_some();
        let shared = self.session_assessments.iter().copied();
        shared.filter(move |assessment| in_session && assessment.metadata.contains_key(keys::SESSION))
    }
}

/// Held at the ends of the range; a fraction of a millisecond keeps its nanoseconds.
fn span_bound(timestamp_ms: Number) -> UnixNanos {
    let nanos = match timestamp_ms {
        Number::Int(ms) => {
            let ms = ms.saturating_sub(TraceFilter::SPAN_TOLERANCE_MS);
            u64::try_from(ms).unwrap_or(0).saturating_mul(1_000_000)
        }
        // A float beyond the range is cast to its nearest end.
        Number::Float(ms) => ((ms - TraceFilter::SPAN_TOLERANCE_MS as f64) * 1e6) as u64,
    };
    UnixNanos::from_nanos(nanos)
}

#[cfg(test)]
mod tests;

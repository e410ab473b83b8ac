use std::borrow::Cow;

use candor_model::keys;

use crate::SpanRef;

/// What an evaluation made of an answer, to be put on a span as an event.
///
/// It is OpenTelemetry's `gen_ai.evaluation.result`; Candor's exporter and server read it as feedback
/// on the span.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Evaluation {
    pairs: Vec<(&'static str, Text)>,
    score: Option<f64>,
}

type Text = Cow<'static, str>;

impl Evaluation {
    /// A score, for what is evaluated, e.g. `relevance`.
    pub fn score(name: impl Into<Text>, score: f64) -> Self {
        Self { pairs: vec![(keys::EVALUATION_NAME, name.into())], score: Some(score) }
    }

    /// A word instead of a score, e.g. `pass`.
    pub fn label(name: impl Into<Text>, label: impl Into<Text>) -> Self {
        let pairs = vec![(keys::EVALUATION_NAME, name.into()), (keys::EVALUATION_LABEL, label.into())];
        Self { pairs, score: None }
    }

    /// An evaluation that gave no result; `error_type` says why, e.g. `timeout`.
    pub fn failed(name: impl Into<Text>, error_type: impl Into<Text>) -> Self {
        let pairs = vec![(keys::EVALUATION_NAME, name.into()), (keys::ERROR_TYPE, error_type.into())];
        Self { pairs, score: None }
    }

    /// Why, in words.
    pub fn explanation(self, text: impl Into<Text>) -> Self {
        self.with(keys::EVALUATION_EXPLANATION, text)
    }

    /// The model that judged; without one it counts as a program's verdict.
    pub fn judged_by(self, model: impl Into<Text>) -> Self {
        self.with(keys::EVALUATION_MODEL, model)
    }

    /// The completion that is judged, by its `gen_ai.response.id`, instead of the span.
    pub fn of_response(self, id: impl Into<Text>) -> Self {
        self.with(keys::GEN_AI_RESPONSE_ID, id)
    }

    fn with(mut self, key: &'static str, value: impl Into<Text>) -> Self {
        self.pairs.push((key, value.into()));
        self
    }
}

impl SpanRef {
    /// Puts what an evaluation found on the span.
    pub fn add_evaluation(&self, evaluation: Evaluation) {
        let score = evaluation.score.map(|score| (keys::EVALUATION_SCORE, serde_json::Value::from(score)));
        let pairs = evaluation.pairs.into_iter();
        let pairs = pairs.map(|(key, text)| (key, serde_json::Value::String(text.into_owned())));
        self.add_event(keys::EVALUATION_RESULT, pairs.chain(score));
    }
}

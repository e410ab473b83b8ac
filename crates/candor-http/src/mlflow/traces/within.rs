use candor_model::{ExperimentId, TraceInfo};
use serde::{Deserialize, Deserializer};

/// A request that may be restricted to some experiments.
#[derive(Debug, Deserialize)]
pub(in crate::mlflow) struct Within<T> {
    #[serde(flatten)]
    pub(super) request: T,
    #[serde(default, rename = "experiment_ids", alias = "experimentIds")]
    pub(super) experiments: Experiments,
}

/// The experiments that count; all when `None`, none when empty.
#[derive(Debug, Default)]
pub(super) struct Experiments(Option<Vec<ExperimentId>>);

impl Experiments {
    pub(super) fn contain(&self, info: &TraceInfo) -> bool {
        self.0.as_ref().is_none_or(|ids| ids.contains(&info.experiment_id))
    }
}

impl<'de> Deserialize<'de> for Experiments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// A field of a query string is a text when it comes once, and a list when it is repeated.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Texts {
            One(String),
            Many(Vec<String>),
        }

        let texts = match Option::deserialize(deserializer)? {
            None => return Ok(Self(None)),
            Some(Texts::One(text)) => vec![text],
            Some(Texts::Many(texts)) => texts,
        };
        let parse = |text: String| {
            let message = format!("Invalid experiment ID '{text}'. Experiment ID must be a valid integer.");
            text.parse().map_err(|_| serde::de::Error::custom(message))
        };
        texts.into_iter().map(parse).collect::<Result<_, _>>().map(Some).map(Self)
    }
}

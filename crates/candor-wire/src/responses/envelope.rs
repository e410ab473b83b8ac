use std::borrow::Borrow;

use candor_model::{Assessment, Experiment, Trace, TraceInfo};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::scalar::absent::required;
use crate::{AssessmentJson, ExperimentJson, TraceInfoJson, TraceJson};

macro_rules! envelope {
    ($(#[$doc:meta])* $vis:vis $name:ident { $key:ident: $json:ident<$model:ident> }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        $vis struct $name<T>($vis T);

        impl<T: Borrow<$model>> Serialize for $name<T> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(stringify!($key), &$json(self.0.borrow()))?;
                map.end()
            }
        }

        impl<'de> Deserialize<'de> for $name<$model> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(Deserialize)]
                struct Read {
                    #[serde(deserialize_with = "required")]
                    $key: $json<$model>,
                }

                Read::deserialize(deserializer).map(|read| Self(read.$key.0))
            }
        }
    };
}
envelope!(
    /// `{"assessment": ..}`.
    pub AssessmentEnvelope { assessment: AssessmentJson<Assessment> }
);
envelope!(
    /// `{"experiment": ..}`.
    pub ExperimentEnvelope { experiment: ExperimentJson<Experiment> }
);
envelope!(
    /// `{"trace": {"trace_info": .., "spans": [..]}}`.
    pub TraceEnvelope { trace: TraceJson<Trace> }
);
envelope!(
    /// `{"trace_info": ..}`, the inner half of [`TraceInfoEnvelope`].
    Inner { trace_info: TraceInfoJson<TraceInfo> }
);

/// `{"trace": {"trace_info": ..}}`; also the request that starts a trace, as clients write it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceInfoEnvelope<T>(pub T);

impl<T: Borrow<TraceInfo>> Serialize for TraceInfoEnvelope<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("trace", &Inner(self.0.borrow()))?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for TraceInfoEnvelope<TraceInfo> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Read {
            #[serde(deserialize_with = "required")]
            trace: Inner<TraceInfo>,
        }

        Read::deserialize(deserializer).map(|read| Self(read.trace.0))
    }
}

use candor_model::{Experiment, Trace, TraceInfo};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Seq;
use crate::scalar::absent::messages;
use crate::scalar::text;
use crate::{ExperimentJson, TraceInfoJson, TraceJson};

macro_rules! list {
    ($(#[$doc:meta])* $name:ident { $key:ident: $json:ident<$model:ident> }) => {
        $(#[$doc])*
        ///
        /// Written from anything that is a slice, read as a `Vec`.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name<S>(pub S);

        impl<L: AsRef<[$model]>> Serialize for $name<L> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let items = self.0.as_ref();
                let mut map = serializer.serialize_map(None)?;
                if !items.is_empty() {
                    map.serialize_entry(stringify!($key), &Seq(items.iter().map($json)))?;
                }
                map.end()
            }
        }

        impl<'de> Deserialize<'de> for $name<Vec<$model>> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(Deserialize)]
                struct Read {
                    #[serde(default, deserialize_with = "messages")]
                    $key: Vec<$json<$model>>,
                }

                let read = Read::deserialize(deserializer)?;
                Ok(Self(read.$key.into_iter().map(|$json(item)| item).collect()))
            }
        }
    };
}
list!(
    /// `{"traces": [{"trace_info": .., "spans": [..]}]}`: the answer to a batch of reads.
    TraceList { traces: TraceJson<Trace> }
);
list!(
    /// `{"trace_infos": [..]}`: the answer to a batch of reads without spans.
    TraceInfoList { trace_infos: TraceInfoJson<TraceInfo> }
);

macro_rules! page {
    ($(#[$doc:meta])* $name:ident { $key:ident: $json:ident<$model:ident> }) => {
        $(#[$doc])*
        ///
        /// Written from anything that is a slice, read as a `Vec`.
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name<S> {
            /// The items, in the order asked for.
            pub $key: S,
            /// Asks for the next page; `None` when this is the last.
            pub next_page_token: Option<String>,
        }

        impl<L: AsRef<[$model]>> Serialize for $name<L> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let items = self.$key.as_ref();
                let mut map = serializer.serialize_map(None)?;
                if !items.is_empty() {
                    map.serialize_entry(stringify!($key), &Seq(items.iter().map($json)))?;
                }
                if let Some(token) = &self.next_page_token {
                    map.serialize_entry("next_page_token", token)?;
                }
                map.end()
            }
        }

        impl<'de> Deserialize<'de> for $name<Vec<$model>> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(Deserialize)]
                struct Read {
                    #[serde(default, deserialize_with = "messages")]
                    $key: Vec<$json<$model>>,
                    #[serde(default, alias = "nextPageToken", deserialize_with = "text::option::deserialize")]
                    next_page_token: Option<String>,
                }

                let Read { $key, next_page_token } = Read::deserialize(deserializer)?;
                Ok(Self { $key: $key.into_iter().map(|$json(item)| item).collect(), next_page_token })
            }
        }
    };
}
page!(
    /// `{"traces": [..], "next_page_token": ..}`: found traces, whose elements are trace infos directly.
    TracePage { traces: TraceInfoJson<TraceInfo> }
);
page!(
    /// `{"experiments": [..], "next_page_token": ..}`: found experiments.
    ExperimentPage { experiments: ExperimentJson<Experiment> }
);

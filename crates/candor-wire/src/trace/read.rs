use std::collections::BTreeMap;
use std::fmt;

use candor_model::{ClientRequestId, DurationMs, TimestampMs, TraceId, TraceInfo, TraceState};
use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserialize, Deserializer};

use super::RawLocation;
use crate::scalar::absent::{messages, or_default, required};
use crate::scalar::{duration, text, timestamp};

/// Trace info as anybody sends it, with assessments of one kind or another.
#[derive(Deserialize)]
#[serde(bound = "A: DeserializeOwned")]
pub(crate) struct RawTraceInfo<A> {
    #[serde(alias = "traceId", deserialize_with = "text::deserialize")]
    trace_id: TraceId,
    #[serde(default, alias = "clientRequestId", deserialize_with = "text::option::deserialize")]
    client_request_id: Option<ClientRequestId>,
    #[serde(alias = "traceLocation", deserialize_with = "required")]
    trace_location: RawLocation,
    #[serde(default, alias = "requestTime", with = "timestamp::option")]
    request_time: Option<TimestampMs>,
    #[serde(default, alias = "executionDuration", with = "duration::option")]
    execution_duration: Option<DurationMs>,
    #[serde(default, deserialize_with = "state")]
    state: TraceState,
    #[serde(default, alias = "traceMetadata", deserialize_with = "or_default")]
    trace_metadata: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "or_default")]
    tags: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "messages")]
    pub(crate) assessments: Vec<A>,
    #[serde(default, alias = "requestPreview")]
    request_preview: Option<String>,
    #[serde(default, alias = "responsePreview")]
    response_preview: Option<String>,
}

impl<A> RawTraceInfo<A> {
    /// The trace info without its assessments.
    pub(crate) fn into_info(self) -> Result<TraceInfo, String> {
        Ok(TraceInfo {
            client_request_id: self.client_request_id,
            execution_duration: self.execution_duration,
            state: self.state,
            request_preview: self.request_preview,
            response_preview: self.response_preview,
            metadata: self.trace_metadata,
            tags: self.tags,
            ..TraceInfo::new(
                self.trace_id,
                self.trace_location.into_experiment()?,
                self.request_time.unwrap_or_default(),
            )
        })
    }
}

/// A state by name or number; unknown ones count as unspecified.
fn state<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TraceState, D::Error> {
    struct StateVisitor;

    impl Visitor<'_> for StateVisitor {
        type Value = TraceState;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a trace state such as OK")
        }

        fn visit_str<E>(self, name: &str) -> Result<TraceState, E> {
            Ok(TraceState::from_name(name).unwrap_or_default())
        }

        fn visit_u64<E>(self, number: u64) -> Result<TraceState, E> {
            Ok(match number {
                1 => TraceState::Ok,
                2 => TraceState::Error,
                3 => TraceState::InProgress,
                _ => TraceState::Unspecified,
            })
        }

        fn visit_unit<E>(self) -> Result<TraceState, E> {
            Ok(TraceState::Unspecified)
        }
    }

    deserializer.deserialize_any(StateVisitor)
}

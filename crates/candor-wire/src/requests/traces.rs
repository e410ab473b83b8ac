use candor_model::{AssessmentId, ExperimentId, TimestampMs, TraceId, TraceInfo};
use serde::{Deserialize, Deserializer, Serialize};

use crate::assessment::AssessmentInput;
use crate::scalar::absent::{required, required_messages};
use crate::scalar::{number, query, text};
use crate::trace::RawTraceInfo;
use crate::{AnyId, WireError};

/// Logs a trace's info. Clients write it as [`TraceInfoEnvelope`](crate::responses::TraceInfoEnvelope).
#[derive(Clone, Debug, PartialEq)]
pub struct StartTrace {
    /// What is known of the trace, assessments left out.
    pub info: TraceInfo,
    /// The verdicts that came along, mostly without ids.
    pub assessments: Vec<AssessmentInput>,
}

impl StartTrace {
    /// The trace info with its assessments, each given an id and a time where it has none.
    ///
    /// # Errors
    /// [`WireError::Field`] when an assessment overrides an id that none can have.
    pub fn into_info(
        self,
        mut fresh_id: impl FnMut() -> AssessmentId,
        now: TimestampMs,
    ) -> Result<TraceInfo, WireError> {
        let Self { mut info, assessments } = self;
        info.assessments = assessments
            .into_iter()
            .map(|assessment| {
                let id = assessment.assessment_id.unwrap_or_else(&mut fresh_id);
                assessment.into_assessment(id, info.trace_id, now)
            })
            .collect::<Result<_, _>>()?;
        Ok(info)
    }
}

impl<'de> Deserialize<'de> for StartTrace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Read {
            #[serde(deserialize_with = "required")]
            trace: Inner,
        }

        #[derive(Deserialize)]
        struct Inner {
            #[serde(alias = "traceInfo", deserialize_with = "required")]
            trace_info: Started,
        }

        struct Started(StartTrace);

        impl<'de> Deserialize<'de> for Started {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut raw = RawTraceInfo::deserialize(deserializer)?;
                let assessments = std::mem::take(&mut raw.assessments);
                let info = raw.into_info().map_err(serde::de::Error::custom)?;
                Ok(Self(StartTrace { info, assessments }))
            }
        }

        Read::deserialize(deserializer).map(|read| read.trace.trace_info.0)
    }
}

/// Reads a trace with its spans, by query string.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetTrace {
    /// The trace.
    #[serde(alias = "traceId", with = "text")]
    pub trace_id: AnyId<TraceId>,
    /// Whether a trace is wanted whose spans have not all arrived.
    #[serde(default, alias = "allowPartial", deserialize_with = "query::flag")]
    pub allow_partial: bool,
}

/// Reads traces with their spans, by query string.
///
/// Ids that no trace can have are passed over, like those of unknown traces; of an id that is
/// repeated the last is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchGetTraces {
    /// The traces.
    #[serde(alias = "traceIds", serialize_with = "texts", deserialize_with = "known_ids")]
    pub trace_ids: Vec<TraceId>,
}

/// Reads traces without their spans; the rules of [`BatchGetTraces`] hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchGetInfos {
    /// The traces.
    #[serde(alias = "traceIds", serialize_with = "texts", deserialize_with = "known_ids")]
    pub trace_ids: Vec<TraceId>,
}

/// Deletes traces of an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawDeleteTraces", into = "RawDeleteTraces")]
pub enum DeleteTraces {
    /// These; ids that no trace can have are passed over.
    Ids {
        /// The experiment.
        experiment_id: ExperimentId,
        /// The traces.
        trace_ids: Vec<TraceId>,
    },
    /// All up to a request time, oldest first.
    Until {
        /// The experiment.
        experiment_id: ExperimentId,
        /// The last request time that is deleted.
        max_timestamp: TimestampMs,
        /// How many at most.
        max_traces: Option<u32>,
    },
}

#[derive(Serialize, Deserialize)]
struct RawDeleteTraces {
    #[serde(alias = "experimentId", with = "text::experiment_id")]
    experiment_id: ExperimentId,
    #[serde(default, alias = "requestIds", skip_serializing_if = "Option::is_none")]
    request_ids: Option<Vec<String>>,
    #[serde(
        default,
        alias = "maxTimestampMillis",
        deserialize_with = "number::optional",
        skip_serializing_if = "Option::is_none"
    )]
    max_timestamp_millis: Option<i64>,
    #[serde(
        default,
        alias = "maxTraces",
        deserialize_with = "number::optional",
        skip_serializing_if = "Option::is_none"
    )]
    max_traces: Option<i64>,
}

impl TryFrom<RawDeleteTraces> for DeleteTraces {
    type Error = String;

    fn try_from(raw: RawDeleteTraces) -> Result<Self, String> {
        let RawDeleteTraces { experiment_id, request_ids, max_timestamp_millis, max_traces } = raw;
        let ids = request_ids.unwrap_or_default();
        match (max_timestamp_millis, ids.is_empty()) {
            (None, true) => Err("Either `max_timestamp_millis` or `trace_ids` must be specified.".to_owned()),
            (Some(_), false) => Err("Only one of `max_timestamp_millis` and `trace_ids` can be specified.".to_owned()),
            (None, false) if max_traces.is_some() => {
                Err("`max_traces` can't be specified if `trace_ids` is specified.".to_owned())
            }
            (None, false) => Ok(Self::Ids { experiment_id, trace_ids: last_occurrences(&ids) }),
            (Some(ms), true) => {
                let max_traces = max_traces.map(|max| match u32::try_from(max) {
                    Ok(max) if max > 0 => Ok(max),
                    _ => Err(format!("`max_traces` must be a positive integer, received {max}.")),
                });
                let max_timestamp = TimestampMs::from_millis(ms);
                Ok(Self::Until { experiment_id, max_timestamp, max_traces: max_traces.transpose()? })
            }
        }
    }
}

impl From<DeleteTraces> for RawDeleteTraces {
    fn from(request: DeleteTraces) -> Self {
        match request {
            DeleteTraces::Ids { experiment_id, trace_ids } => Self {
                experiment_id,
                request_ids: Some(trace_ids.iter().map(TraceId::to_string).collect()),
                max_timestamp_millis: None,
                max_traces: None,
            },
            DeleteTraces::Until { experiment_id, max_timestamp, max_traces } => Self {
                experiment_id,
                request_ids: None,
                max_timestamp_millis: Some(max_timestamp.as_millis()),
                max_traces: max_traces.map(i64::from),
            },
        }
    }
}

/// Ties traces to a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkToRun {
    /// The traces, at most 100; ids that no trace can have are passed over.
    #[serde(alias = "traceIds", serialize_with = "texts", deserialize_with = "linked_ids")]
    pub trace_ids: Vec<TraceId>,
    /// The run; not checked.
    #[serde(alias = "runId", with = "text")]
    pub run_id: String,
}

/// Ties a trace to versions of prompts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkPrompts {
    /// The trace.
    #[serde(alias = "traceId", with = "text")]
    pub trace_id: AnyId<TraceId>,
    /// The prompts.
    #[serde(alias = "promptVersions", deserialize_with = "required_messages")]
    pub prompt_versions: Vec<PromptVersion>,
}

/// A version of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptVersion {
    /// The prompt's name.
    #[serde(with = "text")]
    pub name: String,
    /// The version, e.g. `3`.
    #[serde(with = "text")]
    pub version: String,
}

fn texts<S: serde::Serializer>(ids: &[TraceId], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(ids.iter().map(TraceId::to_string))
}

fn known_ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<TraceId>, D::Error> {
    query::required_strings(deserializer).map(|ids| last_occurrences(&ids))
}

fn linked_ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<TraceId>, D::Error> {
    const MAX: usize = 100;
    let ids = query::required_strings(deserializer)?;
    if ids.len() > MAX {
        return Err(serde::de::Error::custom(format_args!(
            "Cannot link more than {MAX} traces to a run in a single request. Provided {} traces.",
            ids.len()
        )));
    }
    Ok(last_occurrences(&ids))
}

/// The ids that a trace can have, each once, in the order of their last occurrence.
fn last_occurrences(ids: &[String]) -> Vec<TraceId> {
    let mut seen = std::collections::HashSet::new();
    let mut kept: Vec<TraceId> =
        ids.iter().rev().filter_map(|id| id.parse().ok()).filter(|id| seen.insert(*id)).collect();
    kept.reverse();
    kept
}

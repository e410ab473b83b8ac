//! Traces as rows.

pub(crate) mod change;
pub(crate) mod judged;
pub(crate) mod read;
pub(crate) mod rows;
pub(crate) mod spans;

use candor_model::TraceInfo;
use uuid::Uuid;

use crate::convert::{month, trace_uuid};
use crate::text::kept;

/// What everything that hangs on a trace repeats of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) trace: Uuid,
    pub(crate) month: i32,
    pub(crate) experiment: i64,
    pub(crate) request_ms: i64,
    pub(crate) session: Option<String>,
}

impl From<&TraceInfo> for Place {
    fn from(info: &TraceInfo) -> Self {
        Self {
            trace: trace_uuid(info.trace_id),
            month: month(info.request_time),
            experiment: info.experiment_id.get(),
            request_ms: info.request_time.as_millis(),
            session: info.session().map(|session| kept(session).into_owned()),
        }
    }
}

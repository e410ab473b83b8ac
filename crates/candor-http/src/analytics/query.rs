//! The parameters that all routes take.

use axum::http::Uri;
use candor_analytics::{AnalyticsError, ReportOptions, experiment_named};
use candor_model::{ExperimentId, SourceType, TimestampMs};
use candor_store::{ExperimentKey, Missing, StoreError, TimeAxis};
use candor_wire::scalar::{format_timestamp, parse_timestamp};
use serde::Serialize;

use crate::ApiState;
use crate::feedback::fields::{Fields, shortened};
use crate::feedback::target::experiment;
use crate::problem::{Problem, ProblemKind, Result};

/// Figures, and what they are about.
#[derive(Debug, Serialize)]
pub(super) struct Answer<T> {
    pub(super) query: QueryView,
    #[serde(flatten)]
    pub(super) figures: T,
}

/// What was counted.
#[derive(Debug, Serialize)]
pub(super) struct QueryView {
    experiment_id: Option<String>,
    from: Option<String>,
    until: Option<String>,
    axis: &'static str,
    sources: Vec<&'static str>,
    /// What only this route takes.
    #[serde(flatten)]
    own: serde_json::Map<String, serde_json::Value>,
}

/// What a request asks for.
#[derive(Debug)]
pub(super) struct Query<T> {
    pub(super) options: ReportOptions,
    /// What an open end of the period means.
    pub(super) now: TimestampMs,
    pub(super) own: T,
}

impl<T> Query<T> {
    /// Reads the common parameters, and with `own` what only this route takes.
    pub(super) async fn read(
        state: &ApiState,
        uri: &Uri,
        own: impl FnOnce(&mut Fields) -> Option<T> + Send,
    ) -> Result<Self> {
        let now = state.clock.now();
        let (experiment, mut options, own) = read(uri, now, own)?;
        if let Some(key) = experiment {
            options = options.in_experiment(experiment_id(state, key).await?);
        }
        Ok(Self { options, now, own })
    }

    /// What the answer says of it; `own` is a JSON object.
    pub(super) fn view(&self, own: serde_json::Value) -> QueryView {
        let options = &self.options;
        QueryView {
            experiment_id: options.experiments.iter().flatten().next().map(ToString::to_string),
            from: options.range.from.map(format_timestamp),
            until: options.range.until.map(format_timestamp),
            axis: match options.axis {
                TimeAxis::Trace => "trace",
                TimeAxis::Feedback => "feedback",
            },
            sources: options.source_types.iter().map(|source| source.as_str()).collect(),
            own: match own {
                serde_json::Value::Object(own) => own,
                _ => serde_json::Map::new(),
            },
        }
    }
}

/// The id of an experiment that a request names.
pub(crate) async fn experiment_id(state: &ApiState, key: ExperimentKey) -> Result<ExperimentId> {
    let store = state.store.as_ref();
    match key {
        ExperimentKey::Id(id) => match store.get_experiment(&ExperimentKey::Id(id)).await? {
            Some(_) => Ok(id),
            None => Err(StoreError::NotFound(Missing::Experiment(id)).into()),
        },
        ExperimentKey::Name(name) => experiment_named(store, &name).await.map_err(|error| match error {
            AnalyticsError::Store(error) => error.into(),
            unknown => Problem::new(ProblemKind::ExperimentNotFound, unknown.to_string()),
        }),
    }
}

/// The longest period that `hours` may ask for: 100 years.
const MAX_HOURS: u32 = 876_600;

fn read<T>(
    uri: &Uri,
    now: TimestampMs,
    own: impl FnOnce(&mut Fields) -> Option<T>,
) -> Result<(Option<ExperimentKey>, ReportOptions, T)> {
    let mut fields = Fields::of_query(uri);
    let experiment = experiment(&mut fields);
    let mut options = ReportOptions::default();
    let hours = fields.whole_number("hours", 1, MAX_HOURS);
    let time = |text: &str| parse_timestamp(text).ok_or("must be an RFC 3339 time such as 2026-01-02T03:04:05Z");
    options.range.from = fields.parsed("from", time);
    options.range.until = fields.parsed("until", time);
    if let Some(hours) = hours {
        if options.range.from.is_some() || options.range.until.is_some() {
            fields.reject("hours", "must not be given together with from or until");
        }
        options = options.last_hours(hours, now);
    }
    if let (Some(from), Some(until)) = (options.range.from, options.range.until)
        && from >= until
    {
        fields.reject("until", "must be after from");
    }
    if let Some(axis) = fields.parsed("axis", axis) {
        options.axis = axis;
    }
    if let Some(sources) = fields.parsed("source", sources) {
        options.source_types = sources;
    }
    let own = own(&mut fields);
    fields.finish(own.map(|own| (experiment, options, own)))
}

fn axis(text: &str) -> Result<TimeAxis, String> {
    match text {
        "trace" => Ok(TimeAxis::Trace),
        "feedback" => Ok(TimeAxis::Feedback),
        other => Err(format!("must be trace or feedback, got {:?}", shortened(other))),
    }
}

/// Reads a list of source types.
pub(crate) fn sources(text: &str) -> Result<Vec<SourceType>, String> {
    let mut sources = Vec::new();
    for name in text.split(',') {
        let unknown = || format!("must be made of HUMAN, LLM_JUDGE and CODE, got {:?}", shortened(name));
        let source = SourceType::from_name(name.trim()).ok_or_else(unknown)?;
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    Ok(sources)
}

//! Feedback rate and ratings as JSON: `GET /api/v1/analytics/summary` and `…/ratings`.
//!
//! [`candor_analytics`] defines the figures and their JSON; the answers add what was counted. Both
//! routes take `experiment` (a name) or `experiment_id`, `hours` or `from` and `until` (RFC 3339),
//! `axis` (`trace`, `feedback`) and `source` (`HUMAN`, `LLM_JUDGE`, `CODE`, comma-separated).

use axum::extract::State;
use axum::http::Uri;
use axum::routing::get;
use axum::{Json, Router, middleware};
use candor_analytics::{AnalyticsError, FeedbackSummary, Ratings, Report, ReportOptions, experiment_named, report};
use candor_model::{SourceType, TimestampMs};
use candor_store::{ExperimentKey, Missing, StoreError, TimeAxis};
use candor_wire::scalar::{format_timestamp, parse_timestamp};
use serde::Serialize;

use crate::ApiState;
use crate::feedback::fields::{Fields, shortened};
use crate::feedback::target::experiment;
use crate::problem::{self, Problem, ProblemKind, Result};

/// The routes of the analytics API.
pub fn router(state: ApiState) -> Router {
    Router::new()
        .route("/api/v1/analytics/summary", get(summary))
        .route("/api/v1/analytics/ratings", get(ratings))
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(middleware::from_fn(problem::name_request))
        .with_state(state)
}

async fn summary(State(state): State<ApiState>, uri: Uri) -> Result<Json<Answer<FeedbackSummary>>> {
    let (query, report) = counted(&state, &uri).await?;
    Ok(Json(Answer { query, figures: report.summary }))
}

async fn ratings(State(state): State<ApiState>, uri: Uri) -> Result<Json<Answer<Ratings>>> {
    let (query, report) = counted(&state, &uri).await?;
    Ok(Json(Answer { query, figures: report.ratings }))
}

/// Figures, and what they are about.
#[derive(Debug, Serialize)]
struct Answer<T> {
    query: QueryView,
    #[serde(flatten)]
    figures: T,
}

#[derive(Debug, Serialize)]
struct QueryView {
    experiment_id: Option<String>,
    from: Option<String>,
    until: Option<String>,
    axis: &'static str,
    sources: Vec<&'static str>,
}

async fn counted(state: &ApiState, uri: &Uri) -> Result<(QueryView, Report)> {
    let (experiment, mut options) = read(uri, state.clock.now())?;
    if let Some(key) = experiment {
        options = options.in_experiment(experiment_id(state, key).await?);
    }
    let report = report(state.store.as_ref(), &options).await?;
    let experiment = options.experiments.iter().flatten().next();
    let view = QueryView {
        experiment_id: experiment.map(ToString::to_string),
        from: options.range.from.map(format_timestamp),
        until: options.range.until.map(format_timestamp),
        axis: match options.axis {
            TimeAxis::Trace => "trace",
            TimeAxis::Feedback => "feedback",
        },
        sources: options.source_types.iter().map(|source| source.as_str()).collect(),
    };
    Ok((view, report))
}

async fn experiment_id(state: &ApiState, key: ExperimentKey) -> Result<candor_model::ExperimentId> {
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

fn read(uri: &Uri, now: TimestampMs) -> Result<(Option<ExperimentKey>, ReportOptions)> {
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
    fields.finish(Some((experiment, options)))
}

fn axis(text: &str) -> Result<TimeAxis, String> {
    match text {
        "trace" => Ok(TimeAxis::Trace),
        "feedback" => Ok(TimeAxis::Feedback),
        other => Err(format!("must be trace or feedback, got {:?}", shortened(other))),
    }
}

fn sources(text: &str) -> Result<Vec<SourceType>, String> {
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

//! `GET /api/v1/analytics/series`: the figures per hour or day.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use candor_analytics::{AnalyticsError, Bucket, BucketLength, TimeZone, series, time_zone};
use serde::Serialize;
use serde_json::json;

use super::query::{Answer, Query};
use crate::ApiState;
use crate::feedback::fields::{Fields, shortened};
use crate::problem::{Problem, Result};

#[derive(Debug, Serialize)]
pub(super) struct Series {
    buckets: Vec<Bucket>,
}

/// One bucket after the other, empty ones too.
pub(super) async fn get(State(state): State<ApiState>, uri: Uri) -> Result<Json<Answer<Series>>> {
    let query = Query::read(&state, &uri, read).await?;
    let (length, name, zone) = &query.own;
    let counted = series(state.store.as_ref(), &query.options, *length, zone, query.now).await;
    let buckets = counted.map_err(|error| match error {
        AnalyticsError::Store(error) => error.into(),
        AnalyticsError::NoBeginning => Problem::field("from", "is required, or hours"),
        other => Problem::field("bucket", other.to_string()),
    })?;
    let bucket = match length {
        BucketLength::Hour => "hour",
        BucketLength::Day => "day",
    };
    Ok(Json(Answer { query: query.view(json!({"bucket": bucket, "time_zone": name})), figures: Series { buckets } }))
}

fn read(fields: &mut Fields) -> Option<(BucketLength, String, TimeZone)> {
    let length = fields.parsed("bucket", |text| match text {
        "hour" => Ok(BucketLength::Hour),
        "day" => Ok(BucketLength::Day),
        other => Err(format!("must be hour or day, got {:?}", shortened(other))),
    });
    let length = fields.require("bucket", length);
    let zone = fields.parsed("time_zone", |text| time_zone(text).map(|zone| (text.to_owned(), zone)));
    let (name, zone) = zone.unwrap_or_else(|| ("UTC".to_owned(), TimeZone::UTC));
    length.map(|length| (length, name, zone))
}

use candor_model::TimestampMs;
use candor_store::{SeriesQuery, TrackingStore};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Unit, Zoned, ZonedRound};
use serde::Serialize;

use crate::{AnalyticsError, FeedbackSummary, Ratings, ReportOptions};

/// The most buckets of a series.
pub const MAX_BUCKETS: usize = 2000;

/// How long the buckets of a series are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BucketLength {
    /// One hour.
    Hour,
    /// From midnight to midnight, which is 23 or 25 hours where clocks are put forward or back.
    Day,
}

/// The figures of one hour or day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bucket {
    /// Where the hour or day begins, RFC 3339 in the series' time zone.
    pub start: String,
    /// Where it ends.
    pub end: String,
    /// Answers and verdicts, as far as they lie in the period.
    #[serde(flatten)]
    pub summary: FeedbackSummary,
    /// Ratings, likewise.
    #[serde(flatten)]
    pub ratings: Ratings,
}

/// Reads an IANA name, an offset such as `+05:30`, or `UTC`.
///
/// # Errors
/// [`AnalyticsError::UnknownTimeZone`].
pub fn time_zone(text: &str) -> Result<TimeZone, AnalyticsError> {
    let unknown = |_| AnalyticsError::UnknownTimeZone(text.to_owned());
    if text.starts_with(['+', '-']) {
        // Jiff reads offsets as part of a time.
        let time = format!("2000-01-01T00:00{text}");
        let pieces = jiff::fmt::temporal::Pieces::parse(&time).map_err(unknown)?;
        if let Some(offset) = pieces.to_numeric_offset() {
            return Ok(TimeZone::fixed(offset));
        }
    }
    TimeZone::get(text).map_err(unknown)
}

/// The figures of every hour or day that the period touches; an open end is `now`.
///
/// # Errors
/// [`AnalyticsError::NoBeginning`], [`AnalyticsError::TooManyBuckets`], and those of the store.
pub async fn series<S: TrackingStore + ?Sized>(
    store: &S,
    options: &ReportOptions,
    length: BucketLength,
    zone: &TimeZone,
    now: TimestampMs,
) -> Result<Vec<Bucket>, AnalyticsError> {
    let from = options.range.from.ok_or(AnalyticsError::NoBeginning)?;
    let until = options.range.until.unwrap_or(now).max(from);
    let edges = edges(from, until, length, zone)?;
    let query = SeriesQuery {
        experiments: options.experiments.clone(),
        bounds: edges.iter().map(|edge| millis(edge).clamp(from, until)).collect(),
        axis: options.axis,
        source_types: options.source_types.clone(),
    };
    let counts = store.feedback_series(&query).await?;
    let buckets = edges.iter().zip(edges.iter().skip(1)).zip(&counts);
    Ok(buckets
        .map(|((start, end), stats)| Bucket {
            start: rfc3339(start),
            end: rfc3339(end),
            summary: FeedbackSummary::from_stats(stats),
            ratings: Ratings::from_stats(stats),
        })
        .collect())
}

/// Where the buckets begin, and where the last one ends.
fn edges(
    from: TimestampMs,
    until: TimestampMs,
    length: BucketLength,
    zone: &TimeZone,
) -> Result<Vec<Zoned>, AnalyticsError> {
    let beyond = |_| AnalyticsError::TooManyBuckets { max: MAX_BUCKETS };
    let first = Timestamp::from_millisecond(from.as_millis()).map_err(beyond)?.to_zoned(zone.clone());
    let mut edge = match length {
        BucketLength::Hour => {
            first.round(ZonedRound::new().smallest(Unit::Hour).mode(jiff::RoundMode::Floor)).map_err(beyond)?
        }
        BucketLength::Day => first.start_of_day().map_err(beyond)?,
    };
    let mut edges = vec![edge.clone()];
    while millis(&edge) < until {
        if edges.len() > MAX_BUCKETS {
            return Err(AnalyticsError::TooManyBuckets { max: MAX_BUCKETS });
        }
        edge = match length {
            BucketLength::Hour => edge.checked_add(1.hour()).map_err(beyond)?,
            // Midnight itself may be missing where clocks are put forward.
            BucketLength::Day => edge.tomorrow().and_then(|next| next.start_of_day()).map_err(beyond)?,
        };
        edges.push(edge.clone());
    }
    Ok(edges)
}

fn millis(time: &Zoned) -> TimestampMs {
    TimestampMs::from_millis(time.timestamp().as_millisecond())
}

fn rfc3339(time: &Zoned) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

#[cfg(test)]
mod tests;

use candor_model::{AssessmentBody, ExperimentId, Source, TraceId, TraceInfo, Value};
use candor_store::{MemoryStore, NewAssessment, TimeAxis, TimeRange, TrackingStoreExt};

use super::*;

fn at(text: &str) -> TimestampMs {
    TimestampMs::from_millis(text.parse::<Timestamp>().unwrap().as_millisecond())
}

fn spans_of(from: &str, until: &str, length: BucketLength, zone: &str) -> Vec<String> {
    let edges = edges(at(from), at(until), length, &time_zone(zone).unwrap()).unwrap();
    edges.iter().map(rfc3339).collect()
}

#[test]
fn days_begin_at_local_midnight() {
    let days = spans_of("2026-01-01T12:00:00Z", "2026-01-02T23:00:00Z", BucketLength::Day, "Europe/Berlin");
    assert_eq!(days, ["2026-01-01T00:00:00+01:00", "2026-01-02T00:00:00+01:00", "2026-01-03T00:00:00+01:00"]);
    let days = spans_of("2026-01-01T18:00:00Z", "2026-01-01T18:30:00Z", BucketLength::Day, "+05:30");
    assert_eq!(days, ["2026-01-01T00:00:00+05:30", "2026-01-02T00:00:00+05:30"]);
    let days = spans_of("2026-01-01T18:00:00Z", "2026-01-01T18:30:00Z", BucketLength::Day, "+05:31");
    assert_eq!(days.len(), 3, "a minute past midnight there");
}

#[test]
fn days_follow_the_clocks() {
    let days = spans_of("2026-03-28T23:00:00Z", "2026-03-30T22:00:00Z", BucketLength::Day, "Europe/Berlin");
    assert_eq!(days, ["2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", "2026-03-31T00:00:00+02:00"]);
    // Clocks are put forward at midnight: the day begins at one.
    let days = spans_of("2018-11-04T03:30:00Z", "2018-11-05T02:00:00Z", BucketLength::Day, "America/Sao_Paulo");
    assert_eq!(days, ["2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"]);
}

#[test]
fn hours_are_never_lost_or_doubled() {
    let hours = spans_of("2026-10-25T00:10:00Z", "2026-10-25T02:00:00Z", BucketLength::Hour, "Europe/Berlin");
    assert_eq!(hours, ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"]);
    let hours = spans_of("2026-01-01T00:10:00Z", "2026-01-01T00:40:00Z", BucketLength::Hour, "Asia/Kathmandu");
    assert_eq!(hours, ["2026-01-01T05:00:00+05:45", "2026-01-01T06:00:00+05:45", "2026-01-01T07:00:00+05:45"]);
}

#[test]
fn unknown_zones_and_endless_series_are_refused() {
    for text in ["Atlantis", "+5", "+99:00", "", "2026-01-01"] {
        let error = time_zone(text).unwrap_err().to_string();
        assert!(error.starts_with("time zone"), "{text}: {error}");
    }
    let utc = time_zone("UTC").unwrap();
    let error = edges(at("2020-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z"), BucketLength::Hour, &utc).unwrap_err();
    assert_eq!(error.to_string(), "a series has at most 2000 buckets: ask for a shorter period or larger buckets");
    edges(TimestampMs::from_millis(i64::MIN), at("2026-01-01T00:00:00Z"), BucketLength::Day, &utc).unwrap_err();
}

/// Counted once more from the data, by hand.
#[tokio::test]
async fn every_bucket_equals_a_recount() {
    let store = MemoryStore::new();
    let start = at("2026-03-28T00:00:00Z").as_millis();
    let mut all = Vec::new();
    for n in 0..300_u32 {
        let trace = TraceId::from_bytes(u128::from(n + 1).to_be_bytes());
        let asked = TimestampMs::from_millis(start + i64::from(n) * 1_000_003);
        store.start_trace(TraceInfo::new(trace, ExperimentId::DEFAULT, asked)).await.unwrap();
        let judged = TimestampMs::from_millis(asked.as_millis() + i64::from(n % 7) * 9_000_000);
        for (name, value) in [("user_feedback", Value::Bool(n % 3 > 0)), ("user_tone", Value::try_from(0.25).unwrap())]
        {
            let body = AssessmentBody::feedback(value);
            let source = Source::human(&format!("u-{n}")).unwrap();
            store.log_assessment(NewAssessment::new(trace, name.parse().unwrap(), source, body, judged)).await.unwrap();
        }
        all.push((asked, judged, n % 3 > 0));
    }
    let (from, until) = (at("2026-03-28T10:30:00Z"), at("2026-03-31T09:15:00Z"));
    for (axis, length) in [TimeAxis::Trace, TimeAxis::Feedback].into_iter().zip([BucketLength::Day, BucketLength::Hour])
    {
        let range = TimeRange { from: Some(from), until: Some(until) };
        let options = ReportOptions { range, axis, ..ReportOptions::default() };
        let zone = time_zone("Europe/Berlin").unwrap();
        let buckets = series(&store, &options, length, &zone, until).await.unwrap();
        assert!(buckets.len() > 3);
        for bucket in buckets {
            let begin = at(&bucket.start).max(from);
            let end = at(&bucket.end).min(until);
            let inside = |time: TimestampMs| begin <= time && time < end;
            let saying = |wanted: bool| {
                let time = |asked, judged| if axis == TimeAxis::Trace { asked } else { judged };
                let same =
                    |(asked, judged, positive): &&(_, _, bool)| *positive == wanted && inside(time(*asked, *judged));
                all.iter().filter(same).count() as u64
            };
            let got = &bucket.summary;
            assert_eq!(got.total_traces, all.iter().filter(|(asked, ..)| inside(*asked)).count() as u64);
            assert_eq!((got.positive, got.negative), (saying(true), saying(false)), "{bucket:?}");
            let rated = bucket.ratings.dimensions.first().map_or(0, |dimension| dimension.count);
            assert_eq!(rated, got.positive + got.negative);
        }
    }
}

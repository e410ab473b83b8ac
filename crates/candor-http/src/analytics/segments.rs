//! `GET /api/v1/analytics/segments`: the positive rate by what the traces have.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use candor_analytics::{SegmentOrder, SegmentRow, segments};
use candor_store::SegmentKey;
use serde::Serialize;
use serde_json::json;

use super::query::{Answer, Query};
use crate::ApiState;
use crate::feedback::fields::{Fields, shortened};
use crate::problem::Result;

const MAX_RESULTS: u32 = 500;
const DEFAULT_RESULTS: u32 = 50;

#[derive(Debug, Serialize)]
pub(super) struct Segments {
    segments: Vec<SegmentRow>,
    segments_total: usize,
}

#[derive(Debug)]
struct Own {
    name: String,
    by: SegmentKey,
    min_verdicts: u64,
    max_results: usize,
    order: SegmentOrder,
}

/// The worst segments, or the largest.
pub(super) async fn get(State(state): State<ApiState>, uri: Uri) -> Result<Json<Answer<Segments>>> {
    let query = Query::read(&state, &uri, read).await?;
    let Own { name, by, min_verdicts, max_results, order } = &query.own;
    let mut rows = segments(state.store.as_ref(), &query.options, by, *min_verdicts, *order, query.now).await?;
    let segments_total = rows.len();
    rows.truncate(*max_results);
    Ok(Json(Answer { query: query.view(json!({"by": name})), figures: Segments { segments: rows, segments_total } }))
}

fn read(fields: &mut Fields) -> Option<Own> {
    let by = fields.parsed("by", |text| segment_key(text).map(|key| (text.to_owned(), key)));
    let by = fields.require("by", by);
    let min_verdicts = fields.whole_number("min_verdicts", 1, u32::MAX).unwrap_or(1);
    let max_results = fields.whole_number("max_results", 1, MAX_RESULTS).unwrap_or(DEFAULT_RESULTS);
    let order = fields.parsed("order", |text| match text {
        "worst" => Ok(SegmentOrder::Worst),
        "most" => Ok(SegmentOrder::Most),
        other => Err(format!("must be worst or most, got {:?}", shortened(other))),
    });
    let (name, by) = by?;
    Some(Own {
        name,
        by,
        min_verdicts: min_verdicts.into(),
        max_results: max_results as usize,
        order: order.unwrap_or_default(),
    })
}

fn segment_key(text: &str) -> Result<SegmentKey, String> {
    let rule = "must be user, session, source, model, prompt, tag:KEY or metadata:KEY";
    Ok(match text.split_once(':') {
        Some(("tag", key)) if !key.is_empty() => SegmentKey::Tag(key.to_owned()),
        Some(("metadata", key)) if !key.is_empty() => SegmentKey::Metadata(key.to_owned()),
        _ => match text {
            "user" => SegmentKey::User,
            "session" => SegmentKey::Session,
            "source" => SegmentKey::Source,
            "model" => SegmentKey::Model,
            "prompt" => SegmentKey::Prompt,
            other => return Err(format!("{rule}, got {:?}", shortened(other))),
        },
    })
}

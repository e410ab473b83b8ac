//! `GET /api/v1/analytics/values`: how often each value of a name was given.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use candor_analytics::values;
use candor_model::AssessmentName;
use serde::Serialize;
use serde_json::{Value as JsonValue, json};

use super::query::{Answer, Query};
use crate::ApiState;
use crate::feedback::fields::Fields;
use crate::problem::Result;

const MAX_RESULTS: u32 = 500;
const DEFAULT_RESULTS: u32 = 50;

#[derive(Debug, Serialize)]
pub(super) struct Values {
    values: Vec<ValueRow>,
    other: u64,
}

#[derive(Debug, Serialize)]
struct ValueRow {
    value: JsonValue,
    count: u64,
}

/// The most frequent ones.
pub(super) async fn get(State(state): State<ApiState>, uri: Uri) -> Result<Json<Answer<Values>>> {
    let query = Query::read(&state, &uri, read).await?;
    let (name, max_results) = &query.own;
    let counted = values(state.store.as_ref(), &query.options, name).await?.top(*max_results);
    let row = |(value, count)| ValueRow { value: JsonValue::from(value), count };
    let figures = Values { values: counted.values.into_iter().map(row).collect(), other: counted.other };
    Ok(Json(Answer { query: query.view(json!({"name": name.as_str()})), figures }))
}

fn read(fields: &mut Fields) -> Option<(AssessmentName, usize)> {
    let name = fields.parsed("name", |text| AssessmentName::new(text));
    let name = fields.require("name", name);
    let max_results = fields.whole_number("max_results", 1, MAX_RESULTS).unwrap_or(DEFAULT_RESULTS);
    name.map(|name| (name, max_results as usize))
}

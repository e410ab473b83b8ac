//! `GET /api/v1/feedback/config`: what pages need to know to ask people.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde::Serialize;

use super::api::Api;
use super::config::{Category, Dimension};
use super::fields::Fields;
use crate::problem::Result;

#[derive(Debug, Serialize)]
pub(super) struct Offered {
    dimensions: Vec<DimensionView>,
    categories: Vec<String>,
}

#[derive(Debug, Serialize)]
struct DimensionView {
    name: String,
    min: u32,
    max: u32,
}

/// The deployment's dimensions and categories.
pub(super) async fn get(State(api): State<Api>, uri: Uri) -> Result<Json<Offered>> {
    Fields::of_query(&uri).finish(Some(()))?;
    let view = |dimension: &Dimension| DimensionView {
        name: dimension.name().to_owned(),
        min: dimension.min(),
        max: dimension.max(),
    };
    Ok(Json(Offered {
        dimensions: api.config.dimensions.iter().map(view).collect(),
        categories: api.config.categories.iter().map(Category::as_str).map(str::to_owned).collect(),
    }))
}

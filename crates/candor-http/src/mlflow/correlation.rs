//! `POST /api/3.0/mlflow/traces/calculate-filter-correlation`

use axum::Json;
use axum::extract::State;
use candor_filter::TraceFilter;
use candor_store::{Overlap, OverlapQuery, StoreError};
use candor_wire::requests::FilterCorrelation;
use candor_wire::responses::Correlation;

use super::error::MlflowError;
use super::extract::Body;
use crate::ApiState;

pub(super) async fn calculate(
    State(state): State<ApiState>,
    Body(request): Body<FilterCorrelation>,
) -> Result<Json<Correlation>, MlflowError> {
    let base = request.base_filter.as_deref().unwrap_or_default();
    let within = |filter: &str| match (base, filter) {
        ("", filter) | (filter, "") => TraceFilter::parse(filter),
        (base, filter) => TraceFilter::parse(&format!("{base} and {filter}")),
    };
    let query = OverlapQuery {
        experiments: request.experiment_ids,
        universe: TraceFilter::parse(base).map_err(StoreError::from)?,
        first: within(&request.filter_string1).map_err(StoreError::from)?,
        second: within(&request.filter_string2).map_err(StoreError::from)?,
    };
    let overlap = state.store.filter_overlap(&query).await?;
    Ok(Json(Correlation {
        npmi: npmi(&overlap, 0.0),
        npmi_smoothed: npmi(&overlap, 0.5),
        filter1_count: overlap.first,
        filter2_count: overlap.second,
        joint_count: overlap.both,
        total_count: overlap.total,
    }))
}

/// Normalised pointwise mutual information, with so much more in each cell of the table of both
/// filters; `None` when one of them finds nothing.
///
/// Source: G. Bouma, Normalized (pointwise) mutual information in collocation extraction, Proceedings
/// of GSCL (2009), 31–40; the limits are MLflow's.
fn npmi(overlap: &Overlap, more: f64) -> Option<f64> {
    let Overlap { total, first, second, both } = *overlap;
    if total == 0 || first == 0 || second == 0 {
        return None;
    }
    if both == total {
        return Some(1.0);
    }
    let [joint, one, other, all] = [both, first, second, total].map(|count| count as f64);
    let (joint, one, other, all) = (joint + more, one + 2.0 * more, other + 2.0 * more, all + 4.0 * more);
    if joint == 0.0 {
        return Some(-1.0);
    }
    let information = (joint * all / (one * other)).ln();
    Some((information / -(joint / all).ln()).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_that_agree_have_one_and_strangers_minus_one() {
        let overlap = |total, first, second, both| Overlap { total, first, second, both };
        assert_eq!(npmi(&overlap(6, 1, 1, 1), 0.0), Some(1.0));
        assert_eq!(npmi(&overlap(6, 2, 3, 0), 0.0), Some(-1.0));
        assert_eq!(npmi(&overlap(4, 2, 2, 1), 0.0), Some(0.0), "as often together as by chance");
        assert_eq!(npmi(&overlap(3, 3, 3, 3), 0.5), Some(1.0));
        assert_eq!(npmi(&overlap(3, 0, 2, 0), 0.0), None);
        assert_eq!(npmi(&overlap(0, 0, 0, 0), 0.5), None);
    }
}

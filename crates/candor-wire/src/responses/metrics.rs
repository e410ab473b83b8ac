use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Figures over traces, spans or assessments.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct MetricPoints {
    /// One for each bucket and text of the dimensions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_points: Vec<MetricDataPoint>,
}

/// One figure, or several of the same things.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricDataPoint {
    /// What was measured.
    pub metric_name: String,
    /// Time bucket and texts of the dimensions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<String, String>,
    /// The values by how they were summed up, e.g. `AVG` or `P99.9`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, f64>,
}

/// How far two filters find the same traces.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correlation {
    /// Normalised pointwise mutual information, -1 to 1; `None` when it does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub npmi: Option<f64>,
    /// The same with half a trace more in each cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub npmi_smoothed: Option<f64>,
    /// Traces of the first filter.
    #[serde(default)]
    pub filter1_count: u64,
    /// Traces of the second.
    #[serde(default)]
    pub filter2_count: u64,
    /// Traces of both.
    #[serde(default)]
    pub joint_count: u64,
    /// Traces that were looked at.
    #[serde(default)]
    pub total_count: u64,
}

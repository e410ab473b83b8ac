use std::fmt;

use candor_model::ExperimentId;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::responses::Seq;
use crate::scalar::absent::{or_default, required_messages};
use crate::scalar::{number, query, text};
use crate::trace::{LocationJson, RawLocation};

/// The longest page of experiments.
pub const MAX_EXPERIMENTS: usize = 50_000;
/// The longest page of traces.
pub const MAX_TRACES: usize = 500;

/// Looks for experiments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawSearchExperiments")]
pub struct SearchExperiments {
    /// The longest page, 1 to [`MAX_EXPERIMENTS`]; must be given.
    pub max_results: usize,
    /// Where the page before ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
    /// What they must fulfil, in the filter language of experiments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// The order, one key each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order_by: Vec<String>,
    /// Deleted ones too?
    pub view_type: ViewType,
}

/// Which lifecycle stages a search of experiments sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ViewType {
    /// Experiments in use.
    #[default]
    ActiveOnly,
    /// Deleted experiments.
    DeletedOnly,
    /// Both.
    All,
}

#[derive(Deserialize)]
struct RawSearchExperiments {
    #[serde(default, alias = "maxResults", deserialize_with = "number::optional")]
    max_results: Option<i64>,
    #[serde(default, alias = "pageToken", deserialize_with = "text::option::deserialize")]
    page_token: Option<String>,
    #[serde(default, deserialize_with = "text::option::deserialize")]
    filter: Option<String>,
    #[serde(default, alias = "orderBy", deserialize_with = "query::strings")]
    order_by: Vec<String>,
    #[serde(default, alias = "viewType", deserialize_with = "view_type")]
    view_type: ViewType,
}

impl TryFrom<RawSearchExperiments> for SearchExperiments {
    type Error = String;

    fn try_from(raw: RawSearchExperiments) -> Result<Self, String> {
        let max_results = page_size(raw.max_results.unwrap_or_default())?;
        if max_results > MAX_EXPERIMENTS {
            return Err(format!(
                "Invalid value {max_results} for parameter 'max_results' supplied. It must be at most {MAX_EXPERIMENTS}"
            ));
        }
        let RawSearchExperiments { page_token, filter, order_by, view_type, .. } = raw;
        Ok(Self { max_results, page_token, filter, order_by, view_type })
    }
}

/// Looks for traces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawSearchTraces")]
pub struct SearchTraces {
    /// The experiments to look in; none finds nothing. Locations of other kinds are passed over.
    #[serde(serialize_with = "locations")]
    pub locations: Vec<ExperimentId>,
    /// What they must fulfil, in the filter language of traces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// The longest page, 1 to [`MAX_TRACES`]; 100 when absent.
    pub max_results: usize,
    /// The order, one key each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order_by: Vec<String>,
    /// Where the page before ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}

#[derive(Deserialize)]
struct RawSearchTraces {
    #[serde(deserialize_with = "required_messages")]
    locations: Vec<RawLocation>,
    #[serde(default, deserialize_with = "text::option::deserialize")]
    filter: Option<String>,
    #[serde(default, alias = "maxResults", deserialize_with = "number::optional")]
    max_results: Option<i64>,
    #[serde(default, alias = "orderBy", deserialize_with = "or_default")]
    order_by: Vec<String>,
    #[serde(default, alias = "pageToken", deserialize_with = "text::option::deserialize")]
    page_token: Option<String>,
}

impl TryFrom<RawSearchTraces> for SearchTraces {
    type Error = String;

    fn try_from(raw: RawSearchTraces) -> Result<Self, String> {
        const DEFAULT_MAX_RESULTS: i64 = 100;
        let ids = raw.locations.iter().filter_map(RawLocation::experiment);
        let max_results = page_size(raw.max_results.unwrap_or(DEFAULT_MAX_RESULTS))?;
        if max_results > MAX_TRACES {
            return Err(format!(
                "Invalid value {max_results} for parameter 'max_results' supplied:  Hint: Value was of type 'int'. \
                 See the API docs for more information about request parameters."
            ));
        }
        Ok(Self {
            locations: experiment_ids(ids)?,
            filter: raw.filter,
            max_results,
            order_by: raw.order_by,
            page_token: raw.page_token,
        })
    }
}

fn experiment_ids<'a>(ids: impl Iterator<Item = &'a str> + Clone) -> Result<Vec<ExperimentId>, String> {
    ids.clone().map(|id| text::experiment_id::parse(id).map_err(|_| id)).collect::<Result<_, _>>().map_err(|_| {
        let invalid: Vec<&str> = ids.filter(|id| text::experiment_id::parse(id).is_err()).collect();
        format!("Locations must be a list of experiment IDs. Found invalid experiment IDs: {}.", invalid.join(", "))
    })
}

/// A page's size, with MLflow's text for what is none.
fn page_size(max_results: i64) -> Result<usize, String> {
    usize::try_from(max_results).ok().filter(|size| *size > 0).ok_or_else(|| {
        format!("Invalid value {max_results} for parameter 'max_results' supplied. It must be a positive integer")
    })
}

fn locations<S: Serializer>(ids: &[ExperimentId], serializer: S) -> Result<S::Ok, S::Error> {
    Seq(ids.iter().copied().map(LocationJson)).serialize(serializer)
}

/// A view by name or number; unknown ones count as the default.
fn view_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ViewType, D::Error> {
    struct ViewVisitor;

    impl Visitor<'_> for ViewVisitor {
        type Value = ViewType;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a view such as ACTIVE_ONLY")
        }

        fn visit_str<E>(self, name: &str) -> Result<ViewType, E> {
            Ok(match name {
                "DELETED_ONLY" => ViewType::DeletedOnly,
                "ALL" => ViewType::All,
                _ => ViewType::ActiveOnly,
            })
        }

        fn visit_u64<E>(self, number: u64) -> Result<ViewType, E> {
            Ok(match number {
                2 => ViewType::DeletedOnly,
                3 => ViewType::All,
                _ => ViewType::ActiveOnly,
            })
        }

        fn visit_unit<E>(self) -> Result<ViewType, E> {
            Ok(ViewType::ActiveOnly)
        }
    }

    deserializer.deserialize_any(ViewVisitor)
}

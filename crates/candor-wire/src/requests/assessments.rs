use std::collections::BTreeMap;
use std::fmt;

use candor_model::{AssessmentName, Feedback, Value};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::assessment::{
    AssessmentInput, ExpectationJson, FeedbackJson, RawAssessment, RawExpectation, RawFeedback, nameless,
};
use crate::error::MISSING;
use crate::scalar::absent::{or_default, required};

/// Logs an assessment of the trace that the URL names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreateAssessment {
    /// What is to be logged.
    #[serde(deserialize_with = "required")]
    pub assessment: AssessmentInput,
}

/// Changes the assessment that the URL names; `None` leaves a part as it is.
///
/// On the wire a field mask says which parts are meant, as one comma-separated string or as
/// `{"paths": [..]}`, in camelCase or snake_case. A part that the mask names and the body lacks is
/// emptied; an expectation cannot be. A path that cannot be changed is an error, where MLflow's
/// server would pass over it or fail.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct UpdateAssessment {
    /// Another name.
    pub name: Option<AssessmentName>,
    /// Another verdict, value and error.
    pub feedback: Option<Feedback>,
    /// Another expected value.
    pub expectation: Option<Value>,
    /// Another rationale.
    pub rationale: Option<String>,
    /// Metadata to add or replace, key by key.
    pub metadata: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for UpdateAssessment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Read {
            #[serde(deserialize_with = "required")]
            assessment: RawAssessment,
            #[serde(alias = "updateMask")]
            update_mask: Mask,
        }

        let Read { assessment, update_mask: Mask(paths) } = Read::deserialize(deserializer)?;
        let wanted = |path| paths.contains(&path);
        let mut update = Self::default();
        if wanted(Path::AssessmentName) {
            update.name = Some(assessment.assessment_name.map_or_else(nameless, Ok).map_err(D::Error::custom)?);
        }
        if wanted(Path::Feedback) {
            let value = assessment.feedback.map(|RawFeedback(feedback)| feedback);
            update.feedback = Some(value.unwrap_or_else(|| Feedback::new(Value::Null, None)));
        }
        if wanted(Path::Expectation) {
            let value = assessment.expectation.map(|RawExpectation(value)| value);
            update.expectation = Some(value.ok_or_else(|| D::Error::custom("The `value` field must be specified."))?);
        }
        if wanted(Path::Rationale) {
            update.rationale = Some(assessment.rationale.unwrap_or_default());
        }
        if wanted(Path::Metadata) {
            update.metadata = assessment.metadata;
        }
        Ok(update)
    }
}

impl Serialize for UpdateAssessment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("assessment", &Parts(self))?;
        let set = [
            (Path::AssessmentName, self.name.is_some()),
            (Path::Feedback, self.feedback.is_some()),
            (Path::Expectation, self.expectation.is_some()),
            (Path::Rationale, self.rationale.is_some()),
            (Path::Metadata, !self.metadata.is_empty()),
        ];
        let paths: Vec<&str> = set.into_iter().filter(|(_, set)| *set).map(|(path, _)| path.camel_case()).collect();
        map.serialize_entry("update_mask", &paths.join(","))?;
        map.end()
    }
}

/// The parts that an update sets.
struct Parts<'a>(&'a UpdateAssessment);

impl Serialize for Parts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(update) = self;
        let mut map = serializer.serialize_map(None)?;
        if let Some(name) = &update.name {
            map.serialize_entry("assessment_name", name.as_str())?;
        }
        if let Some(feedback) = &update.feedback {
            map.serialize_entry("feedback", &FeedbackJson(feedback))?;
        }
        if let Some(value) = &update.expectation {
            map.serialize_entry("expectation", &ExpectationJson(value))?;
        }
        if let Some(rationale) = &update.rationale {
            map.serialize_entry("rationale", rationale)?;
        }
        if !update.metadata.is_empty() {
            map.serialize_entry("metadata", &update.metadata)?;
        }
        map.end()
    }
}

/// A part that can be changed.
#[derive(Clone, Copy, PartialEq)]
enum Path {
    AssessmentName,
    Feedback,
    Expectation,
    Rationale,
    Metadata,
}

impl Path {
    const fn camel_case(self) -> &'static str {
        match self {
            Self::AssessmentName => "assessmentName",
            Self::Feedback => "feedback",
            Self::Expectation => "expectation",
            Self::Rationale => "rationale",
            Self::Metadata => "metadata",
        }
    }

    fn from_name(name: &str) -> Result<Self, String> {
        match name {
            "assessmentName" | "assessment_name" => Ok(Self::AssessmentName),
            "feedback" => Ok(Self::Feedback),
            "expectation" => Ok(Self::Expectation),
            "rationale" => Ok(Self::Rationale),
            "metadata" => Ok(Self::Metadata),
            _ => Err(format!("{name:?} is no part of an assessment that can be changed")),
        }
    }
}

/// A field mask that names at least one path.
struct Mask(Vec<Path>);

impl<'de> Deserialize<'de> for Mask {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MaskVisitor;

        impl<'de> Visitor<'de> for MaskVisitor {
            type Value = Mask;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a comma-separated list of fields")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Mask, E> {
                let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
                names.map(Path::from_name).collect::<Result<_, _>>().map_err(E::custom).and_then(some)
            }

            fn visit_unit<E: Error>(self) -> Result<Mask, E> {
                some(Vec::new())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Mask, A::Error> {
                #[derive(Deserialize)]
                struct Paths {
                    #[serde(default, deserialize_with = "or_default")]
                    paths: Vec<String>,
                }

                let Paths { paths } = Paths::deserialize(MapAccessDeserializer::new(map))?;
                let paths = paths.iter().map(|name| Path::from_name(name)).collect::<Result<_, _>>();
                paths.map_err(A::Error::custom).and_then(some)
            }
        }

        fn some<E: Error>(paths: Vec<Path>) -> Result<Mask, E> {
            if paths.is_empty() { Err(E::custom(MISSING)) } else { Ok(Mask(paths)) }
        }

        deserializer.deserialize_any(MaskVisitor)
    }
}

//! `POST /detailed-feedback`: scores in several dimensions, as in MLflow's guide.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use candor_model::{AssessmentBody, FiniteF64, Value};
use candor_store::{NewAssessment, new_assessment_id};
use serde_json::{Map, json};

use super::api::Api;
use super::config::Dimension;
use super::fields::Fields;
use super::guide::reply;
use super::idempotency::IdempotencyKey;
use super::identity::Author;
use super::submission::{Recorded, Submission};
use super::target::Aim;
use crate::problem::{Problem, Result};

/// Logs each score as `user_<dimension>`, a fraction of the highest; the comment goes to the first.
pub(super) async fn post(State(api): State<Api>, uri: Uri, headers: HeaderMap) -> Result<Response> {
    let scores = read(&uri, &headers, &api)?;
    let target = scores.aim.target.clone();
    let recorded_scores: Map<_, _> =
        scores.given.iter().map(|(dimension, score)| (dimension.name().to_owned(), json!(score))).collect();
    let mut items = Vec::with_capacity(scores.given.len());
    for (place, (dimension, score)) in scores.given.iter().enumerate() {
        items.push(scores.assessment(place == 0, dimension, *score, &api).await?);
    }
    let outcome = together(api.record(items).await?);
    reply(outcome, &target, Map::from_iter([("feedback_recorded".to_owned(), recorded_scores.into())]))
}

/// All that a request says.
struct Scores<'a> {
    aim: Aim,
    author: Author,
    given: Vec<(&'a Dimension, u32)>,
    comment: Option<String>,
    key: Option<IdempotencyKey>,
}

fn read<'a>(uri: &Uri, headers: &HeaderMap, api: &'a Api) -> Result<Scores<'a>> {
    let mut fields = Fields::of_query(uri);
    let aim = Aim::of_guide(&mut fields);
    let author = Author::person(headers, &mut fields);
    let key = IdempotencyKey::of_fields(headers, &mut fields);
    let comment = fields.text_up_to("comment", api.config.limits.text_bytes);
    let mut given = Vec::new();
    for dimension in &api.config.dimensions {
        let score = fields.whole_number(dimension.name(), dimension.min(), dimension.max());
        given.extend(fields.require(dimension.name(), score).map(|score| (dimension, score)));
    }
    let read =
        || Some(Scores { aim: aim?, author: author?, given, comment: comment.filter(|text| !text.is_empty()), key });
    fields.finish(read())
}

impl Scores<'_> {
    async fn assessment(&self, first: bool, dimension: &Dimension, score: u32, api: &Api) -> Result<NewAssessment> {
        let fraction = FiniteF64::new(dimension.normalised(score));
        let fraction = fraction.map_err(|error| Problem::field(dimension.name(), error.to_string()))?;
        let submission = Submission {
            aim: self.aim.clone(),
            name: dimension.assessment().clone(),
            author: self.author.clone(),
            body: AssessmentBody::feedback(Value::Float(fraction)),
            rationale: self.comment.clone().filter(|_| first),
            metadata: Default::default(),
            create_time: None,
            strict: false,
            key: None,
        };
        let mut item = submission.into_assessment(api).await?;
        item.id = self.key.as_ref().map_or_else(new_assessment_id, |key| key.id_for(dimension.name()));
        Ok(item)
    }
}

/// One answer for all scores: the first refusal, else the last outcome, a retry only if all were.
fn together(outcomes: Vec<Result<Recorded>>) -> Result<Recorded> {
    let recorded = outcomes.into_iter().collect::<Result<Vec<_>>>()?;
    let replayed = recorded.iter().all(|one| one.replayed);
    let last = recorded.into_iter().next_back().map(|last| Recorded { replayed, ..last });
    last.ok_or_else(|| Problem::field("dimensions", "none is configured"))
}

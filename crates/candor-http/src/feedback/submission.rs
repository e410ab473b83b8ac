//! A verdict as it was read from a request, and its way into the store.

use std::collections::BTreeMap;

use candor_model::{AssessmentBody, AssessmentId, AssessmentName, TimestampMs, keys};
use candor_store::{Logged, NewAssessment, PendingFeedback, StoreError, new_assessment_id};

use super::api::Api;
use super::idempotency::{Content, IdempotencyKey};
use super::identity::Author;
use super::target::Aim;
use crate::problem::{Problem, ProblemKind, Result};

/// A verdict that passed every check that needs no store.
#[derive(Clone, Debug)]
pub(crate) struct Submission {
    pub(crate) aim: Aim,
    pub(crate) name: AssessmentName,
    pub(crate) author: Author,
    pub(crate) body: AssessmentBody,
    pub(crate) rationale: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    /// When the verdict was given; now when nobody said.
    pub(crate) create_time: Option<TimestampMs>,
    /// Whether the request itself refuses to wait for the trace.
    pub(crate) strict: bool,
    pub(crate) key: Option<IdempotencyKey>,
}

impl Submission {
    /// The verdict as the store takes it.
    ///
    /// # Errors
    /// 404 when the request names an unknown experiment.
    pub(crate) async fn into_assessment(self, api: &Api) -> Result<NewAssessment> {
        let mut target = self.aim.target;
        api.confine(&mut target, self.aim.experiment.as_ref()).await?;
        let now = api.now();
        let mut metadata = self.metadata;
        metadata.extend(self.author.session.map(|session| (keys::FEEDBACK_SESSION.to_owned(), session)));
        Ok(NewAssessment {
            id: self.key.map_or_else(new_assessment_id, |key| key.id()),
            span_id: self.aim.span_id,
            rationale: self.rationale,
            metadata,
            last_update_time: now,
            supersede: self.author.supersedes,
            when_missing: api.when_missing(self.strict),
            ..NewAssessment::new(target, self.name, self.author.source, self.body, self.create_time.unwrap_or(now))
        })
    }
}

/// What became of a verdict; durable and readable either way.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) logged: Logged,
    /// Whether an earlier request had recorded it already.
    pub(crate) replayed: bool,
}

impl Recorded {
    /// The verdict, if it waits for its trace.
    pub(crate) fn pending(&self) -> Option<&PendingFeedback> {
        match &self.logged {
            Logged::Pending(held) => Some(held),
            Logged::Created(_) | Logged::Existing(_) => None,
        }
    }

    fn of(sent: &NewAssessment, logged: Logged) -> Result<Self> {
        let (same, replayed) = match &logged {
            Logged::Created(_) => (true, false),
            Logged::Existing(stored) => (Content::from(stored) == Content::from(sent), true),
            Logged::Pending(held) => (Content::from(&held.item) == Content::from(sent), held.item != *sent),
        };
        if same { Ok(Self { logged, replayed }) } else { Err(reused(sent.id)) }
    }
}

impl Api {
    /// Logs verdicts and answers for each in turn; the write goes on if the client hangs up.
    ///
    /// # Errors
    /// When the store fails as a whole; nothing was written then.
    pub(crate) async fn record(&self, items: Vec<NewAssessment>) -> Result<Vec<Result<Recorded>>> {
        let sent = items.clone();
        let answers = self.state.write(|store| async move { store.log_assessments(items).await }).await?;
        if answers.len() != sent.len() {
            return Err(Problem::new(ProblemKind::Internal, "the store did not answer for every verdict"));
        }
        let recorded = sent.iter().zip(answers).map(|(sent, answer)| match answer {
            Ok(logged) => Recorded::of(sent, logged),
            Err(StoreError::AlreadyExists { .. }) => Err(reused(sent.id)),
            Err(error) => Err(error.into()),
        });
        Ok(recorded.collect())
    }

    /// [`record`](Self::record) for one verdict.
    pub(crate) async fn record_one(&self, item: NewAssessment) -> Result<Recorded> {
        let no_answer = || Problem::new(ProblemKind::Internal, "the store did not answer");
        self.record(vec![item]).await?.pop().ok_or_else(no_answer)?
    }
}

/// Ids are new, or derived from the client's key: only a key can meet its earlier self.
fn reused(id: AssessmentId) -> Problem {
    let detail = format!("the idempotency key was used before, for another verdict ({id}); take a new key");
    Problem::new(ProblemKind::IdempotencyKeyReused, detail)
}

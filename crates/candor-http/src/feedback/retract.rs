//! `DELETE /api/v1/feedback`: withdraws a verdict. It stays in the history; a withdrawal overrides it.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use candor_model::{
    Assessment, AssessmentBody, AssessmentId, AssessmentKind, AssessmentName, Source, SpanId, TimestampMs, TraceId,
    Value, keys,
};
use candor_store::{
    Missing, NewAssessment, PendingFeedback, PendingQuery, StoreError, Target, TrackingStoreExt, WhenMissing,
};

use super::api::Api;
use super::fields::Fields;
use super::general::read_name;
use super::idempotency::{IdempotencyKey, withdrawal_id};
use super::identity::Author;
use super::submission::{Recorded, Submission};
use super::target::Aim;
use super::view::{FeedbackView, answer, is_withdrawal, status_of};
use crate::problem::{Problem, ProblemKind, Result};

/// Withdraws the current verdict of a source, found as it was given: by answer, name and source.
pub(super) async fn by_source(State(api): State<Api>, uri: Uri, headers: HeaderMap) -> Result<Response> {
    let withdrawal = read(&uri, &headers)?.into_assessment(&api).await?;
    let keyed = headers.contains_key(super::idempotency::KEY_HEADER);
    let Some(resolved) = api.state.store.resolve_target(&withdrawal.target).await? else {
        return on_hold(&api, &withdrawal).await;
    };
    let history = history(&api, resolved.trace_id).await?;
    let span_id = withdrawal.span_id.or(resolved.span_id);
    if keyed && history.iter().any(|one| one.id == withdrawal.id) {
        return reply(&api, api.record_one(withdrawal).await?);
    }
    let own = |one: &&Assessment| is_same_key(one, &withdrawal, span_id);
    if let Some(current) = history.iter().filter(own).rfind(|one| one.valid) {
        let id = if keyed { withdrawal.id } else { withdrawal_id(current.id) };
        let exactly_this = NewAssessment { id, overrides: Some(current.id), ..withdrawal };
        return reply(&api, api.record_one(exactly_this).await?);
    }
    match history.iter().filter(own).rfind(|one| one.is_retraction()) {
        Some(withdrawn_before) => Ok(answer(StatusCode::OK, true, FeedbackView::from(withdrawn_before))),
        None => Err(nothing_to_withdraw(&withdrawal)),
    }
}

/// Withdraws one verdict by its id, on its trace or still waiting for it.
pub(super) async fn by_id(State(api): State<Api>, Path(id): Path<String>, uri: Uri) -> Result<Response> {
    let id: AssessmentId = id.parse().map_err(|error| Problem::field("assessment_id", format!("{error}")))?;
    let mut fields = Fields::of_query(&uri);
    let mut aim = Aim::of_any_or_none(&mut fields);
    fields.finish(Some(()))?;
    let resolved = if aim.target.refs.is_empty() {
        None
    } else {
        api.confine(&mut aim.target, aim.experiment.as_ref()).await?;
        api.state.store.resolve_target(&aim.target).await?
    };
    match resolved {
        Some(resolved) => withdraw_on_trace(&api, resolved.trace_id, id).await,
        None => withdraw_on_hold(&api, &aim.target, id).await,
    }
}

fn read(uri: &Uri, headers: &HeaderMap) -> Result<Submission> {
    let mut fields = Fields::of_query(uri);
    let aim = Aim::of_any(&mut fields);
    let name = read_name(&mut fields);
    let author = Author::of_query(headers, &mut fields);
    // Withdrawals of one verdict are all alike, in whichever session they come.
    let author = author.map(|author| Author { session: None, ..author });
    if author.as_ref().is_some_and(|author| !author.supersedes) {
        let hint = "withdraw a verdict of nobody in particular by its id: DELETE /api/v1/feedback/{assessment_id}";
        fields.reject("user_id", format!("is required; {hint}"));
    }
    let key = IdempotencyKey::of_header(headers, &mut fields);
    let read = || {
        Some(Submission {
            aim: aim?,
            name: name?,
            author: author?,
            body: AssessmentBody::feedback(Value::Null),
            rationale: None,
            metadata: retracted(),
            create_time: None,
            strict: false,
            key,
        })
    };
    fields.finish(read())
}

/// Withdraws what waits for a trace: the store attaches the two in order when the trace lands.
async fn on_hold(api: &Api, wanted: &NewAssessment) -> Result<Response> {
    if wanted.when_missing == WhenMissing::Fail {
        return Err(StoreError::NotFound(Missing::from(wanted.target.clone())).into());
    }
    match find_on_hold(api, wanted).await? {
        Some(held) if is_withdrawal(&held.item) => {
            Ok(answer(StatusCode::ACCEPTED, true, FeedbackView::waiting(&held, api.orphaned_before())))
        }
        Some(held) => withdraw_held(api, held.item).await,
        None => Err(nothing_to_withdraw(wanted)),
    }
}

async fn withdraw_held(api: &Api, item: NewAssessment) -> Result<Response> {
    let mut withdrawal = withdrawal(item.target, item.id, item.name, item.source, item.span_id, api.now());
    withdrawal.when_missing = WhenMissing::Hold;
    reply(api, api.record_one(withdrawal).await?)
}

/// The newest verdict on hold of the same target, name, span and source.
async fn find_on_hold(api: &Api, withdrawal: &NewAssessment) -> Result<Option<PendingFeedback>> {
    const PAGE: usize = 500;
    let mut query = PendingQuery::all(PAGE);
    let mut newest = None;
    loop {
        let page = api.state.store.pending_feedback(&query).await?;
        let own = |held: &PendingFeedback| {
            held.item.target.refs.iter().any(|id| withdrawal.target.refs.contains(id))
                && held.item.name == withdrawal.name
                && held.item.source == withdrawal.source
                && held.item.span_id == withdrawal.span_id
        };
        newest = page.items.into_iter().rfind(own).or(newest);
        query.page_token = page.next_page_token;
        if query.page_token.is_none() {
            return Ok(newest);
        }
    }
}

async fn withdraw_on_trace(api: &Api, trace: TraceId, id: AssessmentId) -> Result<Response> {
    let history = history(api, trace).await?;
    let Some(verdict) = history.iter().find(|one| one.id == id) else {
        return Err(StoreError::NotFound(Missing::Assessment { id, trace }).into());
    };
    if verdict.body.kind() != AssessmentKind::Feedback {
        return Err(Problem::field(
            "assessment_id",
            format!("{id} is no feedback, but {}", verdict.body.kind().as_str()),
        ));
    }
    if verdict.is_retraction() {
        return Err(Problem::new(ProblemKind::NotCurrent, format!("{id} is a withdrawal itself")));
    }
    if let Some(settled) = settled(&history, id) {
        return settled;
    }
    let (name, source) = (verdict.name.clone(), verdict.source.clone());
    let withdrawal = withdrawal(trace.into(), id, name, source, verdict.span_id, api.now());
    reply(api, api.record_one(withdrawal).await?)
}

/// The answer for a verdict that is withdrawn or replaced already.
fn settled(history: &[Assessment], id: AssessmentId) -> Option<Result<Response>> {
    let overriding = || history.iter().filter(|by| by.overrides == Some(id));
    if let Some(withdrawn_before) = overriding().find(|by| by.is_retraction()) {
        return Some(Ok(answer(StatusCode::OK, true, FeedbackView::from(withdrawn_before))));
    }
    let by = overriding().next()?;
    Some(Err(Problem::new(ProblemKind::NotCurrent, format!("{id} was replaced by {}", by.id))))
}

async fn withdraw_on_hold(api: &Api, target: &Target, id: AssessmentId) -> Result<Response> {
    let query = PendingQuery { id: Some(id), ..PendingQuery::all(1) };
    let held = api.state.store.pending_feedback(&query).await?.items.pop();
    let held = held.filter(|held| target.refs.iter().all(|id| held.item.target.refs.contains(id)));
    let Some(PendingFeedback { item, .. }) = held else {
        if target.refs.is_empty() {
            let reason = "is required, or another id of the answer: no verdict of this id is on hold";
            return Err(Problem::field("trace_id", reason));
        }
        return Err(StoreError::NotFound(Missing::from(target.clone())).into());
    };
    if is_withdrawal(&item) {
        return Err(Problem::new(ProblemKind::NotCurrent, format!("{id} is a withdrawal itself")));
    }
    withdraw_held(api, item).await
}

/// A feedback of no value that overrides the verdict and says why it is there.
fn withdrawal(
    target: Target,
    withdrawn: AssessmentId,
    name: AssessmentName,
    source: Source,
    span_id: Option<SpanId>,
    now: TimestampMs,
) -> NewAssessment {
    let body = AssessmentBody::feedback(Value::Null);
    NewAssessment {
        id: withdrawal_id(withdrawn),
        span_id,
        overrides: Some(withdrawn),
        metadata: retracted(),
        ..NewAssessment::new(target, name, source, body, now)
    }
}

fn retracted() -> BTreeMap<String, String> {
    [(keys::RETRACTED.to_owned(), "true".to_owned())].into()
}

async fn history(api: &Api, trace: TraceId) -> Result<Vec<Assessment>> {
    let info = api.state.store.trace_info(trace).await?;
    Ok(info.ok_or(StoreError::NotFound(Missing::Trace(trace)))?.assessments)
}

fn is_same_key(one: &Assessment, withdrawal: &NewAssessment, span_id: Option<SpanId>) -> bool {
    one.body.kind() == AssessmentKind::Feedback
        && one.name == withdrawal.name
        && one.source == withdrawal.source
        && one.span_id == span_id
}

fn reply(api: &Api, recorded: Recorded) -> Result<Response> {
    let status = status_of(&recorded, StatusCode::OK);
    Ok(answer(status, recorded.replayed, FeedbackView::of(&recorded, api.orphaned_before())))
}

fn nothing_to_withdraw(wanted: &NewAssessment) -> Problem {
    let detail = format!("there is no {} of that source for {}", wanted.name, wanted.target);
    Problem::new(ProblemKind::NothingToWithdraw, detail)
}

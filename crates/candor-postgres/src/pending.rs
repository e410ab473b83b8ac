//! Verdicts that wait for their trace.

use candor_filter::{PageToken, PageTokenError, SortValue};
use candor_model::{AssessmentId, TraceId};
use candor_store::{NewAssessment, Page, PendingFeedback, PendingQuery, Result, StoreError, TargetRef};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::convert::{assessment_id, assessment_uuid, time, trace_id};
use crate::error::{During, corrupt};
use crate::text::kept;

const OPERATION: &str = "read feedback on hold";

/// Whether any verdict waits; nearly always none does.
pub(crate) async fn any(connection: &mut PgConnection) -> Result<bool> {
    const SELECT: &str = "SELECT EXISTS (SELECT 1 FROM pending_feedback)";
    sqlx::query_scalar(SELECT).fetch_one(connection).await.during(OPERATION)
}

/// What has some ids of assessments already: traces by their assessments, and verdicts on hold with
/// their numbers.
pub(crate) async fn known(
    connection: &mut PgConnection,
    ids: &[Uuid],
) -> Result<(Vec<TraceId>, Vec<(i64, PendingFeedback)>)> {
    const SELECT: &str = "
        SELECT NULL::bigint, trace_id, NULL::bigint, NULL FROM assessments WHERE assessment_id = ANY($1)
        UNION ALL
        SELECT number, assessment_id, received_ms, item FROM pending_feedback WHERE assessment_id = ANY($1)";
    let (mut traces, mut held) = (Vec::new(), Vec::new());
    for row in sqlx::query(SELECT).bind(ids).fetch_all(connection).await.during(OPERATION)? {
        match row.try_get::<Option<i64>, _>(0).during(OPERATION)? {
            None => traces.push(trace_id(row.try_get(1).during(OPERATION)?)),
            Some(_) => held.push(read(&row, 0)?),
        }
    }
    Ok((traces, held))
}

/// The verdicts that wait for one of some ids, with their numbers.
pub(crate) async fn naming(connection: &mut PgConnection, refs: &[TargetRef]) -> Result<Vec<(i64, PendingFeedback)>> {
    const SELECT: &str = "
        SELECT number, assessment_id, received_ms, item FROM pending_feedback WHERE number IN (
            SELECT number FROM pending_refs JOIN unnest($1::text[], $2::text[]) AS wanted (field, value)
            ON pending_refs.value = wanted.value AND pending_refs.field = wanted.field)";
    let fields: Vec<&str> = refs.iter().map(TargetRef::field).collect();
    let values: Vec<String> = refs.iter().map(|id| kept(&id.value()).into_owned()).collect();
    let rows = sqlx::query(SELECT).bind(fields).bind(values).fetch_all(connection).await.during(OPERATION)?;
    let mut found = Vec::new();
    for row in rows {
        match read(&row, 0) {
            Ok(held) => found.push(held),
            // It stays on hold, where a listing complains of it, and fails nobody's write.
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "unreadable feedback on hold"),
        }
    }
    Ok(found)
}

pub(crate) async fn insert(connection: &mut PgConnection, held: &PendingFeedback) -> Result<()> {
    const OPERATION: &str = "hold feedback";
    const INSERT: &str =
        "INSERT INTO pending_feedback (assessment_id, received_ms, item) VALUES ($1, $2, $3) RETURNING number";
    const INSERT_REFS: &str = "INSERT INTO pending_refs SELECT $1, * FROM unnest($2::text[], $3::text[])";
    let insert = sqlx::query_scalar(INSERT)
        .bind(assessment_uuid(held.item.id))
        .bind(held.received_at.as_millis())
        .bind(held.item.to_text());
    let number: i64 = insert.fetch_one(&mut *connection).await.during(OPERATION)?;
    let refs = &held.item.target.refs;
    let fields: Vec<&str> = refs.iter().map(TargetRef::field).collect();
    let values: Vec<String> = refs.iter().map(|id| kept(&id.value()).into_owned()).collect();
    let insert = sqlx::query(INSERT_REFS).bind(number).bind(fields).bind(values);
    insert.execute(connection).await.during(OPERATION).map(drop)
}

pub(crate) async fn delete(connection: &mut PgConnection, numbers: &[i64]) -> Result<()> {
    const DELETE: &str = "DELETE FROM pending_feedback WHERE number = ANY($1)";
    sqlx::query(DELETE).bind(numbers).execute(connection).await.during("attach feedback on hold").map(drop)
}

pub(crate) async fn page(connection: &mut PgConnection, query: &PendingQuery) -> Result<Page<PendingFeedback>> {
    const PAGE: &str = "
        SELECT number, assessment_id, received_ms, item FROM pending_feedback
        WHERE received_ms >= $1 AND (received_ms < $2 OR $2 IS NULL) AND (received_ms, number) > ($3, $4)
            AND (assessment_id = $5 OR $5 IS NULL)
        ORDER BY received_ms, number LIMIT $6";
    check_page_size(query.max_results)?;
    let query_id = query.token_id();
    let token = query.page_token.as_deref().map(|token| PageToken::decode(token, query_id)).transpose()?.flatten();
    let (after_ms, after) = token.map_or(Ok((i64::MIN, i64::MIN)), |token| place(&token))?;
    let from = query.received_from.map_or(i64::MIN, |from| from.as_millis());
    let page = sqlx::query(PAGE)
        .bind(from.max(after_ms))
        .bind(query.received_before.map(|before| before.as_millis()))
        .bind(after_ms)
        .bind(after)
        .bind(query.id.map(assessment_uuid))
        .bind(i64::try_from(query.max_results).unwrap_or(i64::MAX).saturating_add(1));
    let rows = page.fetch_all(connection).await.during("list feedback on hold")?;
    let more = rows.len() > query.max_results;
    let found = rows.iter().take(query.max_results).map(|row| read(row, 0)).collect::<Result<Vec<_>>>()?;
    let next_page_token = found.last().filter(|_| more).map(|(number, held)| {
        let last = vec![SortValue::Int(held.received_at.as_millis()), SortValue::Int(*number)];
        PageToken { last }.encode(query_id)
    });
    Ok(Page { items: found.into_iter().map(|(_, held)| held).collect(), next_page_token })
}

/// Refuses pages of nothing.
pub(crate) fn check_page_size(max_results: usize) -> Result<()> {
    match max_results {
        0 => Err(StoreError::Invalid { field: "max_results", reason: "must be positive".to_owned() }),
        _ => Ok(()),
    }
}

fn place(token: &PageToken) -> Result<(i64, i64), PageTokenError> {
    match token.last.as_slice() {
        [SortValue::Int(received_ms), SortValue::Int(number)] => Ok((*received_ms, *number)),
        _ => Err(PageTokenError::Malformed),
    }
}

/// A verdict on hold, from its columns, which begin at a place in the row.
pub(crate) fn read(row: &PgRow, at: usize) -> Result<(i64, PendingFeedback)> {
    let id: AssessmentId = assessment_id(row.try_get(at + 1).during(OPERATION)?);
    let received_at = time(row.try_get(at + 2).during(OPERATION)?);
    let item = NewAssessment::from_text(row.try_get(at + 3).during(OPERATION)?);
    let item = item.map_err(|error| corrupt(format!("feedback {id} on hold"), error))?;
    Ok((row.try_get(at).during(OPERATION)?, PendingFeedback { item, received_at }))
}

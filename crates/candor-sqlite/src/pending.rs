//! Verdicts that wait for their trace.

use candor_filter::{PageToken, PageTokenError, SortValue};
use candor_model::AssessmentId;
use candor_store::{NewAssessment, Page, PendingFeedback, PendingQuery, Result, StoreError, TargetRef};
use rusqlite::{Connection, params};

use crate::convert::time;
use crate::error::During;
use crate::statements::Statements;
use crate::{assessments, search, targets};

pub(crate) fn hold(connection: &Connection, item: NewAssessment) -> Result<PendingFeedback> {
    const OPERATION: &str = "hold feedback";
    const INSERT: &str = "INSERT INTO pending_feedback (assessment_id, received_ms, item) VALUES (?, ?, ?)";
    const INSERT_REF: &str = "INSERT OR IGNORE INTO pending_refs VALUES (?, ?, ?)";
    let held = PendingFeedback::new(item);
    let row = params![held.item.id.as_bytes(), held.received_at.as_millis(), held.item.to_text()];
    connection.run(INSERT, row).during(OPERATION)?;
    let pk = connection.last_insert_rowid();
    for reference in &held.item.target.refs {
        connection.run(INSERT_REF, params![reference.field(), reference.value(), pk]).during(OPERATION)?;
    }
    Ok(held)
}

pub(crate) fn find(connection: &Connection, id: AssessmentId) -> Result<Option<PendingFeedback>> {
    const SELECT: &str = "SELECT item, received_ms FROM pending_feedback WHERE assessment_id = ?";
    let found = connection.first(SELECT, [id.as_bytes()], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)));
    let found = found.during("read feedback on hold")?;
    found.map(|(text, received_ms)| read(&text, received_ms, id)).transpose()
}

/// Attaches what waited for one of the ids of traces that just landed, in the order it came.
///
/// What is refused or fits several traces stays where it is.
pub(crate) fn attach(connection: &Connection, landed: &[TargetRef]) -> Result<()> {
    const OPERATION: &str = "attach feedback on hold";
    let any = connection.first("SELECT 1 FROM pending_feedback LIMIT 1", [], |_| Ok(())).during(OPERATION)?;
    if any.is_none() {
        return Ok(()); // nearly always
    }
    let mut waiting: Vec<i64> = Vec::new();
    for reference in landed {
        const SELECT: &str = "SELECT pending_pk FROM pending_refs WHERE field = ? AND value = ?";
        let named = params![reference.field(), reference.value()];
        let found: Vec<i64> = connection.all(SELECT, named, |row| row.get(0)).during(OPERATION)?;
        waiting.extend(found);
    }
    waiting.sort_unstable();
    waiting.dedup();
    for pk in waiting {
        if attach_one(connection, pk)? {
            connection.run("DELETE FROM pending_feedback WHERE pk = ?", [pk]).during(OPERATION)?;
        }
    }
    Ok(())
}

/// Whether the verdict is on its trace now.
fn attach_one(connection: &Connection, pk: i64) -> Result<bool> {
    const SELECT: &str = "SELECT item, received_ms, assessment_id FROM pending_feedback WHERE pk = ?";
    let row = connection
        .first(SELECT, [pk], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, AssessmentId::from_bytes(row.get(2)?))));
    let Some((text, received_ms, id)) = row.during("read feedback on hold")? else { return Ok(false) };
    let item = match read(&text, received_ms, id) {
        Ok(held) => held.item,
        Err(error) => {
            // It stays on hold, where a listing complains of it, and fails nobody's write.
            tracing::error!(assessment.id = %id, error = &error as &dyn std::error::Error, "unreadable feedback on hold");
            return Ok(false);
        }
    };
    let Some((found, trace)) = unless_refused(targets::resolve(connection, &item.target))?.flatten() else {
        return Ok(false);
    };
    match assessments::row::trace_of(connection, id)? {
        Some(on) => Ok(on == trace.pk), // it came with its trace, too
        None => Ok(unless_refused(assessments::attach(connection, item, found, &trace))?.is_some()),
    }
}

/// `None` for an answer that is the caller's fault; errors of the back end stay errors.
fn unless_refused<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(
            StoreError::NotFound(_)
            | StoreError::AlreadyExists { .. }
            | StoreError::Invalid { .. }
            | StoreError::Ambiguous { .. },
        ) => Ok(None),
        Err(failure) => Err(failure),
    }
}

pub(crate) const PAGE: &str = "
    SELECT item, received_ms, assessment_id, pk FROM pending_feedback
    WHERE received_ms >= ?1 AND (received_ms < ?2 OR ?2 IS NULL) AND (received_ms, pk) > (?3, ?4)
    ORDER BY received_ms, pk LIMIT ?5";

pub(crate) fn page(connection: &Connection, query: &PendingQuery) -> Result<Page<PendingFeedback>> {
    search::check_page_size(query.max_results)?;
    let query_id = query.token_id();
    let token = query.page_token.as_deref().map(|token| PageToken::decode(token, query_id)).transpose()?.flatten();
    let (after_ms, after_pk) = token.map_or(Ok((i64::MIN, i64::MIN)), |token| place(&token))?;
    let fits = |held: &PendingFeedback| {
        query.received_from.is_none_or(|from| from <= held.received_at)
            && query.received_before.is_none_or(|before| held.received_at < before)
    };
    if let Some(id) = query.id {
        let held = find(connection, id)?.filter(|held| fits(held) && after_ms == i64::MIN);
        return Ok(Page::last(held.into_iter().collect()));
    }
    let from = query.received_from.map_or(i64::MIN, |from| from.as_millis());
    let limit = i64::try_from(query.max_results).unwrap_or(i64::MAX).saturating_add(1);
    let bounds =
        params![from.max(after_ms), query.received_before.map(|before| before.as_millis()), after_ms, after_pk, limit];
    let rows: Vec<(String, i64, [u8; 16], i64)> = connection
        .all(PAGE, bounds, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .during("list feedback on hold")?;
    let more = rows.len() > query.max_results;
    let last = rows.get(..query.max_results).and_then(<[_]>::last).filter(|_| more);
    let next_page_token = last.map(|(_, received_ms, _, pk)| {
        PageToken { last: vec![SortValue::Int(*received_ms), SortValue::Int(*pk)] }.encode(query_id)
    });
    let items = rows.into_iter().take(query.max_results);
    let items = items.map(|(text, received_ms, id, _)| read(&text, received_ms, AssessmentId::from_bytes(id)));
    Ok(Page { items: items.collect::<Result<_>>()?, next_page_token })
}

fn place(token: &PageToken) -> Result<(i64, i64), PageTokenError> {
    match token.last.as_slice() {
        [SortValue::Int(received_ms), SortValue::Int(pk)] => Ok((*received_ms, *pk)),
        _ => Err(PageTokenError::Malformed),
    }
}

fn read(text: &str, received_ms: i64, id: AssessmentId) -> Result<PendingFeedback> {
    let item = NewAssessment::from_text(text)
        .map_err(|error| crate::error::corrupt(format!("feedback {id} on hold"), error))?;
    Ok(PendingFeedback { item, received_at: time(received_ms) })
}

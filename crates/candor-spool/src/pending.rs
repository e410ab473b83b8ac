//! Verdicts that were accepted and are not on their traces yet.

use candor_filter::{PageToken, PageTokenError, SortValue};
use candor_sqlite::file::{During, Statements};
use candor_store::{Page, PendingFeedback, PendingQuery, Result, StoreError};
use rusqlite::{Connection, params};

use crate::entry::{Entry, Payload};
use crate::queue;

/// Dead letters that died of something else than a missing trace will not be attached: not pending.
const PAGE: &str = "
    SELECT seq, kind, state, attempts, received_ms, payload, held_ms FROM entries
    WHERE held_ms IS NOT NULL AND held_ms >= ?1 AND (held_ms < ?2 OR ?2 IS NULL) AND (held_ms, seq) > (?3, ?4)
        AND (state <> 2 OR error_kind = 'no_trace')
    ORDER BY held_ms, seq LIMIT ?5";

const ONE: &str = "
    SELECT seq, kind, state, attempts, received_ms, payload FROM entries
    WHERE assessment_id = ? AND (state <> 2 OR error_kind = 'no_trace')";

pub(crate) fn page(connection: &Connection, query: &PendingQuery) -> Result<Page<PendingFeedback>> {
    if query.max_results == 0 {
        return Err(StoreError::Invalid { field: "max_results", reason: "must be positive".to_owned() });
    }
    let query_id = query.token_id();
    let token = query.page_token.as_deref().map(|token| PageToken::decode(token, query_id)).transpose()?.flatten();
    let (after_ms, after_seq) = token.map_or(Ok((i64::MIN, i64::MIN)), |token| place(&token))?;
    if let Some(id) = query.id {
        let entry = connection.first(ONE, [id.as_bytes()], queue::row).during("list feedback on hold")?;
        let held = entry.map(queue::read).transpose()?.and_then(held).filter(|held| {
            query.received_from.is_none_or(|from| from <= held.received_at)
                && query.received_before.is_none_or(|before| held.received_at < before)
                && after_ms == i64::MIN
        });
        return Ok(Page::last(held.into_iter().collect()));
    }
    let from = query.received_from.map_or(i64::MIN, |from| from.as_millis());
    let before = query.received_before.map(|before| before.as_millis());
    let limit = i64::try_from(query.max_results).unwrap_or(i64::MAX).saturating_add(1);
    let bounds = params![from.max(after_ms), before, after_ms, after_seq, limit];
    let rows: Vec<(queue::Columns, i64)> =
        connection.all(PAGE, bounds, |row| Ok((queue::row(row)?, row.get(6)?))).during("list feedback on hold")?;
    let more = rows.len() > query.max_results;
    let mut items = Vec::with_capacity(rows.len());
    let mut last = None;
    for (columns, held_ms) in rows.into_iter().take(query.max_results) {
        let entry = queue::read(columns)?;
        last = Some([SortValue::Int(held_ms), SortValue::Int(entry.seq)]);
        items.extend(held(entry));
    }
    let next_page_token = last.filter(|_| more).map(|last| PageToken { last: last.to_vec() }.encode(query_id));
    Ok(Page { items, next_page_token })
}

fn held(entry: Entry) -> Option<PendingFeedback> {
    match entry.payload {
        Payload::Assessment(item) => Some(PendingFeedback::new(*item)),
        _ => None,
    }
}

fn place(token: &PageToken) -> Result<(i64, i64), PageTokenError> {
    match token.last.as_slice() {
        [SortValue::Int(held_ms), SortValue::Int(seq)] => Ok((*held_ms, *seq)),
        _ => Err(PageTokenError::Malformed),
    }
}

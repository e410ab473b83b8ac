//! Pages over a server that counts rows, without repeating or skipping any when rows come and go.
//!
//! MLflow's page tokens are offsets. A walk remembers the last row besides, finds it again where it
//! has moved to, and goes on behind it.

use candor_filter::{PageToken, QueryId, SortValue};
use candor_store::Result;

/// Rows in the server's order, by their number.
pub(super) trait Rows: Sync {
    /// What a row is.
    type Row: Send;

    /// The rows of the numbers from `offset` on, `size` of them.
    fn fetch(&self, offset: usize, size: usize) -> impl Future<Output = Result<Fetched<Self::Row>>> + Send;
}

/// Rows with their numbers; those that cannot be read are left out.
pub(super) struct Fetched<T> {
    pub(super) rows: Vec<(usize, Placed<T>)>,
    /// Whether the server had fewer than it was asked for.
    pub(super) is_last: bool,
}

/// A row, and what it has under the sort keys. These end in the id, so no two rows have the same.
pub(super) struct Placed<T> {
    pub(super) place: Vec<SortValue>,
    pub(super) row: T,
}

/// A way through the rows.
pub(super) struct Walk {
    /// The number of the row to come, as far as known.
    offset: usize,
    /// The row before it.
    last: Option<Vec<SortValue>>,
    /// Of every sort key, whether the largest comes first.
    descending: Vec<bool>,
    ended: bool,
}

impl Walk {
    /// Begins, or goes on where a token of [`Walk::token`] says.
    ///
    /// # Errors
    /// [`StoreError::PageToken`](candor_store::StoreError::PageToken) for a token of another query.
    pub(super) fn begin(token: Option<&str>, query: QueryId, descending: Vec<bool>) -> Result<Self> {
        let token = token.map(|token| PageToken::decode(token, query)).transpose()?.flatten();
        let mut walk = Self { offset: 0, last: None, descending, ended: false };
        if let Some(PageToken { last }) = token {
            let mut values = last.into_iter();
            let Some(SortValue::Int(offset)) = values.next() else {
                return Err(candor_filter::PageTokenError::Malformed.into());
            };
            walk.offset = usize::try_from(offset).unwrap_or_default();
            walk.last = Some(values.collect());
        }
        Ok(walk)
    }

    /// Asks for the rows behind `place`, the one with number `offset`.
    pub(super) fn token(offset: usize, place: &[SortValue], query: QueryId) -> String {
        let offset = SortValue::Int(i64::try_from(offset + 1).unwrap_or(i64::MAX));
        PageToken { last: std::iter::once(offset).chain(place.iter().cloned()).collect() }.encode(query)
    }

    /// The next rows with their numbers; none at the end. `size` is how many the server is asked for.
    pub(super) async fn next<R: Rows>(&mut self, rows: &R, size: usize) -> Result<Vec<(usize, Placed<R::Row>)>> {
        // The last row is looked at again, to see that nothing before it has come or gone.
        let mut from = self.offset.saturating_sub(usize::from(self.last.is_some()));
        let mut goes_forward = false;
        while !self.ended {
            let Fetched { rows, is_last } = rows.fetch(from, size).await?;
            let begins_behind = match (&self.last, rows.first()) {
                (Some(last), Some((_, first))) => self.is_behind(&first.place, last),
                (Some(_), None) => true,
                (None, _) => false,
            };
            if begins_behind && from > 0 && !goes_forward {
                from = from.saturating_sub(size - 1);
                continue;
            }
            self.ended = is_last;
            let numbered: Vec<_> = rows.into_iter().filter(|(_, row)| self.is_to_come(&row.place)).collect();
            if let Some((number, row)) = numbered.last() {
                self.offset = number + 1;
                self.last = Some(row.place.clone());
                return Ok(numbered);
            }
            goes_forward = true;
            from += size - 1;
        }
        Ok(Vec::new())
    }

    fn is_to_come(&self, place: &[SortValue]) -> bool {
        self.last.as_ref().is_none_or(|last| self.is_behind(place, last))
    }

    fn is_behind(&self, place: &[SortValue], last: &[SortValue]) -> bool {
        let pairs = place.iter().zip(last).zip(&self.descending);
        pairs.map(|((a, b), descending)| a.compare(b, *descending)).find(|ordering| ordering.is_ne())
            == Some(std::cmp::Ordering::Greater)
    }
}

/// One page of the rows that `keep` lets through, which looks at a few at a time.
pub(super) struct Filled<T> {
    pub(super) items: Vec<T>,
    pub(super) next_page_token: Option<String>,
}

/// Gathers a page; a row more than it holds is looked for, so that no token leads to an empty page.
pub(super) async fn fill<R: Rows, K: Keep<R::Row>>(
    walk: &mut Walk,
    rows: &R,
    keep: &K,
    size: usize,
    query: QueryId,
    max_chunk: usize,
) -> Result<Filled<R::Row>> {
    let mut items: Vec<R::Row> = Vec::new();
    let mut end: Option<(usize, Vec<SortValue>)> = None;
    loop {
        let wanted = size.saturating_sub(items.len()).saturating_add(2);
        let chunk = if keep.is_all() { wanted.clamp(2, max_chunk) } else { max_chunk };
        let fetched = walk.next(rows, chunk).await?;
        if fetched.is_empty() {
            return Ok(Filled { items, next_page_token: None });
        }
        let mut places = Vec::with_capacity(fetched.len());
        let mut fresh = Vec::with_capacity(fetched.len());
        for (number, Placed { place, row }) in fetched {
            places.push((number, place));
            fresh.push(row);
        }
        let kept = keep.keep(&fresh).await?;
        for ((place, row), kept) in places.into_iter().zip(fresh).zip(kept) {
            if !kept {
                continue;
            }
            if items.len() == size {
                let next_page_token = end.map(|(number, place)| Walk::token(number, &place, query));
                return Ok(Filled { items, next_page_token });
            }
            items.push(row);
            end = Some(place);
        }
    }
}

/// What the server cannot be asked.
pub(super) trait Keep<T>: Sync {
    /// Whether nothing is left to check.
    fn is_all(&self) -> bool;

    /// Of each row, whether it is wanted.
    fn keep(&self, rows: &[T]) -> impl Future<Output = Result<Vec<bool>>> + Send;
}

#[cfg(test)]
mod tests;

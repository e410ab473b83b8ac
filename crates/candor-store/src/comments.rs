use candor_filter::{PageToken, PageTokenError, QueryId, SortValue};
use candor_model::{Assessment, AssessmentName, TimestampMs, TraceInfo, Value};

use crate::{Page, Result, StatsQuery, StoreError, TrackingStore, stats};

/// Which comments; the latest first, those of the same millisecond by falling id.
#[derive(Clone, Debug, PartialEq)]
pub struct CommentQuery {
    /// Which feedback.
    pub stats: StatsQuery,
    /// Only verdicts of this value.
    pub verdict: Option<bool>,
    /// Only verdicts of this name.
    pub name: Option<AssessmentName>,
    /// Only comments that have them all.
    pub words: Words,
    /// The longest page.
    pub max_results: usize,
    /// Where the page before ended.
    pub page_token: Option<String>,
}

impl CommentQuery {
    /// Whether a verdict that counts is one of them, wherever the page before ended.
    pub fn fits(&self, verdict: &Assessment) -> bool {
        let comment = verdict.rationale.as_deref().filter(|comment| !comment.trim().is_empty());
        self.verdict.is_none_or(|wanted| verdict.body.value() == Some(&Value::Bool(wanted)))
            && self.name.as_ref().is_none_or(|wanted| verdict.name == *wanted)
            && comment.is_some_and(|comment| self.words.are_in(comment))
    }

    /// Where the page before ended: time and id of its last comment.
    ///
    /// # Errors
    /// [`StoreError::PageToken`] for a token of another query.
    pub fn after(&self) -> Result<Option<(TimestampMs, String)>> {
        let token = self.page_token.as_deref().map(|token| PageToken::decode(token, self.token_id())).transpose()?;
        token.flatten().map_or(Ok(None), |token| match token.last.as_slice() {
            [SortValue::Int(ms), SortValue::Text(id)] => Ok(Some((TimestampMs::from_millis(*ms), id.clone()))),
            _ => Err(PageTokenError::Malformed.into()),
        })
    }

    /// Makes a page of what fits and stands behind the page before, in whatever order; at least
    /// `max_results` of the first and one more, when there are so many.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for pages of no comments; [`StoreError::PageToken`].
    pub fn page(&self, mut found: Vec<Assessment>) -> Result<Page<Assessment>> {
        if self.max_results == 0 {
            return Err(StoreError::Invalid { field: "max_results", reason: "must be positive".to_owned() });
        }
        if let Some(last) = self.after()? {
            found.retain(|verdict| place(verdict) < last);
        }
        found.sort_by_cached_key(|verdict| std::cmp::Reverse(place(verdict)));
        let more = found.len() > self.max_results;
        found.truncate(self.max_results);
        let next_page_token = found.last().filter(|_| more).map(|last| {
            let (time, id) = place(last);
            PageToken { last: vec![SortValue::Int(time.as_millis()), SortValue::Text(id)] }.encode(self.token_id())
        });
        Ok(Page { items: found, next_page_token })
    }

    fn token_id(&self) -> QueryId {
        let Self { stats, verdict, name, words, max_results: _, page_token: _ } = self;
        QueryId::new("comments", &format_args!("{stats:?}\n{verdict:?}\n{name:?}\n{words:?}"), 2)
    }
}

fn place(verdict: &Assessment) -> (TimestampMs, String) {
    (verdict.create_time, verdict.id.to_string())
}

/// Words that a comment must have, each of them as the beginning of one of its own, in any case.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Words(Vec<String>);

impl Words {
    /// The words of a text: its longest runs of letters and digits.
    pub fn of(text: &str) -> Self {
        Self(words(text).collect())
    }

    /// Whether a comment has them all; any comment has none.
    pub fn are_in(&self, comment: &str) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let comment: Vec<String> = words(comment).collect();
        self.0.iter().all(|wanted| comment.iter().any(|word| word.starts_with(wanted.as_str())))
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Finds comments by reading every trace that may have one.
pub(crate) async fn by_paging<S: TrackingStore + ?Sized>(store: &S, query: &CommentQuery) -> Result<Page<Assessment>> {
    let mut found = Vec::new();
    stats::paging::for_each(store, &query.stats, false, |trace| collect(&trace.info, query, &mut found)).await?;
    query.page(found)
}

/// Adds a trace's comments that fit.
pub(crate) fn collect(info: &TraceInfo, query: &CommentQuery, found: &mut Vec<Assessment>) {
    found.extend(query.stats.verdicts(info).filter(|verdict| query.fits(verdict)).cloned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_as_beginnings_in_any_case_and_order() {
        let comment = "Zu LANG, über 3 Seiten; outdated!";
        for fitting in ["", " , ", "lang", "seiten zu", "OUTDAT", "ÜBER", "3"] {
            assert!(Words::of(fitting).are_in(comment), "{fitting}");
        }
        for other in ["ang", "lang kurz", "33", "uber"] {
            assert!(!Words::of(other).are_in(comment), "{other}");
        }
    }
}

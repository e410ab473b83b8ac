use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use candor_filter::{PageToken, PageTokenError, SortValue};
use candor_model::{AssessmentId, TimestampMs};

use super::state::State;
use crate::{NewAssessment, Page, PendingFeedback, PendingQuery, Result, TargetRef};

/// When a verdict was accepted, and its number in the order of arrival.
type Place = (TimestampMs, i64);

/// The verdicts that wait for their trace.
#[derive(Default)]
pub(crate) struct Pending {
    waiting: BTreeMap<Place, PendingFeedback>,
    by_id: HashMap<AssessmentId, Place>,
    by_ref: HashMap<TargetRef, BTreeSet<Place>>,
    arrivals: i64,
}

impl Pending {
    pub(super) fn hold(&mut self, item: NewAssessment) -> PendingFeedback {
        let held = PendingFeedback::new(item);
        self.put(held.clone(), self.arrivals);
        held
    }

    /// Adds a verdict under its number in the order of arrival.
    pub(crate) fn put(&mut self, held: PendingFeedback, number: i64) {
        let place = (held.received_at, number);
        self.arrivals = self.arrivals.max(number.saturating_add(1));
        self.by_id.insert(held.item.id, place);
        for reference in &held.item.target.refs {
            self.by_ref.entry(reference.clone()).or_default().insert(place);
        }
        self.waiting.insert(place, held);
    }

    /// All of them with their numbers, in that order.
    pub(crate) fn in_order(&self) -> Vec<(i64, &PendingFeedback)> {
        let mut all: Vec<_> = self.waiting.iter().map(|((_, number), held)| (*number, held)).collect();
        all.sort_by_key(|(number, _)| *number);
        all
    }

    pub(super) fn get(&self, id: AssessmentId) -> Option<&PendingFeedback> {
        self.waiting.get(self.by_id.get(&id)?)
    }

    fn remove(&mut self, place: Place) {
        let Some(held) = self.waiting.remove(&place) else { return };
        self.by_id.remove(&held.item.id);
        for reference in &held.item.target.refs {
            if let Some(places) = self.by_ref.get_mut(reference) {
                places.remove(&place);
                if places.is_empty() {
                    self.by_ref.remove(reference);
                }
            }
        }
    }

    /// Those that name one of the ids, in the order they came.
    fn naming(&self, ids: &[TargetRef]) -> Vec<Place> {
        let places: BTreeSet<Place> = ids.iter().filter_map(|id| self.by_ref.get(id)).flatten().copied().collect();
        let mut places = Vec::from_iter(places);
        places.sort_by_key(|(_, arrival)| *arrival);
        places
    }

    pub(super) fn page(&self, query: &PendingQuery) -> Result<Page<PendingFeedback>> {
        super::check_page_size(query.max_results)?;
        let query_id = query.token_id();
        let after = match query.page_token.as_deref() {
            Some(token) => PageToken::decode(token, query_id)?.map(|token| place(&token)).transpose()?,
            None => None,
        };
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let fits = |held: &PendingFeedback| {
            query.received_from.is_none_or(|from| from <= held.received_at)
                && query.received_before.is_none_or(|before| held.received_at < before)
                && query.id.is_none_or(|id| id == held.item.id)
        };
        let mut fitting = self.waiting.range((after, Bound::Unbounded)).filter(|(_, held)| fits(held));
        let page: Vec<_> = fitting.by_ref().take(query.max_results).collect();
        let next_page_token = fitting.next().and(page.last()).map(|(last, _)| token(**last).encode(query_id));
        Ok(Page { items: page.into_iter().map(|(_, held)| held.clone()).collect(), next_page_token })
    }
}

fn token((received_at, arrival): Place) -> PageToken {
    PageToken { last: vec![SortValue::Int(received_at.as_millis()), SortValue::Int(arrival)] }
}

fn place(token: &PageToken) -> Result<Place, PageTokenError> {
    match token.last.as_slice() {
        [SortValue::Int(received_at), SortValue::Int(arrival)] => {
            Ok((TimestampMs::from_millis(*received_at), *arrival))
        }
        _ => Err(PageTokenError::Malformed),
    }
}

impl State {
    /// Attaches what waited for one of the ids of traces that just landed.
    ///
    /// What fails or fits several traces stays where it is.
    pub(super) fn attach_pending(&mut self, landed: &[TargetRef]) {
        for place in self.pending.naming(landed) {
            let Some(held) = self.pending.waiting.get(&place) else { continue };
            let Ok(Some(found)) = self.resolve(&held.item.target) else { continue };
            let item = held.item.clone();
            let attached = match self.assessments.get(&item.id) {
                Some(trace) => *trace == found.trace_id, // it came with its trace, too
                None => self.attach(item, found).is_ok(),
            };
            if attached {
                self.pending.remove(place);
            }
        }
    }
}

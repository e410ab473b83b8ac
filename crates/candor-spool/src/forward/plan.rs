//! Which entries may be sent at the same time.

use std::collections::HashMap;

use candor_model::AssessmentId;
use candor_store::TargetRef;

use crate::entry::{Entry, Payload};

/// Entries of one round, divided.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Each lane is sent in order; lanes share no trace, so that they may run side by side.
    pub(super) lanes: Vec<Vec<Entry>>,
    /// Entries whose turn comes after that of an earlier one.
    pub(super) behind: Vec<Behind>,
}

/// An entry that goes after another.
#[derive(Debug)]
pub(super) struct Behind {
    pub(super) entry: Entry,
    /// The number of the other.
    pub(super) on: i64,
    /// Whether the two wait for the same trace, if the other waits; else only the order is to be kept.
    pub(super) waits_along: bool,
}

/// Divides entries, which stand in order, into at most so many lanes.
///
/// `waits` says whether anything waits for traces.
pub(super) fn plan(entries: Vec<Entry>, lanes: usize, waits: bool) -> Plan {
    let mut by_id: HashMap<Id, Vec<usize>> = HashMap::new();
    let mut blockers: Vec<Option<(i64, bool)>> = Vec::with_capacity(entries.len());
    for (n, entry) in entries.iter().enumerate() {
        let ids = ids(&entry.payload);
        let earlier = || ids.iter().filter_map(|id| by_id.get(id)).flatten();
        let hangs = earlier().filter(|other| entry.payload.hangs_on(&entries[**other].payload, waits)).max();
        let follows = earlier().filter(|other| blockers[**other].is_some()).max();
        let waits_along = hangs.is_some_and(|other| same_target(&entry.payload, &entries[*other].payload));
        blockers.push(hangs.or(follows).map(|other| (entries[*other].seq, waits_along)));
        for id in ids {
            by_id.entry(id).or_default().push(n);
        }
    }
    let mut groups = Groups::default();
    let (mut ahead, mut behind) = (Vec::new(), Vec::new());
    for (entry, blocker) in entries.into_iter().zip(blockers) {
        match blocker {
            Some((on, waits_along)) => behind.push(Behind { entry, on, waits_along }),
            None => {
                let group = groups.of(ids(&entry.payload));
                ahead.push((entry, group));
            }
        }
    }
    let lanes = lanes.max(1);
    let mut plan = Plan { lanes: Vec::new(), behind };
    let mut lane_of: HashMap<usize, usize> = HashMap::new();
    for (entry, group) in ahead {
        let next = lane_of.len() % lanes;
        let lane = *lane_of.entry(groups.root(group)).or_insert(next);
        if plan.lanes.len() <= lane {
            plan.lanes.resize_with(lane + 1, Vec::new);
        }
        plan.lanes[lane].push(entry);
    }
    plan
}

fn same_target(one: &Payload, other: &Payload) -> bool {
    let target = |payload: &Payload| payload.assessment().map(|item| item.target.clone());
    target(one).is_some_and(|one| target(other) == Some(one))
}

/// An id by which entries have to do with each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Id {
    Target(TargetRef),
    /// Of two assessments of one id the first is the one that stays.
    Assessment(AssessmentId),
}

fn ids(payload: &Payload) -> Vec<Id> {
    let assessments: Vec<AssessmentId> = match payload {
        Payload::Assessment(item) => vec![item.id],
        Payload::Trace(info) => info.assessments.iter().map(|assessment| assessment.id).collect(),
        Payload::Spans(_) | Payload::Tag(..) => Vec::new(),
    };
    let targets = payload.refs().into_iter().map(Id::Target);
    targets.chain(assessments.into_iter().map(Id::Assessment)).collect()
}

/// Entries that share an id, directly or through others, are one group.
#[derive(Debug, Default)]
struct Groups {
    parents: Vec<usize>,
    by_id: HashMap<Id, usize>,
}

impl Groups {
    /// The group of an entry with these ids, which joins those that share one of them.
    fn of(&mut self, ids: Vec<Id>) -> usize {
        let own = self.parents.len();
        self.parents.push(own);
        for id in ids {
            match self.by_id.get(&id).copied() {
                Some(other) => {
                    let (own, other) = (self.root(own), self.root(other));
                    self.parents[own.max(other)] = own.min(other);
                }
                None => drop(self.by_id.insert(id, own)),
            }
        }
        own
    }

    fn root(&self, mut group: usize) -> usize {
        while self.parents[group] != group {
            group = self.parents[group];
        }
        group
    }
}

#[cfg(test)]
mod tests {
    use candor_model::TimestampMs;
    use candor_store::NewAssessment;
    use candor_store::conformance::samples;

    use super::*;
    use crate::entry::EntryState;

    fn entry(seq: i64, payload: Payload) -> Entry {
        Entry { seq, state: EntryState::Queued, attempts: 0, received: TimestampMs::from_millis(0), payload }
    }

    fn assessment(seq: i64, item: NewAssessment) -> Entry {
        entry(seq, Payload::Assessment(Box::new(item)))
    }

    fn seqs(lanes: &[Vec<Entry>]) -> Vec<Vec<i64>> {
        lanes.iter().map(|lane| lane.iter().map(|entry| entry.seq).collect()).collect()
    }

    #[test]
    fn writes_to_one_trace_share_a_lane_and_others_do_not() {
        let by_request =
            candor_store::Target { refs: vec![TargetRef::ClientRequest("req-1".parse().unwrap())], experiment: None };
        let entries = vec![
            entry(1, Payload::Trace(Box::new(samples::trace_of_request(1, "req-1")))),
            entry(2, Payload::Trace(Box::new(samples::trace(2)))),
            assessment(3, samples::verdict(3, by_request, "ann", true)),
            entry(4, Payload::Spans(samples::batch(vec![samples::root(2, 1), samples::root(3, 1)]))),
            assessment(5, samples::verdict(5, samples::trace_id(3), "ann", true)),
        ];
        assert_eq!(seqs(&plan(entries, 8, false).lanes), [vec![1, 3], vec![2, 4, 5]]);
    }

    #[test]
    fn lanes_are_no_more_than_asked_for() {
        let entries =
            (1..=5).map(|n| assessment(n, samples::verdict(n as u32, samples::trace_id(n as u32), "ann", true)));
        let lanes = plan(entries.collect(), 2, false).lanes;
        assert_eq!(seqs(&lanes), [vec![1, 3, 5], vec![2, 4]]);
    }

    #[test]
    fn a_verdict_goes_after_the_one_that_it_replaces() {
        let trace = samples::trace_id(1);
        let entries = vec![
            assessment(1, samples::superseding(1, trace, "ann", true)),
            assessment(2, samples::superseding(2, trace, "bob", true)),
            assessment(3, samples::superseding(3, trace, "ann", false)),
            assessment(4, samples::superseding(4, trace, "eve", false)),
        ];
        let plan = plan(entries, 8, false);
        assert_eq!(seqs(&plan.lanes), [vec![1, 2]]);
        let behind: Vec<_> = plan.behind.iter().map(|one| (one.entry.seq, one.on, one.waits_along)).collect();
        assert_eq!(behind, [(3, 1, true), (4, 3, false)], "and none overtakes it");
    }
}

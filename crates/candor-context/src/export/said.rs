use std::collections::{HashMap, VecDeque};

use candor_model::TraceId;

use crate::TraceUpdate;

/// What was said of traces whose first span in this process has not ended; the oldest is forgotten.
#[derive(Debug, Default)]
pub(super) struct Said {
    updates: HashMap<TraceId, Box<TraceUpdate>>,
    order: VecDeque<TraceId>,
}

/// The most traces that are open at once and have something said of them.
///
/// A trace whose first span never ends must not be remembered for ever.
const MAX_OPEN_TRACES: usize = 65_536;

impl Said {
    pub(super) fn add(&mut self, trace_id: TraceId, update: Box<TraceUpdate>) {
        if let Some(earlier) = self.updates.get_mut(&trace_id) {
            earlier.merge(*update);
            return;
        }
        while self.updates.len() >= MAX_OPEN_TRACES
            && let Some(oldest) = self.order.pop_front()
        {
            self.updates.remove(&oldest);
        }
        self.updates.insert(trace_id, update);
        self.order.push_back(trace_id);
    }

    pub(super) fn take(&mut self, trace_id: TraceId) -> Option<Box<TraceUpdate>> {
        let update = self.updates.remove(&trace_id)?;
        // Traces end in about the order they begin: what is gone stands at the front, mostly.
        while self.order.front().is_some_and(|id| !self.updates.contains_key(id)) {
            self.order.pop_front();
        }
        if self.order.len() > 2 * self.updates.len() + 1024 {
            self.order.retain(|id| self.updates.contains_key(id));
        }
        Some(update)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> TraceId {
        TraceId::from_bytes((n as u128).to_be_bytes())
    }

    #[test]
    fn what_was_said_in_parts_is_taken_at_once_and_only_once() {
        let mut said = Said::default();
        said.add(id(1), Box::new(TraceUpdate::new().user("ada")));
        said.add(id(1), Box::new(TraceUpdate::new().session("s")));
        assert_eq!(said.take(id(1)), Some(Box::new(TraceUpdate::new().user("ada").session("s"))));
        assert_eq!(said.take(id(1)), None);
    }

    #[test]
    fn traces_that_never_end_are_forgotten_oldest_first() {
        let mut said = Said::default();
        for n in 0..MAX_OPEN_TRACES + 10 {
            said.add(id(n), Box::default());
        }
        assert_eq!(said.take(id(9)), None);
        assert!(said.take(id(10)).is_some());
        assert!(said.take(id(MAX_OPEN_TRACES + 9)).is_some());
        assert!(said.order.len() <= MAX_OPEN_TRACES);
    }
}

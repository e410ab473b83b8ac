use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::Event;
use candor_model::{AssessmentName, ExperimentId, SourceType};
use candor_store::{Arrival, DynTrackingStore, StoreError};
use futures_util::{Stream, stream};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::Closing;
use crate::feedback::view::FeedbackView;

/// How many verdicts are read at once.
const PORTION: usize = 100;
/// The most verdicts that a stream makes up for.
const MAX_BEHIND: usize = 1000;
/// How long to wait after the store failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Which verdicts a stream shows.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) experiment: Option<ExperimentId>,
    pub(super) sources: Vec<SourceType>,
    pub(super) name: Option<AssessmentName>,
}

impl Wanted {
    fn fits(&self, arrival: &Arrival) -> bool {
        self.experiment.is_none_or(|wanted| arrival.experiment == wanted)
            && self.sources.contains(&arrival.feedback.source.source_type)
            && self.name.as_ref().is_none_or(|wanted| arrival.feedback.name == *wanted)
    }
}

/// One open connection.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) store: Arc<DynTrackingStore>,
    pub(super) closing: Closing,
    pub(super) ticks: watch::Receiver<u64>,
    pub(super) wanted: Wanted,
    /// Given back when the stream ends.
    #[expect(dead_code, reason = "held for its Drop")]
    pub(super) permit: OwnedSemaphorePermit,
}

#[derive(Debug, Serialize)]
struct LiveView {
    experiment_id: String,
    feedback: FeedbackView,
}

struct Place {
    listener: Listener,
    /// The number of the last verdict read.
    last: u64,
    waiting: VecDeque<Event>,
}

impl Listener {
    /// The events behind the one of number `after`, or from now on.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn begin(
        self,
        after: Option<u64>,
    ) -> Result<impl Stream<Item = Result<Event, Infallible>>, StoreError> {
        let latest = self.store.feedback_since(None, 0).await?.next;
        let (last, first) = match after {
            None => (latest, event("ready", latest).data("{}")),
            Some(after) if after <= latest && !self.is_far_behind(after).await? => {
                (after, event("ready", after).data("{}"))
            }
            Some(_) => (latest, event("gap", latest).data("{}")),
        };
        let place = Place { listener: self, last, waiting: VecDeque::from([first]) };
        Ok(stream::unfold(place, async |mut place| {
            let event = place.next().await?;
            Some((Ok(event), place))
        }))
    }

    async fn is_far_behind(&self, after: u64) -> Result<bool, StoreError> {
        Ok(self.store.feedback_since(Some(after), MAX_BEHIND + 1).await?.items.len() > MAX_BEHIND)
    }
}

impl Place {
    /// `None` when the service is about to stop.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            self.listener.ticks.mark_unchanged(); // before reading, or what comes meanwhile is missed
            if self.read().await {
                continue;
            }
            tokio::select! {
                () = self.listener.closing.begun() => return None,
                changed = self.listener.ticks.changed() => changed.ok()?,
            }
        }
    }

    /// Reads on; whether there may be more.
    async fn read(&mut self) -> bool {
        let arrivals = match self.listener.store.feedback_since(Some(self.last), PORTION).await {
            Ok(arrivals) => arrivals,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot read new feedback");
                tokio::time::sleep(PAUSE).await;
                self.waiting.push_back(Event::default().comment("the store cannot be read now"));
                return true;
            }
        };
        let mut shown = self.last;
        self.last = arrivals.next;
        for arrival in arrivals.items.iter().filter(|arrival| self.listener.wanted.fits(arrival)) {
            let view = LiveView {
                experiment_id: arrival.experiment.to_string(),
                feedback: FeedbackView::from(&arrival.feedback),
            };
            match event("feedback", arrival.number).json_data(&view) {
                Ok(event) => {
                    shown = arrival.number;
                    self.waiting.push_back(event);
                }
                Err(error) => tracing::error!(%error, "cannot show feedback"),
            }
        }
        if shown != self.last {
            // An id without data moves a browser's place without waking the page.
            self.waiting.push_back(Event::default().id(self.last.to_string()));
        }
        !arrivals.items.is_empty()
    }
}

/// An event that has no data yet.
fn event(name: &str, number: u64) -> Event {
    Event::default().event(name).id(number.to_string())
}

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use candor_model::{Assessment, AssessmentId, Experiment, ExperimentId, TimestampMs, Trace, TraceId, TraceInfo, keys};
use candor_sqlite::SqliteOptions;
use candor_sqlite::file::SqliteFile;
use candor_store::metrics::{MetricPoint, MetricsQuery};
use candor_store::target::Resolved;
use candor_store::{
    Arrivals, AssessmentUpdate, Capabilities, CommentQuery, DynTrackingStore, ExperimentChange, ExperimentKey,
    ExperimentQuery, FeedbackStats, Gaps, Logged, NewAssessment, NewExperiment, Overlap, OverlapQuery, Page,
    PendingFeedback, PendingQuery, Result, Segment, SegmentQuery, SeriesQuery, SpanBatch, StatsQuery, StoreError,
    TagChange, Target, TargetRef, TraceLink, TraceQuery, TraceSelection, TrackingStore, TrackingStoreExt, ValueCount,
    WhenMissing,
};
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::callers::{Answer, Callers};
use crate::entry::{Entry, EntryState, Payload, assessment_id};
use crate::schema::LAYOUT;
use crate::shared::Shared;
use crate::{OpenError, SpoolOptions, forward, metrics, pending, queue};

/// The name of the spool in errors.
const NAME: &str = "spool";
/// A guess of how long a full spool takes to make room.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// How long closing waits for calls to the back end that are under way.
const GRACE: Duration = Duration::from_secs(10);

/// A durable queue in front of a tracking store; see the [crate's docs](crate).
///
/// [`close`](TrackingStore::close) also closes the store behind it.
#[derive(Debug)]
pub struct Spool {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    forwarder: Mutex<Option<JoinHandle<()>>>,
}

impl Spool {
    /// Opens the file, makes it if there is none, and begins to forward what is in it to `inner`.
    ///
    /// Must be called within a tokio runtime. One process at a time may open a file so;
    /// [`SpoolFile`](crate::SpoolFile) looks at it meanwhile.
    ///
    /// # Errors
    /// [`OpenError`] tells path, cause and, where one is known, the remedy.
    pub fn open(path: &Path, inner: Arc<DynTrackingStore>, options: SpoolOptions) -> Result<Self, OpenError> {
        let file = SqliteFile::open(path, &LAYOUT, &SqliteOptions::default())?;
        let shared = Arc::new(Shared::new(file, inner, options));
        let (stop, stopped) = watch::channel(false);
        let forwarder = tokio::spawn(forward::run(Arc::clone(&shared), stopped));
        Ok(Self { shared, stop, forwarder: Mutex::new(Some(forwarder)) })
    }

    /// Whether the back end answered when it was last asked.
    pub fn is_backend_up(&self) -> bool {
        self.shared.is_up()
    }

    /// Makes entries durable and returns what is known of each.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] when the spool is full; those of the file. Nothing was written then.
    async fn submit(&self, payloads: Vec<Payload>) -> Result<Vec<Submitted>> {
        let texts: Vec<String> = payloads.iter().map(Payload::to_text).collect();
        let (max_entries, max_bytes) = (self.shared.options.max_entries, self.shared.options.max_bytes);
        let (callers, queued, now) = (Arc::clone(&self.shared.callers), self.shared.queued(), self.shared.now());
        let write = move |connection: &Connection| {
            let before = queue::totals(connection)?;
            let bytes: usize = texts.iter().map(String::len).sum();
            if before.entries() + payloads.len() as u64 > max_entries || before.bytes + bytes as u64 > max_bytes {
                metrics::refused();
                let waiting = usize::try_from(before.entries()).unwrap_or(usize::MAX);
                return Err(StoreError::Overloaded { backend: NAME, waiting, retry_after: RETRY_AFTER });
            }
            let mut submitted = Vec::with_capacity(payloads.len());
            for (payload, text) in payloads.iter().zip(&texts) {
                submitted.push(enqueue(connection, payload, text, now, &callers)?);
            }
            queued.fetch_max(before.queued + payloads.len() as u64, Ordering::SeqCst);
            Ok(submitted)
        };
        let submitted = self.shared.file.write("spool a write", write).await?;
        self.shared.work.notify_one();
        Ok(submitted)
    }

    /// What the back end says of an entry, or that it is accepted.
    async fn hear(&self, new: NewEntry, deadline: Instant) -> Answer {
        let NewEntry { seq, mut answer } = new;
        if self.shared.is_up()
            && let Ok(heard) = tokio::time::timeout_at(deadline, &mut answer).await
        {
            return heard.unwrap_or(Answer::Accepted); // the forwarder has ended
        }
        match self.shared.callers.take(seq) {
            Some(_) => Answer::Accepted,
            None => answer.await.unwrap_or(Answer::Accepted), // it is being answered
        }
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.shared.options.patience
    }

    /// What becomes of an assessment that was just handed in.
    async fn logged(&self, item: NewAssessment, new: NewEntry, deadline: Instant) -> Result<Logged> {
        match self.hear(new, deadline).await {
            Answer::Logged(logged) => Ok(*logged),
            Answer::Refused(error) => Err(error),
            _ => Ok(accepted(item)),
        }
    }

    /// What becomes of an assessment whose id is in the spool already.
    async fn again(&self, item: NewAssessment, known: Entry, deadline: Instant) -> Result<Logged> {
        let Payload::Assessment(held) = known.payload else { return Err(taken(item.id)) };
        let while_held = |held: NewAssessment| match held.target == item.target {
            true => Ok(accepted(held)),
            false => Err(taken(held.id)),
        };
        let mut progress = self.shared.progress.subscribe();
        loop {
            let id = item.id;
            let find = move |connection: &Connection| queue::find_assessment(connection, id);
            match self.shared.file.read("look a verdict up", find).await? {
                None => break,
                Some(entry) if entry.state == EntryState::Queued && self.shared.is_up() => {
                    if !matches!(tokio::time::timeout_at(deadline, progress.changed()).await, Ok(Ok(()))) {
                        return while_held(*held);
                    }
                }
                Some(_) => return while_held(*held),
            }
        }
        // It is on its trace by now, where the back end finds it by its id, or was refused.
        let now = NewAssessment { when_missing: WhenMissing::Fail, ..item.clone() };
        for failures in 0.. {
            let pause = self.shared.pause(failures);
            match self.shared.inner.log_assessment(now.clone()).await {
                Err(error) if error.is_retryable() && Instant::now() + pause < deadline => {
                    tokio::time::sleep(pause).await;
                }
                Err(StoreError::NotFound(_)) if item.when_missing == WhenMissing::Hold => {
                    let payload = Payload::Assessment(Box::new(item.clone()));
                    return match self.submit(vec![payload]).await?.pop() {
                        Some(Submitted::New(new)) => self.logged(item, new, deadline).await,
                        Some(Submitted::Known(_)) => Ok(accepted(item)),
                        None => Err(no_answer()),
                    };
                }
                answer => return answer,
            }
        }
        Err(no_answer())
    }

    async fn straight(&self, traces: &[TraceId]) -> Result<&DynTrackingStore> {
        self.shared.settled(traces.iter().copied().map(TargetRef::Trace).collect()).await?;
        Ok(self.shared.inner.as_ref())
    }

    /// Submits one entry that is answered with nothing.
    async fn submit_plain(&self, payload: Payload) -> Result<()> {
        let deadline = self.deadline();
        let Some(Submitted::New(new)) = self.submit(vec![payload]).await?.pop() else { return Err(no_answer()) };
        match self.hear(new, deadline).await {
            Answer::Refused(error) => Err(error),
            _ => Ok(()),
        }
    }
}

/// What is known of a write that was handed in.
#[derive(Debug)]
enum Submitted {
    New(NewEntry),
    /// The assessment's id is in the spool already.
    Known(Box<Entry>),
}

/// An entry that was just made.
#[derive(Debug)]
struct NewEntry {
    seq: i64,
    answer: oneshot::Receiver<Answer>,
}

fn enqueue(
    connection: &Connection,
    payload: &Payload,
    text: &str,
    now: TimestampMs,
    callers: &Callers,
) -> Result<Submitted> {
    if let Some(id) = assessment_id(payload)
        && let Some(known) = queue::find_assessment(connection, id)?
    {
        if known.state == EntryState::Dead {
            queue::requeue(connection, known.seq)?; // who asks again wants it tried again
        }
        return Ok(Submitted::Known(Box::new(known)));
    }
    let seq = queue::insert(connection, payload, text, now)?;
    let (caller, answer) = oneshot::channel();
    callers.announce(seq, caller);
    Ok(Submitted::New(NewEntry { seq, answer }))
}

/// The answer for an assessment of which no more is known than that it is durable.
fn accepted(item: NewAssessment) -> Logged {
    let named = item.target.refs.iter().find_map(|reference| match reference {
        TargetRef::Trace(id) => Some(*id),
        _ => None,
    });
    match (item.when_missing, named) {
        // Its caller cannot be told that it waits, and knows the trace.
        (WhenMissing::Fail, Some(trace)) => Logged::Created(item.on_trace(trace)),
        _ => Logged::Pending(Box::new(PendingFeedback::new(item))),
    }
}

fn taken(id: AssessmentId) -> StoreError {
    StoreError::AlreadyExists { what: format!("assessment {id}") }
}

fn no_answer() -> StoreError {
    StoreError::Backend { backend: NAME, operation: "answer for every item of a batch", source: "no answer".into() }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl TrackingStore for Spool {
    fn capabilities(&self) -> Capabilities {
        let inner = self.shared.inner.capabilities();
        // What waits here does not know of the ids that come along with traces.
        Capabilities { holds_feedback: true, gaps: Gaps { ids_by_trace: true, ..inner.gaps }, ..inner }
    }

    async fn create_experiment(&self, new: NewExperiment) -> Result<ExperimentId> {
        self.shared.inner.create_experiment(new).await
    }

    async fn get_experiment(&self, key: &ExperimentKey) -> Result<Option<Experiment>> {
        self.shared.inner.get_experiment(key).await
    }

    async fn search_experiments(&self, query: &ExperimentQuery) -> Result<Page<Experiment>> {
        self.shared.inner.search_experiments(query).await
    }

    async fn update_experiment(&self, id: ExperimentId, change: ExperimentChange, at: TimestampMs) -> Result<()> {
        self.shared.inner.update_experiment(id, change, at).await
    }

    async fn start_traces(&self, infos: Vec<TraceInfo>) -> Result<Vec<Result<TraceInfo>>> {
        let deadline = self.deadline();
        let payloads = infos.iter().map(|info| Payload::Trace(Box::new(info.clone()))).collect();
        let submitted = self.submit(payloads).await?;
        let mut answers = Vec::with_capacity(infos.len());
        for (mut info, submitted) in infos.into_iter().zip(submitted) {
            let Submitted::New(new) = submitted else { return Err(no_answer()) };
            answers.push(match self.hear(new, deadline).await {
                Answer::Started(info) => Ok(*info),
                Answer::Refused(error) => Err(error),
                _ => {
                    // Clients that do not read this in the answer upload the spans a second time, as a file.
                    info.tags.insert(keys::SPANS_LOCATION.to_owned(), keys::TRACKING_STORE.to_owned());
                    Ok(info)
                }
            });
        }
        Ok(answers)
    }

    async fn log_spans(&self, batch: SpanBatch) -> Result<()> {
        self.submit_plain(Payload::Spans(batch)).await
    }

    async fn get_traces(&self, ids: &[TraceId], with_spans: bool) -> Result<Vec<Trace>> {
        self.straight(ids).await?.get_traces(ids, with_spans).await
    }

    async fn search_traces(&self, query: &TraceQuery) -> Result<Page<TraceInfo>> {
        self.shared.inner.search_traces(query).await
    }

    async fn update_trace_tag(&self, id: TraceId, change: TagChange) -> Result<()> {
        self.submit_plain(Payload::Tag(id, change)).await
    }

    async fn delete_traces(&self, experiment: ExperimentId, selection: TraceSelection) -> Result<u64> {
        let ids = match &selection {
            TraceSelection::Ids(ids) => ids.as_slice(),
            TraceSelection::Until { .. } => &[],
        };
        self.straight(ids).await?.delete_traces(experiment, selection.clone()).await
    }

    async fn link_traces(&self, ids: &[TraceId], link: TraceLink) -> Result<()> {
        self.straight(ids).await?.link_traces(ids, link).await
    }

    async fn resolve_target(&self, target: &Target) -> Result<Option<Resolved>> {
        self.shared.settled(target.refs.clone()).await?;
        self.shared.inner.resolve_target(target).await
    }

    async fn log_assessments(&self, items: Vec<NewAssessment>) -> Result<Vec<Result<Logged>>> {
        let deadline = self.deadline();
        let sound: Vec<&NewAssessment> = items.iter().filter(|item| !item.target.refs.is_empty()).collect();
        let payloads = sound.into_iter().map(|item| Payload::Assessment(Box::new(item.clone()))).collect();
        let mut submitted = self.submit(payloads).await?.into_iter();
        let mut answers = Vec::with_capacity(items.len());
        for item in items {
            if item.target.refs.is_empty() {
                answers.push(Err(StoreError::Invalid { field: "target", reason: "names no trace".to_owned() }));
                continue;
            }
            answers.push(match submitted.next() {
                Some(Submitted::New(new)) => self.logged(item, new, deadline).await,
                Some(Submitted::Known(known)) => self.again(item, *known, deadline).await,
                None => Err(no_answer()),
            });
        }
        Ok(answers)
    }

    async fn update_assessment(
        &self,
        trace: TraceId,
        id: AssessmentId,
        update: AssessmentUpdate,
        at: TimestampMs,
    ) -> Result<Assessment> {
        self.straight(&[trace]).await?.update_assessment(trace, id, update, at).await
    }

    async fn delete_assessment(&self, trace: TraceId, id: AssessmentId) -> Result<bool> {
        self.straight(&[trace]).await?.delete_assessment(trace, id).await
    }

    async fn pending_feedback(&self, query: &PendingQuery) -> Result<Page<PendingFeedback>> {
        let query = query.clone();
        self.shared.file.read("list feedback on hold", move |connection| pending::page(connection, &query)).await
    }

    async fn get_assessment(&self, trace: TraceId, id: AssessmentId) -> Result<Assessment> {
        self.straight(&[trace]).await?.get_assessment(trace, id).await
    }

    async fn close(&self) -> Result<()> {
        let _ = self.stop.send(true); // the forwarder may have ended
        let forwarder = self.forwarder.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut forwarder) = forwarder
            && tokio::time::timeout(GRACE, &mut forwarder).await.is_err()
        {
            forwarder.abort(); // what it was sending is still in the file
            tracing::warn!("the back end did not answer in time; what is not forwarded stays in the spool");
        }
        self.shared.callers.release_all();
        self.shared.file.close().await;
        self.shared.inner.close().await
    }

    async fn feedback_stats(&self, query: &StatsQuery) -> Result<FeedbackStats> {
        self.shared.inner.feedback_stats(query).await
    }

    async fn feedback_series(&self, query: &SeriesQuery) -> Result<Vec<FeedbackStats>> {
        self.shared.inner.feedback_series(query).await
    }

    async fn feedback_values(&self, query: &StatsQuery) -> Result<Vec<ValueCount>> {
        self.shared.inner.feedback_values(query).await
    }

    async fn feedback_segments(&self, query: &SegmentQuery) -> Result<Vec<Segment>> {
        self.shared.inner.feedback_segments(query).await
    }

    async fn feedback_comments(&self, query: &CommentQuery) -> Result<Page<Assessment>> {
        self.shared.inner.feedback_comments(query).await
    }

    async fn feedback_since(&self, after: Option<u64>, max: usize) -> Result<Arrivals> {
        self.shared.inner.feedback_since(after, max).await
    }

    async fn feedback_arrived(&self, after: u64) -> Result<()> {
        self.shared.inner.feedback_arrived(after).await
    }

    async fn trace_metrics(&self, query: &MetricsQuery) -> Result<Vec<MetricPoint>> {
        self.shared.inner.trace_metrics(query).await
    }

    async fn filter_overlap(&self, query: &OverlapQuery) -> Result<Overlap> {
        self.shared.inner.filter_overlap(query).await
    }
}

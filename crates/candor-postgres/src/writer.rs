//! Writes: what waits at the same time shares a transaction, and is answered after its commit.

mod batch;
mod connections;
mod job;
mod load;
mod months;
mod save;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use candor_store::{Result, StoreError};
use sqlx::PgPool;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::PostgresOptions;
use crate::error::{BACKEND, closed};
use crate::partitions::Partitions;
use batch::Shared;
use connections::Connections;
pub(crate) use job::{Job, Work};
use months::RecentMonths;

/// A guess of how long a full queue takes to make room.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The way to the writers; what was accepted is done even if the store is dropped.
///
/// Verdicts go one way: their transactions take turns at the row that numbers them, so that one at a
/// time with all that wait is faster than several with a part each. Traces and spans go another, in
/// several transactions at a time.
#[derive(Debug)]
pub(crate) struct Writer {
    verdicts: Lane,
    landing: Lane,
}

impl Writer {
    pub(crate) fn start(pool: &PgPool, partitions: &Arc<Partitions>, options: &PostgresOptions) -> Self {
        let lane = |writers| Lane::start(pool.clone(), Arc::clone(partitions), writers, options);
        Self { verdicts: lane(1), landing: lane(options.writers.max(1)) }
    }

    /// Hands work over and waits for its answer, which comes after the commit.
    ///
    /// The work is done even if the caller goes away meanwhile.
    pub(crate) async fn call<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T>>) -> Job) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let job = job(reply);
        let lane = if job.lands() { &self.landing } else { &self.verdicts };
        lane.enqueue(job)?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// The number of calls that wait, those of running transactions not among them.
    pub(crate) fn queue_depth(&self) -> usize {
        self.verdicts.depth() + self.landing.depth()
    }

    /// Takes no more calls and waits until those accepted are done.
    pub(crate) async fn finish(&self) {
        self.landing.finish().await;
        self.verdicts.finish().await;
    }
}

#[derive(Debug)]
struct Lane {
    queue: Mutex<Option<mpsc::Sender<Job>>>,
    dispatcher: Mutex<Option<JoinHandle<()>>>,
    capacity: usize,
}

impl Lane {
    fn start(pool: PgPool, partitions: Arc<Partitions>, writers: usize, options: &PostgresOptions) -> Self {
        let capacity = options.queue_calls.max(1);
        let (queue, waiting) = mpsc::channel(capacity);
        let shared = Shared { connections: Connections::new(pool), partitions, recent: RecentMonths::default() };
        let dispatcher = Dispatcher { shared: Arc::new(shared), writers, batch_calls: options.batch_calls.max(1) };
        let dispatcher = tokio::spawn(dispatcher.run(waiting));
        Self { queue: Mutex::new(Some(queue)), dispatcher: Mutex::new(Some(dispatcher)), capacity }
    }

    fn enqueue(&self, job: Job) -> Result<()> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queue.as_ref().ok_or_else(closed)?;
        queue.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                StoreError::Overloaded { backend: BACKEND, waiting: self.capacity, retry_after: RETRY_AFTER }
            }
            mpsc::error::TrySendError::Closed(_) => closed(),
        })
    }

    fn depth(&self) -> usize {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.as_ref().map_or(0, |queue| queue.max_capacity() - queue.capacity())
    }

    async fn finish(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let dispatcher = self.dispatcher.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(dispatcher) = dispatcher
            && let Err(error) = dispatcher.await
        {
            tracing::error!(%error, "the task that hands writes out has ended badly");
        }
    }
}

struct Dispatcher {
    shared: Arc<Shared>,
    writers: usize,
    batch_calls: usize,
}

impl Dispatcher {
    /// Works until nobody can send calls any more and none is waiting.
    async fn run(self, mut waiting: mpsc::Receiver<Job>) {
        let permits = Arc::new(Semaphore::new(self.writers));
        while let Some(first) = waiting.recv().await {
            // While all writers are busy, the batch for the next one grows.
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
            let mut jobs = vec![first];
            let mut weight = jobs.iter().map(Job::weight).sum::<usize>();
            while jobs.len() < self.batch_calls
                && weight < batch::MAX_WEIGHT
                && let Ok(next) = waiting.try_recv()
            {
                weight += next.weight();
                jobs.push(next);
            }
            let shared = Arc::clone(&self.shared);
            tokio::spawn(async move {
                batch::run(&shared, jobs).await;
                drop(permit);
            });
        }
        let all = u32::try_from(self.writers).unwrap_or(u32::MAX);
        let _ = permits.acquire_many(all).await; // until the last ones are done
    }
}

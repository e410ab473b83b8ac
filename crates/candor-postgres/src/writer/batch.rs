use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use candor_store::{Result, StoreError, WorkingSet};

use super::connections::Connections;
use super::job::{Come, Job, Needs};
use super::load::Loaded;
use super::months::RecentMonths;
use super::save;
use crate::error::{BACKEND, During, is_conflict};
use crate::partitions::Partitions;

/// Jobs beyond so many rows wait for the next batch.
pub(super) const MAX_WEIGHT: usize = 2000;
/// How often a batch is tried while other transactions are in the way.
const ATTEMPTS: usize = 8;

/// What batches of a lane have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) connections: Connections,
    pub(super) partitions: Arc<Partitions>,
    pub(super) recent: RecentMonths,
}

/// Does jobs in one transaction and answers them; one by one when some of them cannot be done.
pub(super) async fn run(shared: &Shared, mut jobs: Vec<Job>) {
    let mut attempts = 1..=ATTEMPTS;
    let error = loop {
        match attempt(shared, &mut jobs).await {
            Ok(()) => return jobs.into_iter().for_each(|job| job.answer(None)),
            Err(error) if is_conflict(&error) && attempts.next().is_some() => {
                tokio::time::sleep(Duration::from_millis(fastrand::u64(1..30))).await;
            }
            Err(error) => break error,
        }
    };
    if jobs.len() > 1 && !error.is_retryable() {
        for job in jobs {
            Box::pin(run(shared, vec![job])).await;
        }
        return;
    }
    tracing::error!(batch.len = jobs.len(), error = &error as &dyn std::error::Error, "writes were lost");
    if jobs.len() == 1 {
        return jobs.into_iter().zip([error]).for_each(|(job, error)| job.answer(Some(error)));
    }
    let error = Arc::new(error);
    let lost = || StoreError::Unavailable { backend: BACKEND, source: Box::new(Arc::clone(&error)) };
    jobs.into_iter().for_each(|job| job.answer(Some(lost())));
}

async fn attempt(shared: &Shared, jobs: &mut [Job]) -> Result<()> {
    const OPERATION: &str = "write";
    let Shared { connections, partitions, recent } = shared;
    let mut needs = Needs::default();
    jobs.iter().for_each(|job| job.add_needs(&mut needs));
    partitions.ensure(&connections.pool, needs.months.iter().copied()).await?;

    let mut connection = connections.take().await?;
    let mut loaded = Loaded::default();
    let (mut transaction, found) = loaded.begin(&mut connection, &needs).await?;
    loaded.load(&mut transaction, &needs, found, recent).await?;
    let (set, come) = loop {
        let (set, come) = apply(jobs, &loaded);
        let Some(landed) = &come.landed else { break (set, come) };
        // Whoever waits for what has landed is attached when all is done once more.
        match loaded.load_waiting(&mut transaction, landed).await? {
            Some(more) => loaded.load_more(&mut transaction, &more, recent).await?,
            None => break (set, come),
        }
    };
    save::save(&mut transaction, &loaded, &set, &come.spans).await?;
    transaction.commit().await.during(OPERATION)?;
    connections.put_back(connection);
    Ok(())
}

fn apply(jobs: &mut [Job], loaded: &Loaded) -> (WorkingSet, Come) {
    let mut set = loaded.working_set();
    let mut come = Come { landed: loaded.some_wait.then(HashSet::new), ..Come::default() };
    jobs.iter_mut().for_each(|job| job.apply(&mut set, &mut come));
    (set, come)
}

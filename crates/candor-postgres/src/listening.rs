//! Being told of new feedback, by whichever process it came.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use candor_store::Result;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::arrivals::{CHANNEL, LAST};
use crate::error::closed;

/// How long to wait before the next attempt to connect.
const PAUSE: Duration = Duration::from_secs(1);

/// A connection that listens, from when somebody first asks.
#[derive(Debug)]
pub(crate) struct Listening {
    pool: PgPool,
    task: Mutex<Option<(JoinHandle<()>, watch::Receiver<u64>)>>,
}

impl Listening {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool, task: Mutex::new(None) }
    }

    /// Returns once feedback of a higher number has come.
    pub(crate) async fn arrived(&self, after: u64) -> Result<()> {
        let mut latest = {
            let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
            let (_, latest) = task.get_or_insert_with(|| start(self.pool.clone()));
            latest.clone()
        };
        latest.wait_for(|latest| *latest > after).await.map(drop).map_err(|_| closed())
    }

    /// Gives the connection back.
    pub(crate) fn stop(&self) {
        if let Some((task, _)) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop();
    }
}

fn start(pool: PgPool) -> (JoinHandle<()>, watch::Receiver<u64>) {
    let (sender, receiver) = watch::channel(0);
    let task = tokio::spawn(async move {
        while !pool.is_closed() {
            if let Err(error) = listen(&pool, &sender).await {
                tracing::warn!(%error, "cannot listen for new feedback");
            }
            tokio::time::sleep(PAUSE).await;
        }
    });
    (task, receiver)
}

/// Passes numbers on until the connection fails for good.
async fn listen(pool: &PgPool, latest: &watch::Sender<u64>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        // What came before the listening began, or while it was interrupted, nobody tells.
        let last: i64 = sqlx::query_scalar(LAST).fetch_one(pool).await?;
        raise(latest, last.cast_unsigned());
        while let Some(notification) = listener.try_recv().await? {
            raise(latest, notification.payload().parse().unwrap_or_default());
        }
    }
}

fn raise(latest: &watch::Sender<u64>, number: u64) {
    latest.send_if_modified(|latest| {
        let is_new = number > *latest;
        *latest = number.max(*latest);
        is_new
    });
}

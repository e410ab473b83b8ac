use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use candor_model::{Assessment, AssessmentId, Experiment, ExperimentId, TimestampMs, Trace, TraceId, TraceInfo};
use candor_store::metrics::{MetricPoint, MetricsQuery};
use candor_store::target::Resolved;
use candor_store::{
    Arrivals, AssessmentUpdate, Capabilities, CommentQuery, ExperimentChange, ExperimentKey, ExperimentQuery,
    FeedbackStats, Gaps, Logged, Missing, NewAssessment, NewExperiment, Page, PendingFeedback, PendingQuery, Result,
    Segment, SegmentQuery, SeriesQuery, SpanBatch, StatsQuery, StoreError, TagChange, Target, TraceLink, TraceQuery,
    TraceSelection, TrackingStore, ValueCount,
};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgPool};

use crate::error::{BACKEND, During, closed};
use crate::listening::Listening;
use crate::partitions::Partitions;
use crate::report::{self, Report};
use crate::traces::{change, read};
use crate::writer::{Job, Work, Writer};
use crate::{
    ConnectError, PostgresOptions, arrivals, comments, experiments, metrics, pending, schema, search, stats, targets,
};

/// A tracking store in a PostgreSQL database, for as many processes as there are.
#[derive(Debug)]
pub struct PostgresStore {
    pool: PgPool,
    /// `None` in a store that only reads.
    writer: Option<Writer>,
    partitions: Arc<Partitions>,
    listening: Listening,
}

impl PostgresStore {
    /// Connects for reading and writing, and makes the schema or brings it up to date.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(options: PostgresOptions) -> Result<Self, ConnectError> {
        let pool = connect(&options, Role::Reader).await?;
        schema::migrate(&pool).await?;
        let partitions = Arc::new(Partitions::default());
        let writing = connect(&options, Role::Writer).await?;
        let writer = Some(Writer::start(&writing, &partitions, &options));
        Ok(Self { listening: Listening::new(pool.clone()), pool, writer, partitions })
    }

    /// Connects to a database that another process keeps up to date, for reading.
    ///
    /// # Errors
    /// [`ConnectError`], [`ConnectError::SchemaTooOld`] among others.
    pub async fn connect_read_only(options: PostgresOptions) -> Result<Self, ConnectError> {
        let pool = connect(&options, Role::Reader).await?;
        schema::check_readable(&pool).await?;
        Ok(Self { listening: Listening::new(pool.clone()), pool, writer: None, partitions: Arc::default() })
    }

    /// Inspects the database; reads all of it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] and [`StoreError::Backend`].
    pub async fn report(&self) -> Result<Report> {
        let report = report::of_database(&self.pool).await?;
        Ok(Report { queue_depth: self.queue_depth(), ..report })
    }

    /// The number of write calls that wait.
    pub fn queue_depth(&self) -> usize {
        self.writer.as_ref().map_or(0, Writer::queue_depth)
    }

    /// Makes the partitions of this month and the next, which should be done once a day.
    ///
    /// Without it they are made when the first trace of a month comes, which waits for it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] and [`StoreError::Backend`].
    pub async fn prepare_partitions(&self) -> Result<()> {
        self.partitions.ensure_present(&self.pool).await
    }

    /// Forgets the traces of all months that ended more than `age` ago, with all that hangs on them:
    /// drops their partitions, and their hours from the counts. Returns when what is left begins.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] and [`StoreError::Backend`].
    pub async fn retain(&self, age: Duration) -> Result<TimestampMs> {
        self.partitions.drop_older(&self.pool, age).await
    }

    async fn connection(&self) -> Result<PoolConnection<sqlx::Postgres>> {
        self.pool.acquire().await.during("connect")
    }

    fn writer(&self) -> Result<&Writer> {
        self.writer.as_ref().ok_or_else(closed)
    }
}

/// What connections are for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Reader,
    Writer,
}

/// After so long a connection may have broken without anybody noticing.
pub(crate) const IDLE: Duration = Duration::from_secs(1);

async fn connect(options: &PostgresOptions, role: Role) -> Result<PgPool, ConnectError> {
    let mut connect: PgConnectOptions = options.url.parse().map_err(ConnectError::Url)?;
    connect = connect.application_name("candor").options([
        ("statement_timeout", options.statement_timeout.as_millis().to_string()),
        // Days and hours are counted here, and what stands in a database's settings must not matter.
        ("timezone", "UTC".to_owned()),
        // To start processes or to compile takes longer than nearly all of our statements.
        ("max_parallel_workers_per_gather", "0".to_owned()),
        ("jit", "off".to_owned()),
    ]);
    if role == Role::Writer {
        // Batches find all their rows by keys. The plans for that are known, also before the server knows
        // how long the tables are, and to make them anew would cost as much as the work itself.
        let plans = ["enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin"];
        connect = connect.options(plans.map(|setting| (setting, "off")));
        connect = connect.options([("plan_cache_mode", "force_generic_plan")]);
    }
    if !options.prepared_statements {
        connect = connect.statement_cache_capacity(0);
    }
    let writers = u32::try_from(options.writers.max(1)).unwrap_or(u32::MAX);
    let pool = PgPoolOptions::new()
        .max_connections(match role {
            // One more for verdicts, and one that makes partitions.
            Role::Writer => writers.saturating_add(2),
            Role::Reader => options.connections.saturating_sub(writers.saturating_add(2)).max(2),
        })
        .acquire_timeout(options.connect_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move { Ok(meta.idle_for < IDLE || connection.ping().await.is_ok()) })
        })
        .connect_with(connect);
    pool.await.map_err(ConnectError::Connect)
}

#[async_trait]
impl TrackingStore for PostgresStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities { backend: BACKEND, durable: true, holds_feedback: true, gaps: Gaps::default() }
    }

    async fn create_experiment(&self, new: NewExperiment) -> Result<ExperimentId> {
        self.writer()?;
        experiments::create(&self.pool, &new).await
    }

    async fn get_experiment(&self, key: &ExperimentKey) -> Result<Option<Experiment>> {
        experiments::get(&mut *self.connection().await?, key).await
    }

    async fn search_experiments(&self, query: &ExperimentQuery) -> Result<Page<Experiment>> {
        experiments::search(&mut *self.connection().await?, query).await
    }

    async fn update_experiment(&self, id: ExperimentId, change: ExperimentChange, at: TimestampMs) -> Result<()> {
        self.writer()?;
        experiments::update(&self.pool, id, change, at).await
    }

    async fn start_traces(&self, infos: Vec<TraceInfo>) -> Result<Vec<Result<TraceInfo>>> {
        self.writer()?.call(|reply| Job::Start(Work::new(infos, reply))).await
    }

    async fn log_spans(&self, batch: SpanBatch) -> Result<()> {
        self.writer()?.call(|reply| Job::Spans(Work::new(batch, reply))).await
    }

    async fn get_traces(&self, ids: &[TraceId], with_spans: bool) -> Result<Vec<Trace>> {
        read::get(&mut *self.connection().await?, ids, with_spans).await
    }

    async fn search_traces(&self, query: &TraceQuery) -> Result<Page<TraceInfo>> {
        search::traces(&mut *self.connection().await?, query).await
    }

    async fn update_trace_tag(&self, id: TraceId, change: TagChange) -> Result<()> {
        self.writer()?;
        change::tag(&self.pool, id, change).await
    }

    async fn delete_traces(&self, experiment: ExperimentId, selection: TraceSelection) -> Result<u64> {
        self.writer()?;
        change::delete(&self.pool, experiment, &selection).await
    }

    async fn link_traces(&self, ids: &[TraceId], link: TraceLink) -> Result<()> {
        self.writer()?;
        change::link(&self.pool, ids, &link).await
    }

    async fn resolve_target(&self, target: &Target) -> Result<Option<Resolved>> {
        targets::resolve(&mut *self.connection().await?, target).await
    }

    async fn log_assessments(&self, items: Vec<NewAssessment>) -> Result<Vec<Result<Logged>>> {
        self.writer()?.call(|reply| Job::Log(Work::new(items, reply))).await
    }

    async fn update_assessment(
        &self,
        trace: TraceId,
        id: AssessmentId,
        update: AssessmentUpdate,
        at: TimestampMs,
    ) -> Result<Assessment> {
        self.writer()?.call(|reply| Job::Update(Box::new(Work::new((trace, id, update, at), reply)))).await
    }

    async fn delete_assessment(&self, trace: TraceId, id: AssessmentId) -> Result<bool> {
        self.writer()?.call(|reply| Job::Delete(Work::new((trace, id), reply))).await
    }

    async fn pending_feedback(&self, query: &PendingQuery) -> Result<Page<PendingFeedback>> {
        pending::page(&mut *self.connection().await?, query).await
    }

    async fn get_assessment(&self, trace: TraceId, id: AssessmentId) -> Result<Assessment> {
        let mut found = read::outlines(&mut *self.connection().await?, &[trace]).await?;
        let info = found.remove(&trace).ok_or(StoreError::NotFound(Missing::Trace(trace)))?;
        let assessment = info.assessments.into_iter().find(|assessment| assessment.id == id);
        assessment.ok_or(StoreError::NotFound(Missing::Assessment { id, trace }))
    }

    async fn feedback_stats(&self, query: &StatsQuery) -> Result<FeedbackStats> {
        stats::count(&mut *self.connection().await?, query).await
    }

    async fn feedback_series(&self, query: &SeriesQuery) -> Result<Vec<FeedbackStats>> {
        stats::series(&mut *self.connection().await?, query).await
    }

    async fn feedback_values(&self, query: &StatsQuery) -> Result<Vec<ValueCount>> {
        stats::values(&mut *self.connection().await?, query).await
    }

    async fn feedback_segments(&self, query: &SegmentQuery) -> Result<Vec<Segment>> {
        stats::segments(&mut *self.connection().await?, query).await
    }

    async fn feedback_comments(&self, query: &CommentQuery) -> Result<Page<Assessment>> {
        comments::page(&mut *self.connection().await?, query).await
    }

    async fn feedback_since(&self, after: Option<u64>, max: usize) -> Result<Arrivals> {
        arrivals::since(&mut *self.connection().await?, after, max).await
    }

    async fn feedback_arrived(&self, after: u64) -> Result<()> {
        self.listening.arrived(after).await
    }

    async fn trace_metrics(&self, query: &MetricsQuery) -> Result<Vec<MetricPoint>> {
        metrics::measure(&mut *self.connection().await?, query).await
    }

    async fn close(&self) -> Result<()> {
        self.listening.stop();
        if let Some(writer) = &self.writer {
            writer.finish().await;
        }
        self.pool.close().await;
        Ok(())
    }
}
